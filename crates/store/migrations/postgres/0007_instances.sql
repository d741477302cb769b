-- One row for each running instance: docs/adr/0016-leases.md. No time here decides anything.
CREATE TABLE instance (
    id         bytea  PRIMARY KEY CHECK (length(id) = 8), -- random, new at each start
    version    text   NOT NULL,
    address    text   NOT NULL,
    started_at bigint NOT NULL,
    applied    bigint NOT NULL,                           -- the revision up to which it has applied all changes
    renewals   bigint NOT NULL                            -- counts its leases
) WITH (fillfactor = 50);
