-- Which reads a tenant has in its audit log. Here, since every request knows its tenant's row already.
ALTER TABLE tenant ADD COLUMN audit_reads text NOT NULL DEFAULT 'NONE'
    CHECK (audit_reads IN ('NONE', 'PERSONAL', 'PORTFOLIO', 'ALL'));

-- The tenant is the one whose role the session has taken. Gives what was set before.
CREATE FUNCTION tenant_audit_reads_set(reads text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before text;
BEGIN
    SELECT t.audit_reads INTO before FROM platform.tenant t WHERE t.schema_name = current_setting('role') FOR UPDATE;
    IF NOT FOUND THEN
        RAISE insufficient_privilege USING MESSAGE = 'only a tenant''s role says which of its reads are recorded';
    END IF;
    UPDATE platform.tenant t SET audit_reads = reads WHERE t.schema_name = current_setting('role');
    RETURN before;
END
$$;
REVOKE EXECUTE ON FUNCTION tenant_audit_reads_set(text) FROM PUBLIC;

DO $$
BEGIN
    EXECUTE format('GRANT EXECUTE ON FUNCTION tenant_audit_reads_set(text) TO %I',
        format('pa_%s_base', current_setting('installation.tag')));
END
$$;
