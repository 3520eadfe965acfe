-- When an address was proved to be its person's.
ALTER TABLE dim_user ADD COLUMN email_verified_at timestamptz;

-- What the token in a mail is good for, once. The hash is there from when the mail is sent; the token is in the mail alone.
CREATE TABLE mail_token (
    id uuid PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('INVITATION', 'PASSWORD_RESET', 'EMAIL_CHANGE')),
    email text NOT NULL CHECK (length(email) <= 254),
    user_id uuid REFERENCES dim_user (id),
    -- Of an invitation: who the person is to be.
    name text,
    role_code text REFERENCES role (code),
    currency text,
    created_at timestamptz NOT NULL,
    created_by uuid,
    expires_at timestamptz NOT NULL,
    token_hash bytea UNIQUE CHECK (length(token_hash) = 32),
    sent_at timestamptz,
    used_at timestamptz,
    withdrawn_at timestamptz,
    CHECK ((purpose = 'INVITATION') = (user_id IS NULL)),
    CHECK ((purpose = 'INVITATION') = (role_code IS NOT NULL))
);
CREATE UNIQUE INDEX mail_token_invited ON mail_token (lower(email))
WHERE purpose = 'INVITATION' AND used_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX mail_token_user ON mail_token (user_id, purpose) WHERE used_at IS NULL AND withdrawn_at IS NULL;

-- What is to be sent. A password reset names an address, whether anybody has it or not: the job finds out.
CREATE TABLE mail_outbox (
    id uuid PRIMARY KEY,
    kind text NOT NULL
        CHECK (kind IN ('INVITATION', 'PASSWORD_RESET', 'EMAIL_CHANGE', 'PASSWORD_CHANGED', 'EMAIL_CHANGED')),
    recipient text NOT NULL CHECK (length(recipient) <= 254),
    token_id uuid REFERENCES mail_token (id),
    queued_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    -- When it was done with: sent, or not to be sent.
    done_at timestamptz,
    outcome text CHECK (outcome IN ('SENT', 'NOBODY', 'REFUSED', 'GIVEN_UP')),
    CHECK ((done_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX mail_outbox_waiting ON mail_outbox (id) WHERE done_at IS NULL;

DO $$
DECLARE
    realm_role text := CASE WHEN current_schema() = 'platform'
        THEN format('pa_%s_platform', current_setting('installation.tag')) ELSE current_schema() END;
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON mail_token, mail_outbox TO %I', realm_role);
END
$$;
