-- Second factors of users: docs/adr/0018-people.md.

CREATE TABLE second_factor (
    person       BLOB    PRIMARY KEY REFERENCES person (id),
    secret       BLOB    NOT NULL, -- of TOTP, sealed under a key that is not in this database
    is_confirmed INTEGER NOT NULL,
    last_step    INTEGER,          -- of the last code that was accepted
    recovery     BLOB    NOT NULL, -- a hash of 32 bytes for each recovery code that is left
    created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
