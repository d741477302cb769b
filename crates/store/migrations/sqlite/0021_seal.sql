-- Which key seals: docs/adr/0026-changing-the-seal-key.md. The first start writes the one row.

CREATE TABLE seal (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 16), -- of the key that seals
    remaining   BLOB    CHECK (length(remaining) = 16),            -- of the key before, while secrets may be left under it
    round       INTEGER NOT NULL                                   -- counts the rotations
) STRICT;
