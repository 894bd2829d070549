package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gatehouse/config"
)

func TestASecretIsMadeOnceAndKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gatehouse.db.secret")
	made := 0
	generate := func() (string, error) { made++; return goodSecret, nil }
	for range 2 {
		secret, err := config.KeepSecret(path, generate)
		if err != nil {
			t.Fatal(err)
		}
		if secret.Reveal() != goodSecret {
			t.Errorf("secret is %q", secret.Reveal())
		}
	}
	if made != 1 {
		t.Errorf("made %d secrets, want 1", made)
	}
	about, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if about.Mode().Perm() != 0o600 {
		t.Errorf("mode is %#o, want 0600", about.Mode().Perm())
	}
	only(t, path)
}

// only wants nothing beside the file: a second copy would be a second leak.
func only(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != filepath.Base(path) {
		t.Errorf("the folder holds %v", entries)
	}
}

func TestProcessesThatStartTogetherKeepOneSecret(t *testing.T) {
	t.Parallel()
	for range 20 {
		path := filepath.Join(t.TempDir(), "secret")
		var (
			together sync.WaitGroup
			n        atomic.Int32
			start    = make(chan struct{})
			got      = make([]string, 16)
		)
		for i := range got {
			together.Go(func() {
				<-start
				secret, err := config.KeepSecret(path, func() (string, error) {
					return strings.Repeat("A", 41) + string('A'+n.Add(1)) + "A=", nil
				})
				if err != nil {
					t.Error(err)
				}
				got[i] = secret.Reveal()
			})
		}
		close(start)
		together.Wait()
		for _, secret := range got {
			if secret != got[0] || secret == "" {
				t.Fatalf("secrets differ: %q", got)
			}
		}
		only(t, path)
	}
}

func TestAKeptSecretThatCannotBeTrustedIsRefused(t *testing.T) {
	t.Parallel()
	generate := func() (string, error) { t.Error("a secret is made over another"); return goodSecret, nil }
	for name, prepare := range map[string]func(path string) error{
		"can be read by others": func(path string) error {
			return errors.Join(os.WriteFile(path, []byte(goodSecret), 0o600), os.Chmod(path, 0o640))
		},
		"32 bytes in base64": func(path string) error { return os.WriteFile(path, []byte(goodSecret[:20]), 0o600) },
		"is not a file":      func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		path := filepath.Join(t.TempDir(), "secret")
		if err := prepare(path); err != nil {
			t.Fatal(err)
		}
		_, err := config.KeepSecret(path, generate)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error is %v, want %q in it", err, name)
		}
		if err != nil && strings.Contains(err.Error(), goodSecret[:20]) {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
}

func TestASecretThatCannotBeKeptIsNotUsed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "missing", "secret")
	if _, err := config.KeepSecret(path, func() (string, error) { return goodSecret, nil }); err == nil {
		t.Error("a secret is used that the next start will not know")
	}
	noise := errors.New("no randomness")
	path = filepath.Join(t.TempDir(), "secret")
	if _, err := config.KeepSecret(path, func() (string, error) { return "", noise }); !errors.Is(err, noise) {
		t.Errorf("error is %v, want %v", err, noise)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was left: %v", err)
	}
}
