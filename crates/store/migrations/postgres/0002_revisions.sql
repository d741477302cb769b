-- The number of the newest change. Who changes something locks this row for its whole transaction; who is granted a
-- lease locks it in shared mode: docs/adr/0016-leases.md.
CREATE TABLE revision_head (
    one      boolean PRIMARY KEY CHECK (one),
    revision bigint  NOT NULL
);
INSERT INTO revision_head (one, revision) VALUES (true, 0);

-- The status of each subject since its newest revision.
CREATE TABLE change (
    revision bigint   PRIMARY KEY,
    kind     smallint NOT NULL,
    subject  bytea    NOT NULL,
    status   text     NOT NULL,
    UNIQUE (kind, subject)
);
