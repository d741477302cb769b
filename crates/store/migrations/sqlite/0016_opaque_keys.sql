-- Opaque keys: docs/adr/0019-opaque-keys.md.

CREATE TABLE opaque_key (
    id           BLOB    PRIMARY KEY CHECK (length(id) = 16),
    hash         BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of the key
    lead         TEXT    NOT NULL, -- its first 8 digits
    tenant       INTEGER NOT NULL REFERENCES tenant (id),
    person       BLOB    NOT NULL REFERENCES person (id),
    name         TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,          -- null: never
    is_active    INTEGER NOT NULL,
    is_suspended INTEGER NOT NULL, -- switched off because of its owner
    deleted_at   INTEGER,
    last_used_at INTEGER NOT NULL  -- 0: never
) STRICT, WITHOUT ROWID;

CREATE INDEX opaque_key_by_tenant ON opaque_key (tenant, id) WHERE deleted_at IS NULL;
CREATE INDEX opaque_key_by_person ON opaque_key (person, tenant) WHERE deleted_at IS NULL;
CREATE INDEX opaque_key_by_end ON opaque_key (expires_at) WHERE expires_at IS NOT NULL;
