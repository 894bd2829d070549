package auth

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// TestTheArrayOfAHashIsToLieOnLargePages looks at the flag "hg" (proc(5)) of the
// memory in which the array lies. Whether there are large pages just then is up to
// the kernel, and one that has none knows no such flag.
func TestTheArrayOfAHashIsToLieOnLargePages(t *testing.T) {
	t.Parallel()
	const memoryKiB = 19 << 10
	array := newArray(memoryKiB)
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); errors.Is(err, fs.ErrNotExist) {
		return
	}
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	middle := uintptr(unsafe.Pointer(&array[memoryKiB/2]))
	inside := false
	for line := range strings.Lines(string(text)) {
		var from, to uintptr
		if n, _ := fmt.Sscanf(line, "%x-%x ", &from, &to); n == 2 {
			inside = from <= middle && middle < to
		}
		if flags, ok := strings.CutPrefix(line, "VmFlags:"); ok && inside {
			if !strings.Contains(flags, " hg") {
				t.Errorf("the flags are %s", flags)
			}
			return
		}
	}
	t.Error("the array lies nowhere")
}

func TestWholePagesAreAllThatLieInAnArray(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		address := uintptr(rapid.Uint64Range(1, 1<<46).Draw(t, "address"))
		length := uintptr(rapid.Uint64Range(0, 10*largePage).Draw(t, "length"))
		from, to := wholePages(address, length)
		if from >= to {
			if first := (address + largePage - 1) / largePage * largePage; first+largePage <= address+length {
				t.Fatalf("the page at %x is left out", first)
			}
			return
		}
		if (address+from)%largePage != 0 || (address+to)%largePage != 0 {
			t.Fatalf("%x to %x are no whole pages", address+from, address+to)
		}
		if from >= largePage || to > length || length-to >= largePage {
			t.Fatalf("%x to %x of %x", from, to, length)
		}
	})
}
