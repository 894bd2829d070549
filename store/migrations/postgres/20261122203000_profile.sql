-- +goose Up
-- modify "registrations" table
ALTER TABLE "registrations" ADD COLUMN "username" character varying NULL, ADD COLUMN "username_key" character varying NULL, ADD COLUMN "phone" character varying NULL, ADD COLUMN "avatar_url" character varying NULL;
-- modify "users" table
ALTER TABLE "users" ADD COLUMN "username" character varying NULL, ADD COLUMN "username_key" character varying NULL, ADD COLUMN "phone" character varying NULL, ADD COLUMN "avatar_url" character varying NULL;
-- create index "users_username_key_key" to table: "users"
CREATE UNIQUE INDEX "users_username_key_key" ON "users" ("username_key");
