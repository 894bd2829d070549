-- +goose Up
-- add column "email" to table: "link_tokens"
ALTER TABLE `link_tokens` ADD COLUMN `email` text NULL;
-- add column "session_id" to table: "link_tokens"
ALTER TABLE `link_tokens` ADD COLUMN `session_id` uuid NULL;
-- add column "user_version" to table: "link_tokens"
ALTER TABLE `link_tokens` ADD COLUMN `user_version` integer NULL;
