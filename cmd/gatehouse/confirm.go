package main

import (
	"bufio"
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
func (c confirmation) ask(p *process, question string) error {
	if c.Yes {
		return nil
	}
	if !p.terminal {
		return misuse{errors.New("there is no way back from this: say --yes")}
	}
	if _, err := fmt.Fprintf(p.stderr, "%s There is no way back. Type yes to go on: ", question); err != nil {
		return err
	}
	// What is not read to its line's end is no answer.
	answer, err := bufio.NewReader(p.stdin).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != "yes" {
		return misuse{errors.New("nothing was done")}
	}
	return nil
}
