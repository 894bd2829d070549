-- +goose Up
-- create index "outboxletter_dead_at" to table: "outbox_letters"
CREATE INDEX `outboxletter_dead_at` ON `outbox_letters` (`dead_at`) WHERE dead_at IS NOT NULL;
