-- +goose Up
-- create "attempt_counters" table
CREATE TABLE `attempt_counters` (`id` text NOT NULL, `count` integer NOT NULL, `tat` integer NOT NULL, `emission` integer NOT NULL, `burst` integer NOT NULL, `expires_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- create index "attemptcounter_expires_at" to table: "attempt_counters"
CREATE INDEX `attemptcounter_expires_at` ON `attempt_counters` (`expires_at`);
-- create "blacklisted_tokens" table
CREATE TABLE `blacklisted_tokens` (`id` uuid NOT NULL, `kind` text NOT NULL, `subject_id` uuid NULL, `issued_before` datetime NULL, `created_at` datetime NOT NULL, `expires_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- create index "blacklistedtoken_created_at" to table: "blacklisted_tokens"
CREATE INDEX `blacklistedtoken_created_at` ON `blacklisted_tokens` (`created_at`);
-- create index "blacklistedtoken_expires_at" to table: "blacklisted_tokens"
CREATE INDEX `blacklistedtoken_expires_at` ON `blacklisted_tokens` (`expires_at`);
-- create index "blacklistedtoken_subject_id" to table: "blacklisted_tokens"
CREATE INDEX `blacklistedtoken_subject_id` ON `blacklisted_tokens` (`subject_id`);
-- create "credentials" table
CREATE TABLE `credentials` (`id` uuid NOT NULL, `password_hash` text NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, `user_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `credentials_users_credential` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
-- create index "credentials_user_id_key" to table: "credentials"
CREATE UNIQUE INDEX `credentials_user_id_key` ON `credentials` (`user_id`);
-- create "events" table
CREATE TABLE `events` (`id` uuid NOT NULL, `type` text NOT NULL, `user_id` uuid NULL, `actor_id` uuid NULL, `ip_address` text NOT NULL, `user_agent` text NOT NULL, `details` json NULL, `at` datetime NOT NULL, PRIMARY KEY (`id`));
-- create index "event_user_id_at" to table: "events"
CREATE INDEX `event_user_id_at` ON `events` (`user_id`, `at`);
-- create index "event_at" to table: "events"
CREATE INDEX `event_at` ON `events` (`at`);
-- create "link_tokens" table
CREATE TABLE `link_tokens` (`id` uuid NOT NULL, `digest` blob NOT NULL, `purpose` text NOT NULL, `email_key` text NOT NULL, `created_at` datetime NOT NULL, `expires_at` datetime NOT NULL, `used_at` datetime NULL, `voided_at` datetime NULL, `registration_id` uuid NULL, `user_id` uuid NULL, PRIMARY KEY (`id`), CONSTRAINT `link_tokens_registrations_link_tokens` FOREIGN KEY (`registration_id`) REFERENCES `registrations` (`id`) ON DELETE SET NULL, CONSTRAINT `link_tokens_users_link_tokens` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
-- create index "link_tokens_digest_key" to table: "link_tokens"
CREATE UNIQUE INDEX `link_tokens_digest_key` ON `link_tokens` (`digest`);
-- create index "linktoken_email_key" to table: "link_tokens"
CREATE INDEX `linktoken_email_key` ON `link_tokens` (`email_key`);
-- create index "linktoken_user_id" to table: "link_tokens"
CREATE INDEX `linktoken_user_id` ON `link_tokens` (`user_id`);
-- create index "linktoken_registration_id" to table: "link_tokens"
CREATE INDEX `linktoken_registration_id` ON `link_tokens` (`registration_id`);
-- create index "linktoken_expires_at" to table: "link_tokens"
CREATE INDEX `linktoken_expires_at` ON `link_tokens` (`expires_at`);
-- create "outbox_letters" table
CREATE TABLE `outbox_letters` (`id` uuid NOT NULL, `kind` text NOT NULL, `sealed` blob NULL, `void` bool NOT NULL, `attempts` integer NOT NULL, `next_attempt_at` datetime NOT NULL, `created_at` datetime NOT NULL, `expires_at` datetime NULL, `sent_at` datetime NULL, `dead_at` datetime NULL, `last_error` text NOT NULL, PRIMARY KEY (`id`));
-- create index "outboxletter_next_attempt_at" to table: "outbox_letters"
CREATE INDEX `outboxletter_next_attempt_at` ON `outbox_letters` (`next_attempt_at`) WHERE sent_at IS NULL AND dead_at IS NULL AND NOT void;
-- create index "outboxletter_created_at" to table: "outbox_letters"
CREATE INDEX `outboxletter_created_at` ON `outbox_letters` (`created_at`);
-- create "registrations" table
CREATE TABLE `registrations` (`id` uuid NOT NULL, `email` text NOT NULL, `email_key` text NOT NULL, `network` text NOT NULL, `password_hash` text NOT NULL, `name` text NOT NULL, `locale` text NOT NULL, `flow_digest` blob NOT NULL, `code_digest` blob NOT NULL, `tries` integer NOT NULL, `void` bool NOT NULL, `ip_address` text NOT NULL, `user_agent` text NOT NULL, `created_at` datetime NOT NULL, `expires_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- create index "registrations_flow_digest_key" to table: "registrations"
CREATE UNIQUE INDEX `registrations_flow_digest_key` ON `registrations` (`flow_digest`);
-- create index "registration_email_key_network_created_at" to table: "registrations"
CREATE INDEX `registration_email_key_network_created_at` ON `registrations` (`email_key`, `network`, `created_at`);
-- create index "registration_expires_at" to table: "registrations"
CREATE INDEX `registration_expires_at` ON `registrations` (`expires_at`);
-- create "sessions" table
CREATE TABLE `sessions` (`id` uuid NOT NULL, `generation` integer NOT NULL, `rotated_at` datetime NOT NULL, `rotated_by` blob NOT NULL, `rotation_key` blob NULL, `methods` json NOT NULL, `authenticated_at` datetime NOT NULL, `access_expires_at` datetime NOT NULL, `expires_at` datetime NOT NULL, `ends_at` datetime NOT NULL, `ended_at` datetime NULL, `end_reason` text NULL, `device_name` text NOT NULL, `user_agent` text NOT NULL, `ip_address` text NOT NULL, `created_at` datetime NOT NULL, `user_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `sessions_users_sessions` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
-- create index "session_user_id_rotated_at" to table: "sessions"
CREATE INDEX `session_user_id_rotated_at` ON `sessions` (`user_id`, `rotated_at`) WHERE ended_at IS NULL;
-- create index "session_user_id" to table: "sessions"
CREATE INDEX `session_user_id` ON `sessions` (`user_id`);
-- create index "session_expires_at" to table: "sessions"
CREATE INDEX `session_expires_at` ON `sessions` (`expires_at`);
-- create "signing_keys" table
CREATE TABLE `signing_keys` (`id` text NOT NULL, `sequence` integer NOT NULL, `algorithm` text NOT NULL, `public_jwk` blob NOT NULL, `sealed` blob NOT NULL, `created_at` datetime NOT NULL, `signs_from` datetime NOT NULL, `retires_at` datetime NULL, `dropped_at` datetime NULL, PRIMARY KEY (`id`));
-- create index "signing_keys_sequence_key" to table: "signing_keys"
CREATE UNIQUE INDEX `signing_keys_sequence_key` ON `signing_keys` (`sequence`);
-- create "users" table
CREATE TABLE `users` (`id` uuid NOT NULL, `email` text NOT NULL, `email_key` text NOT NULL, `email_verified` bool NOT NULL, `name` text NOT NULL, `locale` text NOT NULL, `status` text NOT NULL, `roles` json NOT NULL, `last_login_at` datetime NULL, `failed_sign_ins` integer NOT NULL, `version` integer NOT NULL, `created_at` datetime NOT NULL, `updated_at` datetime NOT NULL, PRIMARY KEY (`id`));
-- create index "users_email_key_key" to table: "users"
CREATE UNIQUE INDEX `users_email_key_key` ON `users` (`email_key`);
