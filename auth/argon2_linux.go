package auth

import (
	"syscall"
	"unsafe"
)

// largePage is how long a large page is, in bytes, and what its address is a
// multiple of. Where the kernel has longer ones it takes of the range what fits.
const largePage = 2 << 20

// onLargePages asks the kernel to put the array on large pages, before anything is
// written to it. Filling it leaps from block to block, all over 19 MiB; on pages of
// 4 KiB the processor has to look up where most of them lie, which takes some seven
// hundredths of a hash. Many distributions leave it to the program to ask. A kernel
// that has none is as good as before.
func onLargePages(array []block) {
	if len(array) == 0 {
		return
	}
	start := unsafe.Pointer(&array[0])                                             //nolint:gosec // for its address
	bytes := unsafe.Slice((*byte)(start), len(array)*int(unsafe.Sizeof(array[0]))) //nolint:gosec // the array, for a call that takes bytes
	from, to := wholePages(uintptr(start), uintptr(len(bytes)))
	if from < to {
		_ = syscall.Madvise(bytes[from:to], syscall.MADV_HUGEPAGE)
	}
}

// wholePages are the large pages that lie in so many bytes from an address on, as
// offsets from it.
func wholePages(address, length uintptr) (from, to uintptr) {
	from = -address % largePage
	if from >= length {
		return 0, 0
	}
	return from, length - (address+length)%largePage
}
