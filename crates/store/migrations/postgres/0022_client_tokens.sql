-- Client tokens: docs/adr/0027-client-tokens.md. Their rules and what was revoked are in the log of changes.

-- How many messages a person has sent on a day.
CREATE TABLE client_day (
    -- The days since 1970-01-01.
    day bigint NOT NULL,
    -- The hash of tenant, session and name.
    person bytea NOT NULL,
    sent bigint NOT NULL,
    PRIMARY KEY (day, person)
);
