-- What lists of keys are read from: docs/adr/0010-lists-of-keys.md.

-- The order in which keys were made. An id tells it only to the millisecond, and by a clock that may be set back.
-- A key that was never used comes before all others: last_used_at is 0 from now on, and no longer null.
ALTER TABLE key ADD COLUMN number INTEGER;
UPDATE key SET number = place.number, last_used_at = coalesce(last_used_at, 0)
FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM key) AS place WHERE place.id = key.id;

-- The last number that was given. A row of its own, so that no number is given twice.
CREATE TABLE key_number (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    last INTEGER NOT NULL
) STRICT;
INSERT INTO key_number (one, last) SELECT 1, coalesce(max(number), 0) FROM key;

-- Each order, of all tenants and of one. The four by time also hold what a key is filtered by, and revoked_at (always
-- null there), which SQLite would otherwise read from the row: so a row is read only for a key that is shown.
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

-- Terms of each key that is not revoked, under its number: an inverted index, whose lists SQLite intersects. Which
-- terms a key has is told in crates/store/src/sqlite/key/term.rs; here they are made for the keys that are there.
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
    || coalesce((SELECT group_concat(' s' || coalesce(unicode(CAST(substr(key.scopes, place.number, 1) AS TEXT)), 0), '')
                 FROM place WHERE place.number <= length(key.scopes)), '')
    || iif(is_active, '', ' d')
FROM key WHERE revoked_at IS NULL ORDER BY number;
DROP TABLE place;
