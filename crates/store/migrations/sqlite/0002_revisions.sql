-- The number of the newest change. A row of its own, because a log that keeps one row a subject forgets numbers.
CREATE TABLE revision_head (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    revision INTEGER NOT NULL
) STRICT;
INSERT INTO revision_head (one, revision) VALUES (1, 0);

-- How each subject stands since its newest revision.
CREATE TABLE change (
    revision INTEGER PRIMARY KEY,
    kind     INTEGER NOT NULL,
    subject  BLOB    NOT NULL,
    standing TEXT    NOT NULL,
    UNIQUE (kind, subject)
) STRICT;
