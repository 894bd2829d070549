package auth

import (
	"testing"

	"pgregory.net/rapid"
)

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
