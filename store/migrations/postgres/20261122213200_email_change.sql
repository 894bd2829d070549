-- +goose Up
-- modify "link_tokens" table
ALTER TABLE "link_tokens" ADD COLUMN "email" character varying NULL, ADD COLUMN "session_id" uuid NULL, ADD COLUMN "user_version" bigint NULL;
