-- What was answered under an Idempotency-Key. No secret: the key is signed again from its row.
CREATE TABLE answer (
    actor       TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    key         BLOB    NOT NULL,
    label       TEXT    NOT NULL,
    is_active   INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (actor, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX answer_by_age ON answer (at);
