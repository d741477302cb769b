-- Keys of other systems: docs/adr/0025-imported-keys.md. Each has a row in key, too.

CREATE TABLE imported_key (
    hash       BLOB    PRIMARY KEY CHECK (length(hash) = 32), -- SHA-256 of the whole text
    id         BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    expires_at INTEGER NOT NULL -- as the row in key says it: by it, the row leaves the log
) STRICT, WITHOUT ROWID;

CREATE INDEX imported_key_by_end ON imported_key (expires_at);
