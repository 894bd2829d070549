package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// rounds is how often contenders take turns.
const rounds = 21

// A contender is one of several servers that are asked for the same.
type contender struct {
	*process
	// ask asks once, over the connections of one worker of several.
	ask func(worker int) error
}

// A performance is what a contender showed.
type performance struct {
	cpu      []time.Duration // of one request, round by round
	took     []time.Duration // each request
	done     int
	wall     time.Duration
	resident int64 // bytes, afterwards
}

func (p performance) perSecond() float64 { return float64(p.done) / p.wall.Seconds() }

// cost is the median of the rounds.
func (p performance) cost() time.Duration { return quantile(p.cpu, 0.5) }

// over is the median over the rounds of how many times the other's cost this
// one's is.
func (p performance) over(other performance) float64 {
	ratios := make([]float64, len(p.cpu))
	for i := range p.cpu {
		ratios[i] = float64(p.cpu[i]) / float64(other.cpu[i])
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

// contest has the contenders work in turns, so that what else the machine does
// falls on all of them alike. What is compared is processor time, which others
// disturb less than the clock on the wall.
func contest(b *testing.B, workers int, turn time.Duration, contenders ...contender) []performance {
	b.Helper()
	shown := make([]performance, len(contenders))
	for _, c := range contenders {
		work(b, workers, turn/2, c) // connections, statements and documents are prepared
	}
	for range rounds {
		for i, c := range contenders {
			before, began := c.cpu(b), time.Now()
			took := work(b, workers, turn, c)
			shown[i].wall += time.Since(began)
			shown[i].cpu = append(shown[i].cpu, (c.cpu(b)-before)/time.Duration(len(took)))
			shown[i].took = append(shown[i].took, took...)
			shown[i].done += len(took)
		}
	}
	for i, c := range contenders {
		shown[i].resident = statusOf(c.pid, "VmRSS")
	}
	return shown
}

// work asks for a while with so many workers, and tells how long each request
// took.
func work(b *testing.B, workers int, turn time.Duration, c contender) []time.Duration {
	b.Helper()
	var mu sync.Mutex
	var all []time.Duration
	var failure error
	var working sync.WaitGroup
	began := time.Now()
	for i := range workers {
		working.Go(func() {
			var took []time.Duration
			var err error
			for err == nil && time.Since(began) < turn {
				at := time.Now()
				err = c.ask(i)
				took = append(took, time.Since(at))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			failure = errors.Join(failure, err)
		})
	}
	working.Wait()
	if failure != nil {
		b.Fatal(failure)
	}
	return all
}

// post sends a request and wants 200 and no errors.
func (c *client) post(r *http.Request) ([]byte, error) {
	response, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && (response.StatusCode != http.StatusOK || bytes.Contains(body, []byte(`"errors"`))) {
		err = fmt.Errorf("status %d: %.200s", response.StatusCode, body)
	}
	return body, err
}
