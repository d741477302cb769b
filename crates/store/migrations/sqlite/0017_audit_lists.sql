-- Lists of the audit log, the newest first: docs/audit.md.
CREATE INDEX audit_by_time ON audit (at, sequence);
CREATE INDEX audit_by_actor ON audit (actor, at, sequence);
CREATE INDEX audit_by_action ON audit (action, at, sequence);
CREATE INDEX audit_by_subject ON audit (subject, at, sequence);
