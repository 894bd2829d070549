-- +goose Up
-- create "leases" table
CREATE TABLE "leases" ("id" character varying NOT NULL, "holder" uuid NOT NULL, "expires_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
