-- How often keys are used: docs/adr/0028-usage.md.

-- Rollups. A flush adds to those of all three lengths in one transaction. The free space is for rows that change in place.
CREATE TABLE usage (
    step      bigint NOT NULL, -- the length in seconds: 60, 3600, 86400
    at        bigint NOT NULL, -- when it begins
    tenant    bigint NOT NULL, -- -1: nobody; -2: beyond the bound
    key       bytea  NOT NULL, -- empty: nobody; one byte: beyond the bound
    route     text   COLLATE "C" NOT NULL, -- empty: none; *: beyond the bound
    outcome   text   COLLATE "C" NOT NULL, -- allowed, or the code of what went wrong
    requests  bigint NOT NULL,
    bytes_in  bigint NOT NULL,
    bytes_out bigint NOT NULL,
    micros    bigint NOT NULL,
    PRIMARY KEY (step, at, tenant, key, route, outcome)
) WITH (fillfactor = 80);
CREATE INDEX usage_by_tenant ON usage (tenant, step, at);
CREATE INDEX usage_by_key ON usage (key, step, at);

-- The last piece of each instance that was added: no piece is added twice.
CREATE TABLE usage_flush (
    instance bytea  PRIMARY KEY,
    number   bigint NOT NULL,
    at       bigint NOT NULL -- the minute that it was about
);

-- From where each key was last used.
CREATE TABLE last_client (
    key        bytea  PRIMARY KEY,
    at         bigint NOT NULL,
    address    text   NOT NULL,
    user_agent text   NOT NULL
);
CREATE INDEX last_client_by_time ON last_client (at);
