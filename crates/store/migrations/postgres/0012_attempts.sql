-- Failed sign-ins: crates/core/src/user/throttle.rs.

CREATE TABLE attempt (
    subject   bytea  PRIMARY KEY CHECK (length(subject) = 32), -- a hash: of an account, an address, or both
    failures  bytea  NOT NULL, -- the times of the last ones
    forget_at bigint NOT NULL  -- when the row means nothing any more
);

CREATE INDEX attempt_by_end ON attempt (forget_at);
