package bench

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"
	"text/tabwriter"
)

// BenchmarkFigures takes all figures, each once: -benchtime 1x. What a part
// found is printed when it is done, and all together at the end.
func BenchmarkFigures(b *testing.B) {
	s := &sheet{}
	defer s.print(os.Stdout)
	b.Run("timing", func(b *testing.B) { measureTiming(b, s) })
	b.Run("documents", func(b *testing.B) { measureDocuments(b, s) })
	b.Run("throughput", func(b *testing.B) { measureThroughput(b, s) })
	b.Run("ratios", func(b *testing.B) { measureRatios(b, s) })
	b.Run("footprint", func(b *testing.B) { measureFootprint(b, s) })
	b.Run("hashing", func(b *testing.B) { measureHashing(b, s) })
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

func (s *sheet) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s, %d cores\n", runtime.Version(), runtime.NumCPU())
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
