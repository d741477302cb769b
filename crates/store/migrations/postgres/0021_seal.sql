-- Which key seals: docs/adr/0026-changing-the-seal-key.md. The first start writes the one row.

CREATE TABLE seal (
    id          bigint PRIMARY KEY CHECK (id = 1),
    fingerprint bytea  NOT NULL CHECK (length(fingerprint) = 16), -- of the key that seals
    remaining   bytea  CHECK (length(remaining) = 16),            -- of the key before, while secrets may be left under it
    round       bigint NOT NULL                                   -- counts the rotations
);

-- The fingerprints of the keys with which an instance opens; null: it is of a version without rotation.
ALTER TABLE instance ADD COLUMN seal_keys bytea[];
