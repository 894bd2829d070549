package config

import (
	"fmt"
	"io"
	"strings"
)

// A Setting is what an operator should know about one variable.
type Setting struct {
	Name    string // in full
	Type    string
	Default string // "" for none
	Meaning string // one or a few sentences; code stands in backquotes
	// Secret settings may also lie in a file, named by Name and _FILE.
	Secret bool
	// LoopbackOnly says which value stops the start where others can reach the
	// server; "" for none.
	LoopbackOnly string
}

// Settings lists every setting, from the rows by which Load reads them.
func Settings() []Setting {
	rows := table(&Config{})
	settings := make([]Setting, len(rows))
	for i, r := range rows {
		settings[i] = Setting{
			Name: prefix + r.name, Type: r.kind.label, Default: r.preset + r.derived,
			Meaning: r.meaning, Secret: r.secret, LoopbackOnly: r.loopback,
		}
	}
	return settings
}

// about is the meaning with what the flags of the setting add to it.
func (s Setting) about() string {
	about := s.Meaning
	if s.LoopbackOnly != "" {
		about += " For loopback only: " + s.LoopbackOnly + "."
	}
	if s.Secret {
		about += " May lie in a file that `" + s.Name + fileSuffix + "` names."
	}
	return about
}

// WriteText writes the list for a terminal.
func WriteText(w io.Writer) error {
	var b strings.Builder
	for i, s := range Settings() {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s\n    %s", s.Name, s.Type)
		if s.Default != "" {
			fmt.Fprintf(&b, "; default %s", s.Default)
		}
		b.WriteString("\n")
		for _, line := range wrap(strings.ReplaceAll(s.about(), "`", ""), 76) {
			fmt.Fprintf(&b, "    %s\n", line)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// wrap breaks text into lines of at most width bytes, where its words allow it.
func wrap(text string, width int) []string {
	var lines []string
	for word := range strings.FieldsSeq(text) {
		if n := len(lines); n > 0 && len(lines[n-1])+1+len(word) <= width {
			lines[n-1] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}

// WriteMarkdown writes the list as the table of the README.
func WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| Setting | Type | Default | Meaning |\n|---|---|---|---|\n")
	for _, s := range Settings() {
		cells := []string{"`" + s.Name + "`", s.Type, s.Default, s.about()}
		for i, cell := range cells {
			cells[i] = strings.ReplaceAll(cell, "|", `\|`)
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
