//go:build !linux

package auth

// onLargePages is for Linux alone, where the kernel wants to be asked.
func onLargePages([]block) {}
