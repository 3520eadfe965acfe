-- People, their sessions and the audit log: the same tables in each tenant's schema and, for operators, in `platform`.
CREATE TABLE role (
    code text PRIMARY KEY,
    name text NOT NULL,
    description text NOT NULL
);

CREATE TABLE role_permission (
    role_code text NOT NULL REFERENCES role (code),
    permission text NOT NULL,
    PRIMARY KEY (role_code, permission)
);

CREATE TABLE dim_user (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    role_code text NOT NULL REFERENCES role (code),
    status text NOT NULL CHECK (status IN ('ACTIVE', 'DISABLED')),
    currency text NOT NULL,
    time_zone text NOT NULL,
    locale text NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX dim_user_email ON dim_user (lower(email));

CREATE TABLE credential (
    user_id uuid PRIMARY KEY REFERENCES dim_user (id),
    password_hash text NOT NULL,
    changed_at timestamptz NOT NULL
);

-- One row a refresh token. All tokens that descend from one log-in form a family, which ends as a whole.
CREATE TABLE session (
    token_hash bytea PRIMARY KEY,
    family_id uuid NOT NULL,
    user_id uuid NOT NULL REFERENCES dim_user (id),
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX session_family ON session (family_id);

CREATE TABLE audit_log (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    actor_id uuid,
    actor_name text NOT NULL,
    action text NOT NULL,
    entity_type text NOT NULL,
    entity_id text,
    before jsonb,
    after jsonb,
    request_id text,
    address text
);

CREATE TABLE idempotency_key (
    actor_id uuid NOT NULL,
    key text NOT NULL,
    operation text NOT NULL,
    request_hash bytea NOT NULL,
    answer jsonb,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (actor_id, key)
);

CREATE TABLE meta_system_config (
    key text PRIMARY KEY,
    value jsonb NOT NULL,
    updated_at timestamptz NOT NULL
);
