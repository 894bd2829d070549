package auth

import (
	_ "unsafe" // for go:linkname

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/blake2b"
)

// Each call of argon2.IDKey makes an array of its own, 19 MiB by default, and
// leaves it to be collected. A few sign-ins so hold several times what they are
// working with, and asking the kernel for memory again and again costs a good
// part of what hashing does. The package has no way to hand it an array, so the
// steps that IDKey is made of are called here one by one. They are its own: no
// part of the algorithm is ours. Another version of the package must be met with
// care: where a step is not there any more, nothing links, and where one takes
// something else, the tests that compare the outcome with IDKey's fail.

// A block is one of those that argon2id fills (RFC 9106 section 3.2).
type block [128]uint64

const (
	modeArgon2id = 2 // RFC 9106 section 3.1, the type y
	// syncPoints are the slices of a lane (RFC 9106 section 3.2, SL).
	syncPoints = 4
)

//go:linkname initHash golang.org/x/crypto/argon2.initHash
func initHash(password, salt, key, data []byte, passes, memoryKiB, lanes, length uint32, mode int) [blake2b.Size + 8]byte

//go:linkname initBlocks golang.org/x/crypto/argon2.initBlocks
func initBlocks(h0 *[blake2b.Size + 8]byte, blocks, lanes uint32) []block

//go:linkname processBlocks golang.org/x/crypto/argon2.processBlocks
func processBlocks(array []block, passes, blocks, lanes uint32, mode int)

//go:linkname extractKey golang.org/x/crypto/argon2.extractKey
func extractKey(array []block, blocks, lanes, length uint32) []byte

// A derivation is what [argon2.IDKey] is.
type derivation func(password, salt []byte, passes, memoryKiB uint32, lanes uint8, length uint32) []byte

// reusing is argon2.IDKey for hashes of which many take so much memory, and so many
// are at it at once: their arrays are kept, and used again. What takes more or
// less, as a hash of former settings does, is left to IDKey.
func reusing(memoryKiB uint32, slots int) derivation {
	// No [sync.Pool]: it would keep one for each of the runtime's processors.
	kept := make(chan []block, slots)
	return func(password, salt []byte, passes, asked uint32, lanes uint8, length uint32) []byte {
		if asked != memoryKiB {
			return argon2.IDKey(password, salt, passes, asked, lanes, length)
		}
		var array []block
		select {
		case array = <-kept:
		default:
			array = newArray(memoryKiB)
		}
		key := deriveIn(array, password, salt, passes, uint32(lanes), length)
		select {
		case kept <- array:
		default:
		}
		return key
	}
}

func newArray(memoryKiB uint32) []block {
	array := make([]block, memoryKiB)
	onLargePages(array)
	return array
}

// deriveIn is argon2.IDKey with an array of as many blocks as it may take KiB. It
// wants it to be all zeros, and leaves it so: the next one needs that, and nothing
// that a password went into stays.
func deriveIn(array []block, password, salt []byte, passes, lanes, length uint32) []byte {
	defer clear(array)
	h0 := initHash(password, salt, nil, nil, passes, uint32(len(array)), lanes, length, modeArgon2id)
	slice := uint32(len(array)) / (syncPoints * lanes)
	blocks := slice * syncPoints * lanes
	// The first two of each lane come of the hash alone, wherever they lie.
	first := initBlocks(&h0, 2*lanes, lanes)
	for lane := range lanes {
		copy(array[lane*syncPoints*slice:], first[2*lane:2*lane+2])
	}
	clear(first[:2*lanes])
	processBlocks(array[:blocks], passes, blocks, lanes, modeArgon2id)
	return extractKey(array, blocks, lanes, length)
}
