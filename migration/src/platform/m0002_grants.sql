-- The API's login may read one table before it takes a role: which installation this is.
DO $$
DECLARE
    platform_role text := format('pa_%s_platform', current_setting('installation.tag'));
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA platform TO %I', platform_role);
    EXECUTE format('GRANT SELECT ON tenant, signing_key, schema_version, installation TO %I', platform_role);
    EXECUTE format('GRANT INSERT ON signing_key TO %I', platform_role);
    EXECUTE format('GRANT SELECT ON role, role_permission TO %I', platform_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON dim_user, credential, session TO %I', platform_role);
    EXECUTE format('GRANT SELECT, INSERT ON audit_log TO %I', platform_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON idempotency_key, meta_system_config TO %I', platform_role);
END
$$;
