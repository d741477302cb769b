-- How often keys are used: docs/adr/0028-usage.md.

-- Rollups. A flush adds to those of all three lengths in one transaction.
CREATE TABLE usage (
    step      INTEGER NOT NULL, -- the length in seconds: 60, 3600, 86400
    at        INTEGER NOT NULL, -- when it begins
    tenant    INTEGER NOT NULL, -- -1: nobody; -2: beyond the bound
    key       BLOB    NOT NULL, -- empty: nobody; one byte: beyond the bound
    route     TEXT    NOT NULL, -- empty: none; *: beyond the bound
    outcome   TEXT    NOT NULL, -- allowed, or the code of what went wrong
    requests  INTEGER NOT NULL,
    bytes_in  INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    micros    INTEGER NOT NULL,
    PRIMARY KEY (step, at, tenant, key, route, outcome)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_by_tenant ON usage (tenant, step, at);
CREATE INDEX usage_by_key ON usage (key, step, at);

-- The last piece of each instance that was added: no piece is added twice.
CREATE TABLE usage_flush (
    instance BLOB    PRIMARY KEY,
    number   INTEGER NOT NULL,
    at       INTEGER NOT NULL -- the minute that it was about
) STRICT, WITHOUT ROWID;

-- From where each key was last used.
CREATE TABLE last_client (
    key        BLOB    PRIMARY KEY,
    at         INTEGER NOT NULL,
    address    TEXT    NOT NULL,
    user_agent TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX last_client_by_time ON last_client (at);
