package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// output is how a command answers: in words and tables for people, or in JSON.
// The members of the JSON are promised: none is renamed or taken away.
type output struct {
	JSON bool `name:"json" help:"Answer in JSON, for scripts."`
}

// print answers with the value, or in the words that people get.
func (o output) print(p *process, value any, words func(w io.Writer) error) error {
	if !o.JSON {
		return words(p.stdout)
	}
	encoder := json.NewEncoder(p.stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// sentence is for commands that say one thing.
func sentence(format string, args ...any) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := fmt.Fprintf(w, format+"\n", args...)
		return err
	}
}

// counted is a number and a noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// table aligns rows of cells under their heads.
func table(heads string, rows [][]string) func(io.Writer) error {
	return func(w io.Writer) error {
		columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		if _, err := fmt.Fprintln(columns, strings.ReplaceAll(heads, " ", "\t")); err != nil {
			return err
		}
		for _, cells := range rows {
			for i := range cells {
				cells[i] = printable(cells[i])
			}
			if _, err := fmt.Fprintln(columns, strings.Join(cells, "\t")); err != nil {
				return err
			}
		}
		return columns.Flush()
	}
}

// printable shows what users wrote on an operator's terminal: a device that is
// named with control characters must not move the cursor, nor turn the rest of
// the line around.
func printable(s string) string {
	if s == "" {
		return "-"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// minute is an instant for people, to the minute.
func minute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// instant is one for scripts: as the API writes it, null where there is none.
func instant(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format("2006-01-02T15:04:05.000Z")
	return &s
}

// optional is null for what is not there.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
