-- +goose Up
-- disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- create "new_outbox_letters" table
CREATE TABLE `new_outbox_letters` (`id` uuid NOT NULL, `kind` text NOT NULL, `recipient` blob NULL, `sealed` blob NULL, `void` bool NOT NULL, `attempts` integer NOT NULL, `next_attempt_at` datetime NOT NULL, `created_at` datetime NOT NULL, `expires_at` datetime NULL, `sent_at` datetime NULL, `dead_at` datetime NULL, `last_error` text NOT NULL, PRIMARY KEY (`id`));
-- copy rows from old table "outbox_letters" to new temporary table "new_outbox_letters"
INSERT INTO `new_outbox_letters` (`id`, `kind`, `sealed`, `void`, `attempts`, `next_attempt_at`, `created_at`, `expires_at`, `sent_at`, `dead_at`, `last_error`) SELECT `id`, `kind`, `sealed`, `void`, `attempts`, `next_attempt_at`, `created_at`, `expires_at`, `sent_at`, `dead_at`, `last_error` FROM `outbox_letters`;
-- drop "outbox_letters" table after copying rows
DROP TABLE `outbox_letters`;
-- rename temporary table "new_outbox_letters" to "outbox_letters"
ALTER TABLE `new_outbox_letters` RENAME TO `outbox_letters`;
-- create index "outboxletter_next_attempt_at" to table: "outbox_letters"
CREATE INDEX `outboxletter_next_attempt_at` ON `outbox_letters` (`next_attempt_at`) WHERE sent_at IS NULL AND dead_at IS NULL AND NOT void;
-- create index "outboxletter_recipient" to table: "outbox_letters"
CREATE INDEX `outboxletter_recipient` ON `outbox_letters` (`recipient`);
-- create index "outboxletter_created_at" to table: "outbox_letters"
CREATE INDEX `outboxletter_created_at` ON `outbox_letters` (`created_at`);
-- enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
