-- Ids are 16 bytes, times are milliseconds since 1970.

CREATE TABLE tenant (
    id         bigint  PRIMARY KEY CHECK (id BETWEEN 0 AND 4294967295),
    name       text    NOT NULL UNIQUE,
    is_active  boolean NOT NULL,
    not_before bigint,
    created_at bigint  NOT NULL
);

-- The secret is sealed under a key that is not in this database.
CREATE TABLE signing_key (
    slot       smallint PRIMARY KEY CHECK (slot BETWEEN 0 AND 15),
    secret     bytea    NOT NULL,
    created_at bigint   NOT NULL,
    retired_at bigint,
    not_before bigint   NOT NULL
);

-- The names of the scope bits: a bit that once had a name keeps it for ever.
CREATE TABLE scope (
    bit  smallint PRIMARY KEY CHECK (bit BETWEEN 0 AND 126),
    name text     NOT NULL UNIQUE
);

-- No key and no hash of one: a key is signed again from its row when it must be.
CREATE TABLE key (
    id           bytea    PRIMARY KEY CHECK (length(id) = 16),
    tenant       bigint   NOT NULL REFERENCES tenant (id),
    prefix       smallint NOT NULL,
    slot         smallint NOT NULL,
    label        text     NOT NULL,
    scopes       bytea    NOT NULL, -- one byte a scope: its bit, in the order in which they were asked for
    created_at   bigint   NOT NULL,
    expires_at   bigint   NOT NULL,
    is_active    boolean  NOT NULL,
    revoked_at   bigint,
    rotated_at   bigint,
    retires_at   bigint,
    created_by   bytea,
    rotated_from bytea,
    last_used_at bigint   NOT NULL -- 0: never
);

CREATE INDEX key_by_creator ON key (created_by) WHERE created_by IS NOT NULL;
CREATE INDEX key_by_predecessor ON key (rotated_from) WHERE rotated_from IS NOT NULL;
CREATE INDEX key_by_slot ON key (slot, expires_at);
