-- The sessions of the guarded API that are open, as a license counts them: docs/adr/0024-license.md.

CREATE TABLE live_session (
    tenant    bigint NOT NULL REFERENCES tenant (id),
    name      text   COLLATE "C" NOT NULL,
    opened_at bigint NOT NULL,
    is_open   boolean NOT NULL, -- whether the upstream has said so
    pending   bigint, -- the mark of the last request about it, if its outcome is not known
    marked_at bigint NOT NULL, -- when that request came
    PRIMARY KEY (tenant, name)
);
