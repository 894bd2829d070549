-- +goose Up
-- modify "outbox_letters" table
ALTER TABLE "outbox_letters" ADD COLUMN "recipient" bytea NULL;
-- create index "outboxletter_recipient" to table: "outbox_letters"
CREATE INDEX "outboxletter_recipient" ON "outbox_letters" ("recipient");
