package store

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// lockInterval is how often a taken lock is asked for again.
const lockInterval = 20 * time.Millisecond

// lockDirectory waits until no other process, and no other part of this one,
// holds the directory, and holds it until the answer is closed or the process
// dies. The directory stands for the database within: a file beside it would
// have to be left behind, and opening and closing the database's own file would
// drop the locks that SQLite holds on it, as POSIX has it.
func lockDirectory(ctx context.Context, dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	again := time.NewTicker(lockInterval)
	defer again.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(err, f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-again.C:
		}
	}
}
