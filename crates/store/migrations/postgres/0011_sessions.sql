-- Sessions of users: docs/adr/0018-people.md.

CREATE TABLE session (
    id           bytea  PRIMARY KEY CHECK (length(id) = 16),
    person       bytea  NOT NULL REFERENCES person (id),
    tenant       bigint NOT NULL REFERENCES tenant (id),
    created_at   bigint NOT NULL,
    expires_at   bigint NOT NULL, -- no refresh after this
    refreshed_at bigint NOT NULL, -- when its last JWT was issued
    generation   bigint NOT NULL, -- of the refresh token that is good now
    epoch        bigint NOT NULL, -- the lowest one of a JWT that is good
    jwt_until    bigint NOT NULL, -- when its last JWT expires
    ended_at     bigint,
    ip           text   NOT NULL, -- from where it was begun
    user_agent   text   NOT NULL
);

CREATE INDEX session_by_person ON session (person, created_at) WHERE ended_at IS NULL;

-- The last JWT of a tenant, and the sessions that are over.
CREATE INDEX session_by_tenant ON session (tenant, refreshed_at);
CREATE INDEX session_by_expiry ON session (expires_at);

-- Sessions with a row in the log, by the time at which it is not needed any more.
CREATE INDEX session_by_end ON session (jwt_until, id) WHERE ended_at IS NOT NULL OR epoch > 0;
