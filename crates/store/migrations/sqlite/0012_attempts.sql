-- Failed sign-ins: crates/core/src/user/throttle.rs.

CREATE TABLE attempt (
    subject    BLOB    PRIMARY KEY CHECK (length(subject) = 32), -- a hash: of an account, an address, or both
    failures   BLOB    NOT NULL, -- the times of the last ones
    forget_at  INTEGER NOT NULL -- when the row means nothing any more
) STRICT, WITHOUT ROWID;

CREATE INDEX attempt_by_end ON attempt (forget_at);
