package auth

import (
	"bytes"
	"runtime"
	"testing"

	"golang.org/x/crypto/argon2"
	"pgregory.net/rapid"
)

func TestAnArrayThatIsUsedAgainDerivesWhatIDKeyDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lanes := rapid.Uint8Range(1, 5).Draw(t, "lanes")
		memory := rapid.Uint32Range(8*uint32(lanes), 150).Draw(t, "memory")
		derive := reusing(memory, 1)
		for range 3 {
			password := rapid.SliceOfN(rapid.Byte(), 0, 80).Draw(t, "password")
			salt := rapid.SliceOfN(rapid.Byte(), 8, 64).Draw(t, "salt")
			passes := rapid.Uint32Range(1, 3).Draw(t, "passes")
			length := rapid.Uint32Range(minStored, maxStored+40).Draw(t, "length")
			asked := rapid.SampledFrom([]uint32{memory, memory, memory + 8}).Draw(t, "asked")
			want := argon2.IDKey(password, salt, passes, asked, lanes, length)
			if got := derive(password, salt, passes, asked, lanes, length); !bytes.Equal(got, want) {
				t.Fatalf("%x, where IDKey gives %x", got, want)
			}
		}
	})
}

func TestTheDefaultParametersDeriveWhatIDKeyDoes(t *testing.T) {
	t.Parallel()
	p := DefaultHashParameters()
	derive, salt := reusing(p.MemoryKiB, 1), bytes.Repeat([]byte{7}, saltLength)
	for _, password := range []string{"seven bright lanterns", "", "seven bright lanterns"} {
		want := argon2.IDKey([]byte(password), salt, p.Passes, p.MemoryKiB, p.Lanes, tagLength)
		if got := derive([]byte(password), salt, p.Passes, p.MemoryKiB, p.Lanes, tagLength); !bytes.Equal(got, want) {
			t.Fatalf("%x, where IDKey gives %x", got, want)
		}
	}
}

func TestAHashLeavesNothingInItsArray(t *testing.T) {
	t.Parallel()
	array := make([]block, 70)
	if len(deriveIn(array, []byte("password"), make([]byte, saltLength), 2, 3, tagLength)) != tagLength {
		t.Fatal("nothing was derived")
	}
	for i, b := range array {
		if b != (block{}) {
			t.Fatalf("block %d is left as it was", i)
		}
	}
}

// TestOneHashAfterTheOtherTakesOneArray is not parallel, so that nobody else
// allocates.
func TestOneHashAfterTheOtherTakesOneArray(t *testing.T) {
	const memory, hashes = 8 << 10, 20
	h := newTestHasher(t, HashParameters{MemoryKiB: memory, Passes: 1, Lanes: 1}, 1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range hashes {
		mustHash(t, h, "correct horse")
	}
	runtime.ReadMemStats(&after)
	if took := (after.TotalAlloc - before.TotalAlloc) >> 10; took > 2*memory {
		t.Errorf("%d hashes of %d KiB took %d KiB", hashes, memory, took)
	}
}
