package server

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

type clientAddressKey struct{}

// withClientAddress finds out where a request comes from: from the socket, or,
// where the socket's other end is one of the configured proxies, from what that
// proxy says.
func withClientAddress(trusted []netip.Prefix) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			address := resolveClient(trusted, r.RemoteAddr, r.Header.Values("X-Forwarded-For"))
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), clientAddressKey{}, address)))
		})
	}
}

// clientAddress is the zero Addr outside of a request.
func clientAddress(ctx context.Context) netip.Addr {
	address, _ := ctx.Value(clientAddressKey{}).(netip.Addr)
	return address
}

// resolveClient takes the right-most address that isn't a proxy of ours. Each
// proxy appends whom it heard from, so what stands further left was written by
// somebody unknown: read from the left, every guesser could name himself anew
// with each guess and escape the limits on attempts. A chain with a malformed
// entry on that way counts as its last proxy, which limits the misconfigured
// rather than letting anybody through.
func resolveClient(trusted []netip.Prefix, remote string, forwarded []string) netip.Addr {
	socket := socketAddress(remote)
	if !trusts(trusted, socket) {
		return socket
	}
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	client := socket
	for _, hop := range slices.Backward(hops) {
		address, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil || address.Zone() != "" {
			return socket
		}
		client = address.Unmap()
		if !trusts(trusted, client) {
			return client
		}
	}
	return client
}

// socketAddress is who holds the other end of a connection.
func socketAddress(remote string) netip.Addr {
	peer, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap().WithZone("")
}

func trusts(trusted []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(address) })
}
