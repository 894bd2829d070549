package ent

//go:generate go tool ent generate --feature sql/execquery,sql/upsert,sql/modifier,sql/versioned-migration ./schema
