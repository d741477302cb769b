-- Append only, and chained: each row's hash covers the hash before it.
CREATE TABLE audit (
    sequence   bigint PRIMARY KEY,
    at         bigint NOT NULL,
    actor      text   NOT NULL,
    action     text   NOT NULL,
    subject    text   NOT NULL,
    ip         text   NOT NULL,
    request_id text   NOT NULL,
    detail     text   NOT NULL,
    hash       bytea  NOT NULL
);

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit is append only';
END $$;
CREATE TRIGGER audit_is_not_edited BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
