-- Users, and their roles in tenants: docs/adr/0018-people.md.

-- A user. The word is reserved in PostgreSQL.
CREATE TABLE person (
    id         BLOB    PRIMARY KEY CHECK (length(id) = 16),
    email      TEXT    NOT NULL,        -- as it was given
    email_key  TEXT    NOT NULL UNIQUE, -- the form in which addresses are compared
    password   TEXT,                    -- Argon2id, as a PHC string; null until one is set
    is_active  INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
    person BLOB    NOT NULL REFERENCES person (id),
    tenant INTEGER NOT NULL REFERENCES tenant (id),
    role   INTEGER NOT NULL,
    since  INTEGER NOT NULL,
    PRIMARY KEY (person, tenant)
) STRICT, WITHOUT ROWID;

CREATE INDEX member_by_tenant ON member (tenant, person);
