//go:build ignore

// Entc generates this package from the schemas: twice, since what reads and
// writes rows must not bring along what makes migrations. That would put some
// megabytes, and a second of every build, into a program which never uses it:
// its migrations are files (package store), made by a tool of their own.
package main

import (
	"fmt"
	"os"

	"entgo.io/ent/entc"
	"entgo.io/ent/entc/gen"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "ent:", err)
		os.Exit(1)
	}
}

func generate() error {
	storage, err := gen.NewStorage("sql")
	if err != nil {
		return err
	}
	slim := *storage
	slim.SchemaMode &^= gen.Migrate
	// The first writes package migrate, which the second leaves as it is.
	for _, s := range []*gen.Storage{storage, &slim} {
		err := entc.Generate("./schema", &gen.Config{
			Storage: s,
			Features: []gen.Feature{
				gen.FeatureExecQuery, gen.FeatureUpsert, gen.FeatureModifier, gen.FeatureVersionedMigration,
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
