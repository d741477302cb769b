-- Limits of requests: docs/adr/0020-limits.md. What is borrowed of them is in a file of its own.

-- Requests of a key in any 60 seconds; null: it has no limit of its own.
ALTER TABLE key ADD COLUMN rate_limit INTEGER;
-- The first key of its line, with which a successor shares the limit.
ALTER TABLE key ADD COLUMN limited_as BLOB;

-- A key with a limit has a row in the log, too.
DROP INDEX key_by_end;
CREATE INDEX key_by_end ON key (expires_at, id)
    WHERE revoked_at IS NOT NULL OR retires_at IS NOT NULL OR is_active = 0 OR rate_limit IS NOT NULL;
