package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAPlanNamesWhatIsMissingAndDoesNothing(t *testing.T) {
	t.Parallel()
	for name, empty := range map[string]func(*testing.T) string{"SQLite": emptySQLiteURL, "PostgreSQL": emptyPostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			planned(t, empty(t))
		})
	}
}

func planned(t *testing.T, url string) {
	name, _ := split(url)
	files, err := filesFor(name, migrations)
	if err != nil {
		t.Fatal(err)
	}
	all, err := fs.Glob(files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first has not done any of it
		steps, err := Plan(t.Context(), url)
		if err != nil || len(steps) != len(all) {
			t.Fatalf("%d steps, %v; want %d", len(steps), err, len(all))
		}
		for i, step := range steps {
			if step.Name != all[i] || !strings.Contains(step.SQL, "-- +goose Up") {
				t.Errorf("step %d is %s: %.60s", i, step.Name, step.SQL)
			}
		}
	}
	if err := Migrate(t.Context(), url, silent); err != nil {
		t.Fatal(err)
	}
	if steps, err := Plan(t.Context(), url); err != nil || len(steps) != 0 {
		t.Errorf("up to date: %v, %v", steps, err)
	}
}

func TestAPlanMakesNoFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	steps, err := Plan(t.Context(), "sqlite:"+filepath.Join(folder, "gatehouse.db"))
	if err != nil || len(steps) == 0 {
		t.Errorf("%v, %v", steps, err)
	}
	if made, err := os.ReadDir(folder); err != nil || len(made) != 0 {
		t.Errorf("it made %v (%v)", made, err)
	}
	path := filepath.Join(folder, "empty.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if steps, err := Plan(t.Context(), "sqlite:"+path); err != nil || len(steps) == 0 {
		t.Errorf("of an empty file: %v, %v", steps, err)
	}
	if _, err := Plan(t.Context(), "mysql://localhost"); err == nil {
		t.Error("a foreign database has a plan")
	}
}
