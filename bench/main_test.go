package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// roleVariable makes this test binary one of the servers that Gatehouse is
// compared with, in a process of its own so that its processor time is its own.
const roleVariable = "BENCH_ROLE"

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if role := os.Getenv(roleVariable); role != "" {
		if err := play(role); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	defer func() {
		if program.dir != "" {
			_ = os.RemoveAll(program.dir)
		}
	}()
	return m.Run()
}

// program is Gatehouse itself, built by whoever first needs it.
var program struct {
	once sync.Once
	dir  string
	err  error
}

// build gives the path of the program: as it is built by make, and without
// symbols. Both are copied, as what is installed is: of a file that was written
// at once, as linkers do, the kernel maps larger pieces at a time, and ten
// megabytes more of it are resident.
func build(b *testing.B) (whole, stripped string) {
	b.Helper()
	program.once.Do(func() {
		if program.dir, program.err = os.MkdirTemp("", "gatehouse-bench-"); program.err != nil {
			return
		}
		for name, flags := range map[string]string{"gatehouse": "", "stripped": "-s -w"} {
			out, err := exec.Command("go", "build", "-trimpath", "-ldflags", flags,
				"-o", filepath.Join(program.dir, name+".linked"), "gatehouse/cmd/gatehouse").CombinedOutput()
			if err != nil {
				program.err = fmt.Errorf("build: %w: %s", err, out)
				return
			}
			out, err = exec.Command("cp", filepath.Join(program.dir, name+".linked"), filepath.Join(program.dir, name)).CombinedOutput()
			if err != nil {
				program.err = fmt.Errorf("install: %w: %s", err, out)
				return
			}
		}
	})
	if program.err != nil {
		b.Fatal(program.err)
	}
	return filepath.Join(program.dir, "gatehouse"), filepath.Join(program.dir, "stripped")
}
