-- Indexes for lists of keys: docs/adr/0010-lists-of-keys.md.

-- The order of creation. An id is precise only to a millisecond, and depends on a clock that can go back.
-- From now on, last_used_at of a key that was never used is 0 and not null, so that it is earlier than every use.
ALTER TABLE key ADD COLUMN number INTEGER;
UPDATE key SET number = place.number, last_used_at = coalesce(last_used_at, 0)
FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM key) AS place WHERE place.id = key.id;

-- The number of the newest key, so that no number is used twice.
CREATE TABLE key_number (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    last INTEGER NOT NULL
) STRICT;
INSERT INTO key_number (one, last) SELECT 1, coalesce(max(number), 0) FROM key;

-- One index for each order, for all tenants and for one. Those by time contain the columns of the filters, so that a
-- row is read only for a key on the page. Without revoked_at (always null here), SQLite would read the row for it.
DROP INDEX key_by_tenant;
CREATE UNIQUE INDEX key_by_number ON key (number) WHERE revoked_at IS NULL;
CREATE INDEX key_by_tenant_number ON key (tenant, number) WHERE revoked_at IS NULL;
CREATE INDEX key_by_expiry
    ON key (expires_at, id, is_active, retires_at, created_by, scopes, label, revoked_at)
    WHERE revoked_at IS NULL;
CREATE INDEX key_by_tenant_expiry
    ON key (tenant, expires_at, id, is_active, retires_at, created_by, scopes, label, revoked_at)
    WHERE revoked_at IS NULL;
CREATE INDEX key_by_use
    ON key (last_used_at, id, is_active, retires_at, created_by, scopes, label, expires_at, revoked_at)
    WHERE revoked_at IS NULL;
CREATE INDEX key_by_tenant_use
    ON key (tenant, last_used_at, id, is_active, retires_at, created_by, scopes, label, expires_at, revoked_at)
    WHERE revoked_at IS NULL;

-- An inverted index from terms to the numbers of the keys that have them, without revoked keys. The form of the terms
-- is defined in crates/store/src/sqlite/key/term.rs. This migration adds the terms of the existing keys.
CREATE VIRTUAL TABLE key_term
    USING fts5 (terms, content = '', columnsize = 0, detail = none, tokenize = 'ascii');

-- A label has at most 100 characters, and a key 128 scopes.
CREATE TABLE place (number INTEGER PRIMARY KEY);
WITH RECURSIVE counted (number) AS (VALUES (1) UNION ALL SELECT number + 1 FROM counted WHERE number < 128)
INSERT INTO place (number) SELECT number FROM counted;
INSERT INTO key_term (rowid, terms)
SELECT number,
    coalesce((SELECT group_concat('g' || hex(substr(lower(key.label), place.number, 3)), ' ')
              FROM place WHERE place.number <= length(key.label) - 2), '')
    || ' t' || tenant
    || ' c' || iif(created_by IS NULL, 'master', hex(created_by))
    -- A bit is a byte below 128, so an ASCII character; NUL has no code here.
    || coalesce((SELECT group_concat(
                     ' s' || coalesce(unicode(CAST(substr(key.scopes, place.number, 1) AS TEXT)), 0), '')
                 FROM place WHERE place.number <= length(key.scopes)), '')
    || iif(is_active, '', ' d')
FROM key WHERE revoked_at IS NULL ORDER BY number;
DROP TABLE place;
