-- The move of this database to another one: docs/migrating.md. At most one row.
CREATE TABLE move_out (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    id       BLOB    NOT NULL CHECK (length(id) = 16), -- random; the copy has it too
    run      INTEGER NOT NULL, -- one more whenever Titan runs here: a copy that was begun before is out of date
    moved_to TEXT,             -- from then on Titan refuses to run here. Without a password
    moved_at INTEGER
) STRICT;
