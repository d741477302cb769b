-- The sessions of the guarded API that are open, as a license counts them: docs/adr/0024-license.md.

CREATE TABLE live_session (
    tenant    bigint NOT NULL REFERENCES tenant (id),
    name      text   COLLATE "C" NOT NULL,
    opened_at bigint NOT NULL,
    pending   bigint, -- the mark of the request whose answer is not known yet; null: it is open
    PRIMARY KEY (tenant, name)
);
