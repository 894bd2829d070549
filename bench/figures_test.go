package bench

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"text/tabwriter"
)

// record is the page into which the figures go as well.
var record = flag.String("record", "", "write the figures into this page, between its two markers")

// BenchmarkFigures takes all figures, each once: -benchtime 1x. What a part
// found is printed when it is done, and all together at the end.
func BenchmarkFigures(b *testing.B) {
	s := &sheet{}
	defer s.finish(b)
	b.Run("timing", func(b *testing.B) { measureTiming(b, s) })
	b.Run("documents", func(b *testing.B) { measureDocuments(b, s) })
	b.Run("throughput", func(b *testing.B) { measureThroughput(b, s) })
	b.Run("ratios", func(b *testing.B) { measureRatios(b, s) })
	b.Run("footprint", func(b *testing.B) { measureFootprint(b, s) })
	b.Run("hashing", func(b *testing.B) { measureHashing(b, s) })
	b.Run("revocation", func(b *testing.B) { measureRevocation(b, s) })
	b.Run("overload", func(b *testing.B) { measureOverload(b, s) })
}

// A sheet collects figures.
type sheet struct {
	sections []section
}

type section struct {
	title string
	rows  []row
}

// A row is one figure, and what the design wants of it, "" where nothing.
type row struct{ name, value, wanted string }

// begin starts a section.
func (s *sheet) begin(title string) { s.sections = append(s.sections, section{title: title}) }

// add writes a figure into the last section.
func (s *sheet) add(name, wanted, format string, args ...any) {
	last := &s.sections[len(s.sections)-1]
	last.rows = append(last.rows, row{name, fmt.Sprintf(format, args...), wanted})
}

// finish prints the figures, and records them where that is wanted and none
// failed.
func (s *sheet) finish(b *testing.B) {
	s.print(os.Stdout)
	if *record == "" || b.Failed() {
		return
	}
	page, err := os.ReadFile(*record)
	if err != nil {
		b.Fatal(err)
	}
	const begin, end = "<!-- figures -->\n", "<!-- /figures -->\n"
	before, rest, begun := strings.Cut(string(page), begin)
	_, after, ended := strings.Cut(rest, end)
	if !begun || !ended {
		b.Fatalf("%s wants the lines %s and %s", *record, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	var table strings.Builder
	s.print(&table)
	text := before + begin + "\n```\n" + strings.TrimSpace(table.String()) + "\n```\n\n" + end + after
	if err := os.WriteFile(*record, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
}

// load is how busy the machine is, as the kernel says: over 1, 5, 15 minutes.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], ", ")
}

func (s *sheet) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s, %d cores, load averages %s\n", runtime.Version(), runtime.NumCPU(), load())
	for _, section := range s.sections {
		fmt.Fprintf(w, "\n%s\n", section.title)
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, r := range section.rows {
			wanted := ""
			if r.wanted != "" {
				wanted = "(design: " + r.wanted + ")"
			}
			fmt.Fprintf(table, "  %s\t%s\t%s\n", r.name, r.value, wanted)
		}
		_ = table.Flush() // as little as any print to a terminal
	}
	fmt.Fprintln(w)
}
