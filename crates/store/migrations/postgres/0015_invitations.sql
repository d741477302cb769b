-- Invitations to a tenant: docs/adr/0018-people.md.

CREATE TABLE invitation (
    id         bytea   PRIMARY KEY CHECK (length(id) = 16),
    secret     bytea   NOT NULL UNIQUE CHECK (length(secret) = 32), -- SHA-256 of the link's secret
    tenant     bigint  NOT NULL REFERENCES tenant (id),
    email      text    NOT NULL, -- as it was given
    email_key  text    NOT NULL, -- the form in which addresses are compared
    role       smallint NOT NULL,
    invited_by bytea   REFERENCES person (id), -- null: the holder of the master key
    created_at bigint  NOT NULL,
    expires_at bigint  NOT NULL,
    UNIQUE (tenant, email_key)
);

CREATE INDEX invitation_by_end ON invitation (expires_at);
