-- What was answered under an Idempotency-Key. No secret: the key is signed again from its row.
CREATE TABLE answer (
    actor       text    NOT NULL,
    name        text    NOT NULL,
    fingerprint bytea   NOT NULL,
    key         bytea   NOT NULL,
    label       text    NOT NULL,
    is_active   boolean NOT NULL,
    at          bigint  NOT NULL,
    PRIMARY KEY (actor, name)
);

CREATE INDEX answer_by_age ON answer (at);
