-- Ids are 16 bytes, times are milliseconds since 1970.

CREATE TABLE tenant (
    id         INTEGER PRIMARY KEY CHECK (id BETWEEN 0 AND 4294967295),
    name       TEXT    NOT NULL UNIQUE,
    is_active  INTEGER NOT NULL,
    not_before INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

-- The secret is sealed under a key that is not in this database.
CREATE TABLE signing_key (
    slot       INTEGER PRIMARY KEY CHECK (slot BETWEEN 0 AND 15),
    secret     BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER,
    not_before INTEGER NOT NULL
) STRICT;

-- The names of the scope bits: a bit that once had a name keeps it for ever.
CREATE TABLE scope (
    bit  INTEGER PRIMARY KEY CHECK (bit BETWEEN 0 AND 126),
    name TEXT    NOT NULL UNIQUE
) STRICT;

-- No key and no hash of one: a key is signed again from its row when it must be.
CREATE TABLE key (
    id           BLOB    PRIMARY KEY CHECK (length(id) = 16),
    tenant       INTEGER NOT NULL REFERENCES tenant (id),
    prefix       INTEGER NOT NULL,
    slot         INTEGER NOT NULL,
    label        TEXT    NOT NULL,
    scopes       BLOB    NOT NULL, -- one byte a scope: its bit, in the order in which they were asked for
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    is_active    INTEGER NOT NULL,
    revoked_at   INTEGER,
    rotated_at   INTEGER,
    retires_at   INTEGER,
    created_by   BLOB,
    rotated_from BLOB,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX key_by_tenant ON key (tenant, id);
CREATE INDEX key_by_creator ON key (created_by) WHERE created_by IS NOT NULL;
CREATE INDEX key_by_predecessor ON key (rotated_from) WHERE rotated_from IS NOT NULL;
CREATE INDEX key_by_slot ON key (slot, expires_at);
