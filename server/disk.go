package server

import "syscall"

// freeBytes is how much may still be written below a directory; false where that
// can't be told.
func freeBytes(dir string) (free uint64, known bool) {
	var about syscall.Statfs_t
	if err := syscall.Statfs(dir, &about); err != nil {
		return 0, false
	}
	return about.Bavail * uint64(about.Bsize), true
}
