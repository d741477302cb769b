-- Second factors of users: docs/adr/0018-people.md.

CREATE TABLE second_factor (
    person       bytea   PRIMARY KEY REFERENCES person (id),
    secret       bytea   NOT NULL, -- of TOTP, sealed under a key that is not in this database
    is_confirmed boolean NOT NULL,
    last_step    bigint ,          -- of the last code that was accepted
    recovery     bytea   NOT NULL, -- a hash of 32 bytes for each recovery code that is left
    created_at   bigint  NOT NULL
);
