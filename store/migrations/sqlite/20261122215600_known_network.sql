-- +goose Up
-- create "known_networks" table
CREATE TABLE `known_networks` (`id` uuid NOT NULL, `key` blob NOT NULL, `expires_at` datetime NOT NULL, `user_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `known_networks_users_known_networks` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
-- create index "known_networks_key_key" to table: "known_networks"
CREATE UNIQUE INDEX `known_networks_key_key` ON `known_networks` (`key`);
-- create index "knownnetwork_user_id" to table: "known_networks"
CREATE INDEX `knownnetwork_user_id` ON `known_networks` (`user_id`);
-- create index "knownnetwork_expires_at" to table: "known_networks"
CREATE INDEX `knownnetwork_expires_at` ON `known_networks` (`expires_at`);
