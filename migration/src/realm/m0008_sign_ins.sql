-- One row a log-in: where and when it began, and when its refresh tokens, which are its family, were last exchanged.
CREATE TABLE sign_in (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES dim_user (id),
    begun_at timestamptz NOT NULL,
    address text CHECK (length(address) <= 64),
    user_agent text CHECK (length(user_agent) <= 300),
    last_used_at timestamptz NOT NULL,
    last_address text CHECK (length(last_address) <= 64),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX sign_in_user ON sign_in (user_id, id);

INSERT INTO sign_in (id, user_id, begun_at, last_used_at, expires_at, ended_at)
SELECT family_id, user_id, min(issued_at), max(issued_at), max(expires_at), max(revoked_at)
FROM session GROUP BY family_id, user_id;

DO $$
DECLARE
    realm text := current_schema();
    realm_role text := CASE WHEN current_schema() = 'platform'
        THEN format('pa_%s_platform', current_setting('installation.tag')) ELSE current_schema() END;
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON sign_in TO %I', realm_role);
    EXECUTE format($sql$
        CREATE OR REPLACE FUNCTION session_purge(ended_before timestamptz) RETURNS bigint
        LANGUAGE sql SECURITY DEFINER SET search_path = %1$I, pg_temp AS $body$
            WITH gone AS (DELETE FROM %1$I.session WHERE expires_at < least(ended_before, now()) RETURNING 1),
            over AS (DELETE FROM %1$I.sign_in WHERE expires_at < least(ended_before, now()) RETURNING 1)
            SELECT (SELECT count(*) FROM gone) + 0 * (SELECT count(*) FROM over)
        $body$
    $sql$, realm);
END
$$;
