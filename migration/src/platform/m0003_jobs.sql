-- Work to do later, for tenants. A row a request: adding one waits for nobody. Whoever takes a key takes all that wait under it.
CREATE TABLE job (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenant (id),
    kind text NOT NULL CHECK (kind ~ '^[a-z][a-z_]{1,39}$'),
    key text NOT NULL CHECK (length(key) <= 200),
    state text NOT NULL CHECK (state IN ('WAITING', 'RUNNING', 'DEAD')),
    enqueued_at timestamptz NOT NULL,
    run_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    -- Names this run alone: a worker that lost its lease cannot settle the run of another.
    run_id uuid,
    started_at timestamptz,
    lease_until timestamptz,
    failed_at timestamptz,
    last_error text,
    CHECK ((state = 'RUNNING') = (run_id IS NOT NULL)),
    CHECK ((state = 'RUNNING') = (lease_until IS NOT NULL))
);
CREATE UNIQUE INDEX job_running ON job (tenant_id, kind, key) WHERE state = 'RUNNING';
CREATE UNIQUE INDEX job_dead ON job (tenant_id, kind, key) WHERE state = 'DEAD';
CREATE INDEX job_waiting ON job (run_at) WHERE state = 'WAITING';
CREATE INDEX job_waiting_key ON job (tenant_id, kind, key) WHERE state = 'WAITING';

-- When each tenant was last served, as a count: who was served longest ago is next.
CREATE TABLE job_turn (
    tenant_id uuid PRIMARY KEY REFERENCES tenant (id),
    turn bigint NOT NULL
);

-- The tenant is the one whose role the session has taken: `role` keeps that name while the function runs as its owner.
CREATE FUNCTION job_enqueue(job_id uuid, job_kind text, job_key text, at timestamptz, due timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO platform.job (id, tenant_id, kind, key, state, enqueued_at, run_at)
    SELECT job_id, t.id, job_kind, job_key, 'WAITING', at, due
    FROM platform.tenant t WHERE t.schema_name = current_setting('role');
    IF NOT FOUND THEN
        RAISE insufficient_privilege USING MESSAGE = 'only a tenant''s role enqueues jobs';
    END IF;
END
$$;

-- One job for each tenant, for what concerns all of them. Ids are made from the one given and the tenant's.
CREATE FUNCTION job_enqueue_for_all(load_id uuid, job_kind text, job_key text, at timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made bigint;
BEGIN
    INSERT INTO platform.job (id, tenant_id, kind, key, state, enqueued_at, run_at)
    SELECT md5(load_id::text || t.id::text)::uuid, t.id, job_kind, job_key, 'WAITING', at, at FROM platform.tenant t
    ON CONFLICT (id) DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END
$$;

REVOKE EXECUTE ON FUNCTION job_enqueue(uuid, text, text, timestamptz, timestamptz) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION job_enqueue_for_all(uuid, text, text, timestamptz) FROM PUBLIC;

DO $$
DECLARE
    base_role text := format('pa_%s_base', current_setting('installation.tag'));
    market_role text := format('pa_%s_market', current_setting('installation.tag'));
    platform_role text := format('pa_%s_platform', current_setting('installation.tag'));
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA platform TO %I, %I', base_role, market_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION job_enqueue(uuid, text, text, timestamptz, timestamptz) TO %I', base_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION job_enqueue_for_all(uuid, text, text, timestamptz) TO %I', market_role);
    EXECUTE format('GRANT SELECT, UPDATE, DELETE ON job TO %I', platform_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON job_turn TO %I', platform_role);
END
$$;
