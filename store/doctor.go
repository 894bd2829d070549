package store

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect"
)

// Version is what the database says that it is: "SQLite 3.50.4", "PostgreSQL
// 15.18".
func (s *Store) Version(ctx context.Context) (string, error) {
	name, ask := "PostgreSQL ", "SELECT current_setting('server_version')"
	if s.dialect == dialect.SQLite {
		name, ask = "SQLite ", "SELECT sqlite_version()"
	}
	var version string
	if err := s.driver.reader.QueryRowContext(ctx, ask).Scan(&version); err != nil {
		return "", fmt.Errorf("store: read the database's version: %w", err)
	}
	return name + version, nil
}
