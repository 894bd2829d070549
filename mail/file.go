package mail

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"os"
	"path/filepath"
)

// fileWire leaves each letter as an .eml file in a folder, for tests from
// outside and for relays that pick up files.
type fileWire struct {
	from *netmail.Address
	dir  string
}

func newFileWire(dir string, from *netmail.Address) (*fileWire, error) {
	if dir == "" {
		return nil, errors.New("mail: MAIL_URL: file: wants a folder")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("mail: make folder of letters: %w", err)
	}
	return &fileWire{from: from, dir: dir}, nil
}

func (w *fileWire) Exposes() bool { return true }

// Send writes TIME-ID.eml, readable for this user alone. Whoever watches the
// folder sees whole files only, and a repetition replaces its first copy.
func (w *fileWire) Send(_ context.Context, m Message) error {
	body, err := composeBytes(m, w.from)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s-%s.eml", m.Date.UTC().Format("20060102T150405Z"), m.ID)
	if err := writeWhole(filepath.Join(w.dir, name), body); err != nil {
		return &Failure{Reason: "the file cannot be written"}
	}
	return nil
}

// writeWhole makes the file appear under its name only when all of it is on the
// disk. os.CreateTemp gives it mode 0600 from the first byte.
func writeWhole(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".letter-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
