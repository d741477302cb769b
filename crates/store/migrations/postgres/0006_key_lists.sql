-- Indexes for lists of keys: docs/adr/0010-lists-of-keys.md and 0015-postgresql-and-group-commit.md.

-- The order of creation. An id is precise only to a millisecond, and depends on a clock that can go back.
ALTER TABLE key ADD COLUMN number bigint NOT NULL;
-- What filters ask for, as texts: crates/store/src/postgres/key/term.rs.
ALTER TABLE key ADD COLUMN terms text[] NOT NULL;

-- The number of the newest key, so that no number is used twice.
CREATE TABLE key_number (
    one  boolean PRIMARY KEY CHECK (one),
    last bigint  NOT NULL
);
INSERT INTO key_number (one, last) VALUES (true, 0);

-- One index for each order, for all tenants and for one.
CREATE UNIQUE INDEX key_by_number ON key (number) WHERE revoked_at IS NULL;
CREATE INDEX key_by_tenant_number ON key (tenant, number) WHERE revoked_at IS NULL;
CREATE INDEX key_by_expiry ON key (expires_at, id) WHERE revoked_at IS NULL;
CREATE INDEX key_by_tenant_expiry ON key (tenant, expires_at, id) WHERE revoked_at IS NULL;
CREATE INDEX key_by_use ON key (last_used_at, id) WHERE revoked_at IS NULL;
CREATE INDEX key_by_tenant_use ON key (tenant, last_used_at, id) WHERE revoked_at IS NULL;
CREATE INDEX key_by_term ON key USING gin (terms) WHERE revoked_at IS NULL;
