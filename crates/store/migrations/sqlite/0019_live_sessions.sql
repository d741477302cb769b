-- The sessions of the guarded API that are open, as a license counts them: docs/adr/0024-license.md.

CREATE TABLE live_session (
    tenant    INTEGER NOT NULL REFERENCES tenant (id),
    name      TEXT    NOT NULL,
    opened_at INTEGER NOT NULL,
    is_open   INTEGER NOT NULL, -- whether the upstream has said so
    pending   INTEGER, -- the mark of the last request about it, if its outcome is not known
    marked_at INTEGER NOT NULL, -- when that request came
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
