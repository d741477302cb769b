-- A move into this database that is not finished: docs/migrating.md. At most one row; Titan refuses to run until it is
-- gone.
CREATE TABLE move_in (
    one        boolean PRIMARY KEY CHECK (one),
    id         bytea   NOT NULL CHECK (length(id) = 16), -- those of the source
    run        bigint  NOT NULL,
    moved_from text    NOT NULL
);
