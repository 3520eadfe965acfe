-- Who may see jobs and schedules, and who may act on them, in realms of before these permissions.
INSERT INTO role_permission (role_code, permission)
SELECT r.code, p.permission
FROM role r JOIN (VALUES ('ADMIN', 'JOBS_READ'), ('ADMIN', 'JOBS_MANAGE'), ('AUDITOR', 'JOBS_READ'),
    ('PLATFORM_OPERATOR', 'JOBS_READ'), ('PLATFORM_OPERATOR', 'JOBS_MANAGE')) AS p (role_code, permission)
    ON p.role_code = r.code
ON CONFLICT (role_code, permission) DO NOTHING;

-- What has ended is removed by these functions alone: the realm's own role may delete neither table's rows. Whatever is asked
-- for, what has not ended by the database's clock stays.
DO $$
DECLARE
    realm text := current_schema();
    realm_role text := CASE WHEN current_schema() = 'platform'
        THEN format('pa_%s_platform', current_setting('installation.tag')) ELSE current_schema() END;
BEGIN
    EXECUTE format($sql$
        CREATE FUNCTION session_purge(ended_before timestamptz) RETURNS bigint
        LANGUAGE sql SECURITY DEFINER SET search_path = %1$I, pg_temp AS $body$
            WITH gone AS (DELETE FROM %1$I.session WHERE expires_at < least(ended_before, now()) RETURNING 1)
            SELECT count(*) FROM gone
        $body$
    $sql$, realm);
    EXECUTE format($sql$
        CREATE FUNCTION idempotency_key_purge(made_before timestamptz) RETURNS bigint
        LANGUAGE sql SECURITY DEFINER SET search_path = %1$I, pg_temp AS $body$
            WITH gone AS (
                DELETE FROM %1$I.idempotency_key WHERE created_at < least(made_before, now() - interval '1 day') RETURNING 1
            )
            SELECT count(*) FROM gone
        $body$
    $sql$, realm);
    EXECUTE 'REVOKE EXECUTE ON FUNCTION session_purge(timestamptz), idempotency_key_purge(timestamptz) FROM PUBLIC';
    EXECUTE format(
        'GRANT EXECUTE ON FUNCTION session_purge(timestamptz), idempotency_key_purge(timestamptz) TO %I', realm_role
    );
END
$$;
