-- Where a tenant's data is to stay, as a label: nothing is moved by it.
ALTER TABLE tenant ADD COLUMN residency text CHECK (length(residency) BETWEEN 1 AND 60);

-- Why a schema could not be brought up to date when that was last tried; gone once it is.
CREATE TABLE migration_failure (
    schema_name text PRIMARY KEY,
    error text NOT NULL,
    failed_at timestamptz NOT NULL
);

DO $$
DECLARE
    platform_role text := format('pa_%s_platform', current_setting('installation.tag'));
BEGIN
    EXECUTE format('GRANT UPDATE (name, status, residency) ON tenant TO %I', platform_role);
    EXECUTE format('GRANT SELECT ON migration_failure TO %I', platform_role);
END
$$;

-- Operators of before this permission get it; a new installation is seeded with its roles after its tables are made.
INSERT INTO role_permission (role_code, permission)
SELECT code, 'TENANTS_MANAGE' FROM role WHERE code = 'PLATFORM_OPERATOR'
ON CONFLICT (role_code, permission) DO NOTHING;
