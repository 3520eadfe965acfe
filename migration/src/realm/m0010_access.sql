-- Roles that a firm makes for itself, keys for programs, and portfolios that are shared.
ALTER TABLE role ADD COLUMN is_custom boolean NOT NULL DEFAULT false;

INSERT INTO role_permission (role_code, permission)
SELECT r.code, p.permission FROM role r CROSS JOIN (VALUES ('ROLES_MANAGE'), ('API_KEYS_MANAGE')) AS p (permission)
WHERE r.code = 'ADMIN'
ON CONFLICT (role_code, permission) DO NOTHING;

-- A program is a person of the role SERVICE without a password; what it may do at the most stands here.
CREATE TABLE api_key (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL UNIQUE REFERENCES dim_user (id),
    created_by uuid NOT NULL REFERENCES dim_user (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    key_hash bytea NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    ended_at timestamptz
);
CREATE TABLE api_key_scope (
    key_id uuid NOT NULL REFERENCES api_key (id),
    permission text NOT NULL,
    PRIMARY KEY (key_id, permission)
);

DO $$
DECLARE
    realm text := current_schema();
BEGIN
    IF realm = 'platform' THEN
        RETURN;
    END IF;
    CREATE TABLE portfolio_share (
        portfolio_id uuid NOT NULL REFERENCES portfolio (id),
        user_id uuid NOT NULL REFERENCES dim_user (id),
        level text NOT NULL CHECK (level IN ('VIEW', 'EDIT')),
        created_at timestamptz NOT NULL,
        created_by uuid NOT NULL,
        PRIMARY KEY (portfolio_id, user_id)
    );
    CREATE INDEX portfolio_share_user ON portfolio_share (user_id);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON portfolio_share TO %I', realm);
    EXECUTE format('GRANT SELECT, INSERT ON api_key, api_key_scope TO %I', realm);
    EXECUTE format('GRANT UPDATE (last_used_at, ended_at) ON api_key TO %I', realm);

    -- The firm's role writes neither roles nor what they permit but by these: the built-in ones, and what only operators of the
    -- installation may do, are out of its reach whatever the program above asks for.
    EXECUTE format($sql$
        CREATE FUNCTION role_save(the_code text, the_name text, the_description text, permissions text) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = %1$I, pg_temp AS $body$
        BEGIN
            IF the_code !~ '^[A-Z][A-Z0-9_]{1,39}$' OR the_code = 'CUSTOM' THEN
                RETURN false;
            END IF;
            INSERT INTO %1$I.role (code, name, description, is_custom) VALUES (the_code, the_name, the_description, true)
            ON CONFLICT (code) DO UPDATE SET name = excluded.name, description = excluded.description WHERE role.is_custom;
            IF NOT FOUND THEN
                RETURN false;
            END IF;
            DELETE FROM %1$I.role_permission WHERE role_code = the_code;
            INSERT INTO %1$I.role_permission (role_code, permission)
            SELECT DISTINCT the_code, p FROM unnest(string_to_array(permissions, ' ')) AS p
            WHERE p <> '' AND p NOT IN ('TENANTS_READ', 'TENANTS_MANAGE', 'MARKET_MANAGE');
            RETURN true;
        END
        $body$
    $sql$, realm);
    EXECUTE format($sql$
        CREATE FUNCTION role_delete(the_code text) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = %1$I, pg_temp AS $body$
        BEGIN
            PERFORM FROM %1$I.role WHERE code = the_code AND is_custom FOR UPDATE;
            IF NOT FOUND THEN
                RETURN false;
            END IF;
            DELETE FROM %1$I.role_permission WHERE role_code = the_code;
            DELETE FROM %1$I.role WHERE code = the_code;
            RETURN true;
        END
        $body$
    $sql$, realm);
    EXECUTE 'REVOKE EXECUTE ON FUNCTION role_save(text, text, text, text), role_delete(text) FROM PUBLIC';
    EXECUTE format('GRANT EXECUTE ON FUNCTION role_save(text, text, text, text), role_delete(text) TO %I', realm);
END
$$;
