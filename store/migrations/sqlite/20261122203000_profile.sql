-- +goose Up
-- add column "username" to table: "registrations"
ALTER TABLE `registrations` ADD COLUMN `username` text NULL;
-- add column "username_key" to table: "registrations"
ALTER TABLE `registrations` ADD COLUMN `username_key` text NULL;
-- add column "phone" to table: "registrations"
ALTER TABLE `registrations` ADD COLUMN `phone` text NULL;
-- add column "avatar_url" to table: "registrations"
ALTER TABLE `registrations` ADD COLUMN `avatar_url` text NULL;
-- add column "username" to table: "users"
ALTER TABLE `users` ADD COLUMN `username` text NULL;
-- add column "username_key" to table: "users"
ALTER TABLE `users` ADD COLUMN `username_key` text NULL;
-- add column "phone" to table: "users"
ALTER TABLE `users` ADD COLUMN `phone` text NULL;
-- add column "avatar_url" to table: "users"
ALTER TABLE `users` ADD COLUMN `avatar_url` text NULL;
-- create index "users_username_key_key" to table: "users"
CREATE UNIQUE INDEX `users_username_key_key` ON `users` (`username_key`);
