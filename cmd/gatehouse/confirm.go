package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
)

// confirmation is for commands without a way back.
type confirmation struct {
	Yes bool `short:"y" help:"Do it without asking."`
}

// ask asks whether it is to be done, and fails where the answer is not yes. Where
// nobody sits at a terminal it fails at once: a script must not wait for an
// answer, and must say --yes by itself.
//
// A signal ends the waiting: whoever presses Ctrl-C here means no.
func (c confirmation) ask(ctx context.Context, p *process, question string) error {
	if c.Yes {
		return nil
	}
	if !p.terminal {
		return misuse{errors.New("there is no way back from this: say --yes")}
	}
	if _, err := fmt.Fprintf(p.stderr, "%s There is no way back. Type yes to go on: ", question); err != nil {
		return err
	}
	said := make(chan bool, 1)
	go func() {
		// What is not read to its line's end is no answer.
		answer, err := bufio.NewReader(p.stdin).ReadString('\n')
		said <- err == nil && strings.TrimSpace(answer) == "yes"
	}()
	select {
	case <-ctx.Done():
	case yes := <-said:
		if yes {
			return nil
		}
	}
	return misuse{errors.New("nothing was done")}
}
