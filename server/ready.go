package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"

	"gatehouse/config"
)

// Ready asks the server that runs with these settings whether requests should
// be sent to it, and names what fails where not. It is for a container's health
// check, which has no other program to ask with. An error means that nobody
// answered.
func Ready(ctx context.Context, cfg config.Config) (failed []string, err error) {
	address, err := reachable(cfg.Listen[0])
	if err != nil {
		return nil, fmt.Errorf("server: ask whether it is ready: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+pathReady, nil)
	if err != nil {
		return nil, fmt.Errorf("server: ask whether it is ready: %w", err)
	}
	// A transport of its own: settings for proxies are about the world outside.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("server: ask whether it is ready: %w", err)
	}
	var answer readyAnswer
	err = errors.Join(json.NewDecoder(response.Body).Decode(&answer), response.Body.Close())
	if err == nil && !answer.Ready && len(answer.Failed) == 0 {
		err = errors.New("something else answers there")
	}
	if err != nil {
		return nil, fmt.Errorf("server: ask whether it is ready: %w", err)
	}
	return answer.Failed, nil
}

// reachable is an address at which a server that listens on the given one can be
// reached from this machine: one that listens everywhere does so at home too.
func reachable(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port), nil
}
