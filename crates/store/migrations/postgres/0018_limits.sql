-- Limits of requests: docs/adr/0020-limits.md.

-- Requests of a key in any 60 seconds; null: it has no limit of its own.
ALTER TABLE key ADD COLUMN rate_limit bigint;
-- The first key of its line, with which a successor shares the limit.
ALTER TABLE key ADD COLUMN limited_as bytea;

-- A key with a limit has a row in the log, too.
DROP INDEX key_by_end;
CREATE INDEX key_by_end ON key (expires_at, id)
    WHERE revoked_at IS NOT NULL OR retires_at IS NOT NULL OR NOT is_active OR rate_limit IS NOT NULL;

-- What the instances have borrowed: 12 bytes for each second, as Budget::to_bytes writes them.
CREATE TABLE budget (
    subject bytea PRIMARY KEY,
    booked bytea NOT NULL,
    last_tick bigint NOT NULL
);
CREATE INDEX budget_by_last_tick ON budget (last_tick);
