package storetest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
)

// A Gate is a way to a cluster that can be shut: what is on it then is cut, and
// who comes is turned away.
type Gate struct {
	cluster  *Cluster
	listener net.Listener

	mu    sync.Mutex
	shut  bool
	conns map[net.Conn]bool
	done  sync.WaitGroup
}

// OpenGate makes one. Close it before the cluster.
func (c *Cluster) OpenGate() (*Gate, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("storetest: open gate: %w", err)
	}
	g := &Gate{cluster: c, listener: l, conns: map[net.Conn]bool{}}
	g.done.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return // closed
			}
			g.done.Go(func() { g.pass(in) })
		}
	})
	return g, nil
}

// URL leads to a database of the cluster through the gate.
func (g *Gate) URL(direct string) string {
	return strings.Replace(direct, g.cluster.Address(), g.listener.Addr().String(), 1)
}

// Shut cuts every connection, and lets nobody through until Open.
func (g *Gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
	for conn := range g.conns {
		_ = conn.Close() // that it fails is what is wanted
	}
}

// Open lets everybody through again.
func (g *Gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = false
}

// Close shuts the gate for good.
func (g *Gate) Close() error {
	err := g.listener.Close()
	g.Shut()
	g.done.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (g *Gate) pass(in net.Conn) {
	defer func() { _ = in.Close() }()
	out, err := net.Dial("tcp", g.cluster.Address())
	if err != nil {
		return
	}
	defer func() { _ = out.Close() }()
	if !g.note(in, out) {
		return
	}
	defer g.forget(in, out)
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			_, _ = way[0].Close(), way[1].Close()
		})
	}
	both.Wait()
}

// note keeps who passes; false where nobody may.
func (g *Gate) note(conns ...net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return false
	}
	for _, conn := range conns {
		g.conns[conn] = true
	}
	return true
}

func (g *Gate) forget(conns ...net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, conn := range conns {
		delete(g.conns, conn)
	}
}
