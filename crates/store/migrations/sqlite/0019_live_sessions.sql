-- The sessions of the guarded API that are open, as a license counts them: docs/adr/0024-license.md.

CREATE TABLE live_session (
    tenant    INTEGER NOT NULL REFERENCES tenant (id),
    name      TEXT    NOT NULL,
    opened_at INTEGER NOT NULL,
    pending   INTEGER, -- the mark of the request whose answer is not known yet; null: it is open
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
