package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// KeepSecret gives the secret that the file at path keeps. Where there is none
// yet, it is made by generate and kept, readable by its owner alone. Of several
// processes that start at once all get the same one. A file that others can
// read is refused: what was sealed under it may be open to them.
func KeepSecret(path string, generate func() (string, error)) (Secret, error) {
	secret, err := readKept(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	made, err := generate()
	if err != nil {
		return Secret{}, fmt.Errorf("config: make secret: %w", err)
	}
	if err := publish(path, made); err != nil && !errors.Is(err, fs.ErrExist) {
		return Secret{}, fmt.Errorf("config: keep secret: %w", err)
	}
	// Another process may have been first: what stands in the file counts.
	return readKept(path)
}

// PeekSecret gives the secret that the file at path keeps, and makes none: false
// where there is no such file.
func PeekSecret(path string) (Secret, bool, error) {
	secret, err := readKept(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Secret{}, false, nil
	}
	return secret, err == nil, err
}

func readKept(path string) (Secret, error) {
	about, err := os.Stat(path)
	if err != nil {
		return Secret{}, fmt.Errorf("config: read kept secret: %w", err)
	}
	if !about.Mode().IsRegular() {
		return Secret{}, fmt.Errorf("config: read kept secret: %s is not a file", path)
	}
	if mode := about.Mode().Perm(); mode&0o077 != 0 {
		return Secret{}, fmt.Errorf("config: read kept secret: %s can be read by others (mode %#o): if nobody did, chmod 600 it", path, mode)
	}
	text, err := readSecret(path)
	if err != nil {
		return Secret{}, fmt.Errorf("config: read kept secret: %w", err)
	}
	var kept Secret
	if err := secrets(&kept).set(text); err != nil {
		return Secret{}, fmt.Errorf("config: read kept secret: %s: %w", path, err)
	}
	return kept, nil
}

// publish puts the secret at path, whole and on disk, unless something is there
// already. It is written under another name and then linked, since a process
// that starts at the same moment must not read a half, and a secret that is lost
// with the power would make the database behind it unreadable.
func publish(path, secret string) (err error) {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.WriteString(secret + "\n")
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(folder)
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
