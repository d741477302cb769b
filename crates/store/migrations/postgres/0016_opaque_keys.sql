-- Opaque keys: docs/adr/0019-opaque-keys.md.

CREATE TABLE opaque_key (
    id           bytea   PRIMARY KEY CHECK (length(id) = 16),
    hash         bytea   NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of the key
    lead         text    NOT NULL, -- its first 8 digits
    tenant       bigint  NOT NULL REFERENCES tenant (id),
    person       bytea   NOT NULL REFERENCES person (id),
    name         text    NOT NULL,
    created_at   bigint  NOT NULL,
    expires_at   bigint ,          -- null: never
    is_active    boolean NOT NULL,
    is_suspended boolean NOT NULL, -- switched off because of its owner
    deleted_at   bigint ,
    last_used_at bigint  NOT NULL  -- 0: never
);

CREATE INDEX opaque_key_by_tenant ON opaque_key (tenant, id) WHERE deleted_at IS NULL;
CREATE INDEX opaque_key_by_person ON opaque_key (person, tenant) WHERE deleted_at IS NULL;
CREATE INDEX opaque_key_by_end ON opaque_key (expires_at) WHERE expires_at IS NOT NULL;
