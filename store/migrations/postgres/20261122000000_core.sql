-- +goose Up
-- create "attempt_counters" table
CREATE TABLE "attempt_counters" ("id" character varying NOT NULL, "count" bigint NOT NULL, "tat" bigint NOT NULL, "emission" bigint NOT NULL, "burst" bigint NOT NULL, "expires_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- create index "attemptcounter_expires_at" to table: "attempt_counters"
CREATE INDEX "attemptcounter_expires_at" ON "attempt_counters" ("expires_at");
-- create "blacklisted_tokens" table
CREATE TABLE "blacklisted_tokens" ("id" uuid NOT NULL, "kind" character varying NOT NULL, "subject_id" uuid NULL, "issued_before" timestamptz NULL, "created_at" timestamptz NOT NULL, "expires_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- create index "blacklistedtoken_created_at" to table: "blacklisted_tokens"
CREATE INDEX "blacklistedtoken_created_at" ON "blacklisted_tokens" ("created_at");
-- create index "blacklistedtoken_expires_at" to table: "blacklisted_tokens"
CREATE INDEX "blacklistedtoken_expires_at" ON "blacklisted_tokens" ("expires_at");
-- create index "blacklistedtoken_subject_id" to table: "blacklisted_tokens"
CREATE INDEX "blacklistedtoken_subject_id" ON "blacklisted_tokens" ("subject_id");
-- create "events" table
CREATE TABLE "events" ("id" uuid NOT NULL, "type" character varying NOT NULL, "user_id" uuid NULL, "actor_id" uuid NULL, "ip_address" character varying NOT NULL, "user_agent" character varying NOT NULL, "details" jsonb NULL, "at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- create index "event_at" to table: "events"
CREATE INDEX "event_at" ON "events" ("at");
-- create index "event_user_id_at" to table: "events"
CREATE INDEX "event_user_id_at" ON "events" ("user_id", "at");
-- create "outbox_letters" table
CREATE TABLE "outbox_letters" ("id" uuid NOT NULL, "kind" character varying NOT NULL, "sealed" bytea NULL, "void" boolean NOT NULL, "attempts" bigint NOT NULL, "next_attempt_at" timestamptz NOT NULL, "created_at" timestamptz NOT NULL, "expires_at" timestamptz NULL, "sent_at" timestamptz NULL, "dead_at" timestamptz NULL, "last_error" character varying NOT NULL, PRIMARY KEY ("id"));
-- create index "outboxletter_created_at" to table: "outbox_letters"
CREATE INDEX "outboxletter_created_at" ON "outbox_letters" ("created_at");
-- create index "outboxletter_next_attempt_at" to table: "outbox_letters"
CREATE INDEX "outboxletter_next_attempt_at" ON "outbox_letters" ("next_attempt_at") WHERE ((sent_at IS NULL) AND (dead_at IS NULL) AND (NOT void));
-- create "signing_keys" table
CREATE TABLE "signing_keys" ("id" character varying NOT NULL, "sequence" bigint NOT NULL, "algorithm" character varying NOT NULL, "public_jwk" bytea NOT NULL, "sealed" bytea NOT NULL, "created_at" timestamptz NOT NULL, "signs_from" timestamptz NOT NULL, "retires_at" timestamptz NULL, "dropped_at" timestamptz NULL, PRIMARY KEY ("id"));
-- create index "signing_keys_sequence_key" to table: "signing_keys"
CREATE UNIQUE INDEX "signing_keys_sequence_key" ON "signing_keys" ("sequence");
-- create "users" table
CREATE TABLE "users" ("id" uuid NOT NULL, "email" character varying NOT NULL, "email_key" character varying NOT NULL, "email_verified" boolean NOT NULL, "name" character varying NOT NULL, "locale" character varying NOT NULL, "status" character varying NOT NULL, "roles" jsonb NOT NULL, "last_login_at" timestamptz NULL, "failed_sign_ins" bigint NOT NULL, "version" bigint NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- create index "users_email_key_key" to table: "users"
CREATE UNIQUE INDEX "users_email_key_key" ON "users" ("email_key");
-- create "credentials" table
CREATE TABLE "credentials" ("id" uuid NOT NULL, "password_hash" character varying NOT NULL, "created_at" timestamptz NOT NULL, "updated_at" timestamptz NOT NULL, "user_id" uuid NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "credentials_users_credential" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- create index "credentials_user_id_key" to table: "credentials"
CREATE UNIQUE INDEX "credentials_user_id_key" ON "credentials" ("user_id");
-- create "registrations" table
CREATE TABLE "registrations" ("id" uuid NOT NULL, "email" character varying NOT NULL, "email_key" character varying NOT NULL, "network" character varying NOT NULL, "password_hash" character varying NOT NULL, "name" character varying NOT NULL, "locale" character varying NOT NULL, "flow_digest" bytea NOT NULL, "code_digest" bytea NOT NULL, "tries" bigint NOT NULL, "void" boolean NOT NULL, "ip_address" character varying NOT NULL, "user_agent" character varying NOT NULL, "created_at" timestamptz NOT NULL, "expires_at" timestamptz NOT NULL, PRIMARY KEY ("id"));
-- create index "registration_email_key_network_created_at" to table: "registrations"
CREATE INDEX "registration_email_key_network_created_at" ON "registrations" ("email_key", "network", "created_at");
-- create index "registration_expires_at" to table: "registrations"
CREATE INDEX "registration_expires_at" ON "registrations" ("expires_at");
-- create index "registrations_flow_digest_key" to table: "registrations"
CREATE UNIQUE INDEX "registrations_flow_digest_key" ON "registrations" ("flow_digest");
-- create "link_tokens" table
CREATE TABLE "link_tokens" ("id" uuid NOT NULL, "digest" bytea NOT NULL, "purpose" character varying NOT NULL, "email_key" character varying NOT NULL, "created_at" timestamptz NOT NULL, "expires_at" timestamptz NOT NULL, "used_at" timestamptz NULL, "voided_at" timestamptz NULL, "registration_id" uuid NULL, "user_id" uuid NULL, PRIMARY KEY ("id"), CONSTRAINT "link_tokens_registrations_link_tokens" FOREIGN KEY ("registration_id") REFERENCES "registrations" ("id") ON UPDATE NO ACTION ON DELETE SET NULL, CONSTRAINT "link_tokens_users_link_tokens" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- create index "link_tokens_digest_key" to table: "link_tokens"
CREATE UNIQUE INDEX "link_tokens_digest_key" ON "link_tokens" ("digest");
-- create index "linktoken_email_key" to table: "link_tokens"
CREATE INDEX "linktoken_email_key" ON "link_tokens" ("email_key");
-- create index "linktoken_expires_at" to table: "link_tokens"
CREATE INDEX "linktoken_expires_at" ON "link_tokens" ("expires_at");
-- create index "linktoken_registration_id" to table: "link_tokens"
CREATE INDEX "linktoken_registration_id" ON "link_tokens" ("registration_id");
-- create index "linktoken_user_id" to table: "link_tokens"
CREATE INDEX "linktoken_user_id" ON "link_tokens" ("user_id");
-- create "sessions" table
CREATE TABLE "sessions" ("id" uuid NOT NULL, "generation" bigint NOT NULL, "rotated_at" timestamptz NOT NULL, "rotated_by" bytea NOT NULL, "rotation_key" bytea NULL, "methods" jsonb NOT NULL, "authenticated_at" timestamptz NOT NULL, "access_expires_at" timestamptz NOT NULL, "expires_at" timestamptz NOT NULL, "ends_at" timestamptz NOT NULL, "ended_at" timestamptz NULL, "end_reason" character varying NULL, "device_name" character varying NOT NULL, "user_agent" character varying NOT NULL, "ip_address" character varying NOT NULL, "created_at" timestamptz NOT NULL, "user_id" uuid NOT NULL, PRIMARY KEY ("id"), CONSTRAINT "sessions_users_sessions" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE CASCADE);
-- create index "session_expires_at" to table: "sessions"
CREATE INDEX "session_expires_at" ON "sessions" ("expires_at");
-- create index "session_user_id" to table: "sessions"
CREATE INDEX "session_user_id" ON "sessions" ("user_id");
-- create index "session_user_id_rotated_at" to table: "sessions"
CREATE INDEX "session_user_id_rotated_at" ON "sessions" ("user_id", "rotated_at") WHERE (ended_at IS NULL);
