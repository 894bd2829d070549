package bench

import (
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"
)

const (
	starts    = 9
	idleAfter = 2 * time.Second
)

// measureFootprint is about what an operator has to have for it.
func measureFootprint(b *testing.B, s *sheet) {
	s.begin("What does it want of a machine?")
	_, stripped := build(b)
	file, err := os.Stat(stripped)
	if err != nil {
		b.Fatal(err)
	}
	s.add("the program, stripped", "< 40 MB", "%.1f MB", float64(file.Size())/1e6)
	for _, k := range bothKinds(b) {
		measureStart(b, s, k.name, k.fresh())
	}
}

func measureStart(b *testing.B, s *sheet, name, database string) {
	environ := serving(b, database, wideLimits()...)
	address := func(i int) string { return fmt.Sprintf("crowd-%d@example.org", i) }
	populate(b, environ, crowd, address)
	var ready, used []time.Duration
	var p *process
	for range starts {
		if p != nil {
			p.end()
		}
		p = startGatehouse(b, environ)
		ready = append(ready, p.began)
		used = append(used, p.cpu(b))
		response, err := http.Get(p.url + "/readyz")
		if err != nil {
			b.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			b.Fatalf("it listens and is not ready: %d", response.StatusCode)
		}
	}
	s.add("start to ready, "+name, "< 0.3 s", "%.3f s, median of %d; processor time %.2f s", quantile(ready, 0.5).Seconds(), starts, quantile(used, 0.5).Seconds())
	time.Sleep(idleAfter)
	s.add("resident, idle, "+name, "< 40 MiB", "%.1f MiB", mib(statusOf(p.pid, "VmRSS")))

	guest := newClient(b, p.url, crowd)
	var working sync.WaitGroup
	for i := range crowd {
		working.Go(func() {
			// One that is shed comes again, as a client would.
			for {
				a, err := guest.ask(login(address(i), password))
				if err != nil {
					b.Error(err)
					return
				}
				if a.code() != "OVERLOADED" {
					if a.code() != "" {
						b.Error(a.code())
					}
					return
				}
			}
		})
	}
	working.Wait()
	s.add(fmt.Sprintf("resident at most, %d sign-ins at once, %s", crowd, name), "< 128 MiB", "%.1f MiB", mib(statusOf(p.pid, "VmHWM")))
}
