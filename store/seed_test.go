package store

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	atlaspostgres "ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	atlassqlite "ariga.io/atlas/sql/sqlite"
	"entgo.io/ent/dialect"
	"github.com/google/uuid"
)

// shape is what is in the database behind a store.
func shape(t *testing.T, db *stdsql.DB, name string) *schema.Schema {
	t.Helper()
	found, err := inspected(t.Context(), db, name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func inspected(ctx context.Context, db *stdsql.DB, name string) (*schema.Schema, error) {
	var (
		inspector schema.Inspector
		err       error
		schemaOf  = "main"
	)
	if name == dialect.Postgres {
		schemaOf = "public"
		inspector, err = atlaspostgres.Open(db)
	} else {
		inspector, err = atlassqlite.Open(db)
	}
	if err != nil {
		return nil, err
	}
	found, err := inspector.InspectSchema(ctx, schemaOf, nil)
	if err != nil {
		return nil, err
	}
	found.Tables = slices.DeleteFunc(found.Tables, func(table *schema.Table) bool { return table.Name == "goose_db_version" })
	return found, nil
}

// seed puts one row into every table, parents first, whatever the tables are.
func seed(t *testing.T, s *Store) {
	t.Helper()
	seeded := map[string]map[string]any{}
	var insert func(table *schema.Table)
	insert = func(table *schema.Table) {
		if seeded[table.Name] != nil {
			return
		}
		row := map[string]any{}
		seeded[table.Name] = row
		for _, key := range table.ForeignKeys {
			insert(key.RefTable)
			for i, column := range key.Columns {
				row[column.Name] = seeded[key.RefTable.Name][key.RefColumns[i].Name]
			}
		}
		names, marks, values := []string{}, []string{}, []any{}
		for _, column := range table.Columns {
			if _, set := row[column.Name]; !set {
				row[column.Name] = some(t, column)
			}
			names = append(names, `"`+column.Name+`"`)
			marks = append(marks, "$"+strconv.Itoa(len(names)))
			values = append(values, row[column.Name])
		}
		_, err := s.exec(t.Context(), fmt.Sprintf(`INSERT INTO "%s" (%s) VALUES (%s)`,
			table.Name, strings.Join(names, ", "), strings.Join(marks, ", ")), values...)
		if err != nil {
			t.Fatalf("seed %s: %v", table.Name, err)
		}
	}
	for _, table := range shape(t, s.driver.writer, s.dialect).Tables {
		insert(table)
	}
}

// some is a value for a column that no other row has, where the type allows it.
func some(t *testing.T, column *schema.Column) any {
	t.Helper()
	id := uuid.New()
	switch column.Type.Type.(type) {
	case *schema.StringType:
		return id.String()
	case *schema.UUIDType:
		return id
	case *schema.IntegerType:
		return int(id.ID() >> 1)
	case *schema.TimeType:
		return noon
	case *schema.BoolType:
		return true
	case *schema.BinaryType:
		return id[:]
	case *schema.JSONType:
		return "{}"
	}
	t.Fatalf("%s is of type %T, which this test has no value for", column.Name, column.Type.Type)
	return nil
}

// rowCounts counts the rows of every table.
func rowCounts(t *testing.T, s *Store) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, table := range shape(t, s.driver.writer, s.dialect).Tables {
		err := s.query(t.Context(), `SELECT count(*) FROM "`+table.Name+`"`, nil, func(rows *stdsql.Rows) error {
			n := 0
			err := rows.Scan(&n)
			counts[table.Name] = n
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return counts
}
