-- What has expired leaves the log of changes: docs/adr/0017-sweeping.md.

-- Every key that expires at or before swept_until is refused, whatever a clock says. The log has no rows any more of keys
-- that expire at or before log_swept_until.
ALTER TABLE revision_head ADD COLUMN swept_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revision_head ADD COLUMN log_swept_until INTEGER NOT NULL DEFAULT 0;

-- Keys with a row in the log, by the time at which it is not needed any more.
CREATE INDEX key_by_end ON key (expires_at, id)
    WHERE revoked_at IS NOT NULL OR retires_at IS NOT NULL OR is_active = 0;
