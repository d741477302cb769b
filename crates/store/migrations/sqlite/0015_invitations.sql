-- Invitations to a tenant: docs/adr/0018-people.md.

CREATE TABLE invitation (
    id         BLOB    PRIMARY KEY CHECK (length(id) = 16),
    secret     BLOB    NOT NULL UNIQUE CHECK (length(secret) = 32), -- SHA-256 of the link's secret
    tenant     INTEGER NOT NULL REFERENCES tenant (id),
    email      TEXT    NOT NULL, -- as it was given
    email_key  TEXT    NOT NULL, -- the form in which addresses are compared
    role       INTEGER NOT NULL,
    invited_by BLOB    REFERENCES person (id), -- null: the holder of the master key
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (tenant, email_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX invitation_by_end ON invitation (expires_at);
