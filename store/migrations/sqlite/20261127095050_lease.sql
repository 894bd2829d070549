-- +goose Up
-- create "leases" table
CREATE TABLE `leases` (`id` text NOT NULL, `holder` uuid NOT NULL, `expires_at` datetime NOT NULL, PRIMARY KEY (`id`));
