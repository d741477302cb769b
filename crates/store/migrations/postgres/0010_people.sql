-- Users, and their roles in tenants: docs/adr/0018-people.md.

-- A user. The word is reserved.
CREATE TABLE person (
    id         bytea   PRIMARY KEY CHECK (length(id) = 16),
    email      text    NOT NULL,        -- as it was given
    email_key  text    NOT NULL UNIQUE, -- the form in which addresses are compared
    password   text,                    -- Argon2id, as a PHC string; null until one is set
    is_active  boolean NOT NULL,
    created_at bigint  NOT NULL
);

CREATE TABLE member (
    person bytea    NOT NULL REFERENCES person (id),
    tenant bigint   NOT NULL REFERENCES tenant (id),
    role   smallint NOT NULL,
    since  bigint   NOT NULL,
    PRIMARY KEY (person, tenant)
);

CREATE INDEX member_by_tenant ON member (tenant, person);
