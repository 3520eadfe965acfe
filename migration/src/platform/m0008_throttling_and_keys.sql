-- Attempts to sign in that failed, by keyed hashes of what was typed and of where it came from.
CREATE TABLE sign_in_throttle (
    key bytea PRIMARY KEY CHECK (length(key) = 32),
    failures integer NOT NULL CHECK (failures >= 0),
    last_at timestamptz NOT NULL,
    blocked_until timestamptz
);
CREATE INDEX sign_in_throttle_age ON sign_in_throttle (last_at);

-- From where which account was signed in to, by the same hashes.
CREATE TABLE sign_in_known (
    key bytea PRIMARY KEY CHECK (length(key) = 32),
    last_at timestamptz NOT NULL
);
CREATE INDEX sign_in_known_age ON sign_in_known (last_at);

-- A key is published before it signs. Of one that signs no more the private half goes, and the public one stays until its tokens
-- are over.
ALTER TABLE signing_key
    ADD COLUMN public_key bytea CHECK (length(public_key) = 32),
    ADD COLUMN active_from timestamptz,
    ALTER COLUMN encrypted_private_key DROP NOT NULL,
    ADD CHECK (encrypted_private_key IS NOT NULL OR public_key IS NOT NULL);
UPDATE signing_key SET active_from = created_at;
ALTER TABLE signing_key ALTER COLUMN active_from SET NOT NULL;

DO $$
DECLARE
    platform_role text := format('pa_%s_platform', current_setting('installation.tag'));
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_throttle, sign_in_known TO %I', platform_role);
    EXECUTE format('GRANT UPDATE (encrypted_private_key, public_key, retired_at) ON signing_key TO %I', platform_role);
END
$$;
