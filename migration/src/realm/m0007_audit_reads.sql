-- Entries about reads wait here, since whoever reads should not wait for the end of the chain. They are sealed in the order of
-- their ids by whoever appends next, before what that one has done.
CREATE TABLE audit_read (
    id uuid PRIMARY KEY,
    entry jsonb NOT NULL
);

ALTER FUNCTION audit_append(jsonb) RENAME TO audit_link;

DO $$
DECLARE
    realm text := current_schema();
    realm_role text := CASE WHEN current_schema() = 'platform'
        THEN format('pa_%s_platform', current_setting('installation.tag')) ELSE current_schema() END;
BEGIN
    EXECUTE format($sql$
        CREATE FUNCTION audit_read_note(entries jsonb) RETURNS void LANGUAGE sql SECURITY DEFINER
        SET search_path = %1$I, pg_temp AS $body$
            INSERT INTO audit_read (id, entry) SELECT (e.value ->> 'id')::uuid, e.value FROM jsonb_array_elements(entries) e
        $body$
    $sql$, realm);
    -- Some that wait are sealed at a time, so that nobody who writes waits for many.
    EXECUTE format($sql$
        CREATE FUNCTION audit_append(entries jsonb) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = %1$I, pg_temp AS $body$
        DECLARE
            waiting jsonb;
        BEGIN
            PERFORM FROM audit_head FOR UPDATE;
            WITH taken AS (
                DELETE FROM audit_read r WHERE r.id IN (SELECT w.id FROM audit_read w ORDER BY w.id LIMIT 200)
                RETURNING r.id, r.entry
            )
            SELECT jsonb_agg(t.entry ORDER BY t.id) INTO waiting FROM taken t;
            IF waiting IS NOT NULL THEN
                PERFORM audit_link(waiting);
            END IF;
            RETURN audit_link(entries);
        END
        $body$
    $sql$, realm);
    EXECUTE format('REVOKE EXECUTE ON FUNCTION audit_link(jsonb) FROM %I', realm_role);
    EXECUTE 'REVOKE EXECUTE ON FUNCTION audit_append(jsonb), audit_read_note(jsonb) FROM PUBLIC';
    EXECUTE format('GRANT EXECUTE ON FUNCTION audit_append(jsonb), audit_read_note(jsonb) TO %I', realm_role);
    EXECUTE format('GRANT SELECT ON audit_read TO %I', realm_role);
END
$$;
