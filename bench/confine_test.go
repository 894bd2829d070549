package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A confinement is a bound on the memory of a process: by a control group where
// one may be made, which counts what the kernel holds for it as well, and by the
// limit on data (setrlimit(2), RLIMIT_DATA) elsewhere.
type confinement struct {
	about  string
	script string // of sh: puts the shell there, and becomes "$0" "$@"
	peak   string // a file in which the kernel says how much was in use at most; "" where it does not
}

// confine makes one that is gone with the benchmark.
func confine(b *testing.B, bytes int) confinement {
	b.Helper()
	name := fmt.Sprintf("gatehouse-bench-%d", os.Getpid())
	for _, kind := range []struct{ about, root, limit, peak, swap string }{
		{"control group (version 2)", "/sys/fs/cgroup", "memory.max", "memory.peak", "memory.swap.max"},
		{"control group (version 1)", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes", ""},
	} {
		group := filepath.Join(kind.root, name)
		if err := os.Mkdir(group, 0o755); err != nil {
			continue
		}
		if err := tell(filepath.Join(group, kind.limit), strconv.Itoa(bytes)); err != nil {
			_ = os.Remove(group) // the controller is not there
			continue
		}
		if kind.swap != "" {
			_ = tell(filepath.Join(group, kind.swap), "0") // where swap is accounted for
		}
		b.Cleanup(func() { _ = os.Remove(group) }) // fails while a process is in it, which the next start does not mind
		return confinement{
			about:  kind.about,
			script: "echo $$ > " + filepath.Join(group, "cgroup.procs") + ` && exec "$0" "$@"`,
			peak:   filepath.Join(group, kind.peak),
		}
	}
	return confinement{about: "limit on data (ulimit -d)", script: fmt.Sprintf(`ulimit -d %d && exec "$0" "$@"`, bytes>>10)}
}

// tell writes into a file of the kernel's, and makes none.
func tell(file, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// most is how much was in use at most, in words.
func (c confinement) most() string {
	text, err := os.ReadFile(c.peak)
	n, parseErr := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || parseErr != nil {
		return "unknown"
	}
	return fmt.Sprintf("%.0f MiB", mib(int64(n)))
}
