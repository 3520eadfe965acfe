-- Work of the installation itself stands beside that of tenants: no tenant, and an owner of its own, the nil UUID.
ALTER TABLE job ALTER COLUMN tenant_id DROP NOT NULL;
ALTER TABLE job
    ADD COLUMN owner_id uuid NOT NULL
        GENERATED ALWAYS AS (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid)) STORED,
    -- When the first of its runs since its last failure began: a job that is given back in between goes on.
    ADD COLUMN begun_at timestamptz,
    -- What may be said of the last failure to the tenant; `last_error` is for operators.
    ADD COLUMN last_message text,
    ADD COLUMN progress_phase text CHECK (length(progress_phase) <= 100),
    ADD COLUMN progress_done bigint,
    ADD COLUMN progress_total bigint,
    ADD COLUMN progress_at timestamptz,
    ADD COLUMN cancel_requested_at timestamptz,
    ADD COLUMN cancel_requested_by text;
DROP INDEX job_running, job_dead, job_waiting_key;
CREATE UNIQUE INDEX job_running ON job (owner_id, kind, key) WHERE state = 'RUNNING';
CREATE UNIQUE INDEX job_dead ON job (owner_id, kind, key) WHERE state = 'DEAD';
CREATE INDEX job_waiting_key ON job (owner_id, kind, key) WHERE state = 'WAITING';
CREATE INDEX job_listed ON job (owner_id, enqueued_at DESC, id DESC);

ALTER TABLE job_turn DROP CONSTRAINT job_turn_tenant_id_fkey;
ALTER TABLE job_turn RENAME COLUMN tenant_id TO owner_id;

-- What has run, and how it ended. Housekeeping removes what is old.
CREATE TABLE job_run (
    -- The run's own id, which the job had.
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL,
    tenant_id uuid REFERENCES tenant (id),
    owner_id uuid NOT NULL
        GENERATED ALWAYS AS (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid)) STORED,
    kind text NOT NULL,
    key text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('DONE', 'FAILED', 'DEAD', 'CANCELLED')),
    attempt integer NOT NULL,
    begun_at timestamptz,
    ended_at timestamptz NOT NULL,
    error text,
    message text,
    progress_phase text,
    progress_done bigint,
    progress_total bigint,
    cancelled_by text
);
CREATE INDEX job_run_listed ON job_run (owner_id, ended_at DESC, id DESC);
CREATE INDEX job_run_latest ON job_run (owner_id, kind, key, ended_at DESC);

-- When what is enqueued by itself. Those of the program stand in its list and are kept here with what was changed about them.
CREATE TABLE schedule (
    id uuid PRIMARY KEY,
    tenant_id uuid REFERENCES tenant (id),
    owner_id uuid NOT NULL
        GENERATED ALWAYS AS (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid)) STORED,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    kind text NOT NULL CHECK (kind ~ '^[a-z][a-z_]{1,39}$'),
    key text NOT NULL DEFAULT '' CHECK (length(key) <= 200),
    is_standing boolean NOT NULL,
    cron text NOT NULL CHECK (length(cron) <= 100),
    time_zone text NOT NULL CHECK (length(time_zone) <= 64),
    is_enabled boolean NOT NULL,
    -- Null where it never fires: disabled, or a pattern without a day to come.
    next_run_at timestamptz,
    -- The latest time that it fired for, when it did, and how many times before that one came to the same run.
    last_due_at timestamptz,
    last_fired_at timestamptz,
    last_missed integer NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    -- When somebody changed it: from then on the program's list does not.
    changed_at timestamptz,
    CHECK (is_enabled OR next_run_at IS NULL),
    UNIQUE (owner_id, name)
);
CREATE INDEX schedule_due ON schedule (next_run_at) WHERE next_run_at IS NOT NULL;

-- Whose rows a session may see and act on: the tenant's whose role it has taken, or the installation's for the platform's role.
-- `role` keeps that name while the functions below run as their owner.
CREATE FUNCTION session_owner() RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner uuid;
BEGIN
    SELECT t.id INTO owner FROM platform.tenant t WHERE t.schema_name = current_setting('role');
    IF FOUND THEN
        RETURN owner;
    END IF;
    PERFORM FROM platform.installation i WHERE current_setting('role') = format('pa_%s_platform', i.tag);
    IF FOUND THEN
        RETURN '00000000-0000-0000-0000-000000000000'::uuid;
    END IF;
    RAISE insufficient_privilege USING MESSAGE = 'only the role of a tenant or of the platform has jobs';
END
$$;

-- What a session sees of the queue. Of a failure, a tenant is told what does not speak of the server's insides.
CREATE VIEW own_job WITH (security_barrier) AS
SELECT id, kind, key, state, attempts, enqueued_at, run_at, begun_at, failed_at,
    CASE WHEN tenant_id IS NULL THEN last_error ELSE last_message END AS error,
    progress_phase, progress_done, progress_total, progress_at, cancel_requested_at, cancel_requested_by
FROM job WHERE owner_id = (SELECT platform.session_owner());

CREATE VIEW own_job_run WITH (security_barrier) AS
SELECT id, job_id, kind, key, outcome, attempt, begun_at, ended_at,
    CASE WHEN tenant_id IS NULL THEN error ELSE message END AS error,
    progress_phase, progress_done, progress_total, cancelled_by
FROM job_run WHERE owner_id = (SELECT platform.session_owner());

CREATE VIEW own_schedule WITH (security_barrier) AS
SELECT id, name, kind, key, is_standing, cron, time_zone, is_enabled, next_run_at, last_due_at, last_fired_at, last_missed, version
FROM schedule WHERE owner_id = (SELECT platform.session_owner());

CREATE FUNCTION job_retry(job_id uuid, at timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH retried AS (
        UPDATE platform.job SET state = 'WAITING', attempts = 0, run_at = at
        WHERE id = job_id AND state = 'DEAD' AND owner_id = platform.session_owner() RETURNING id
    )
    SELECT count(*) > 0 FROM retried
$$;

CREATE FUNCTION job_discard(job_id uuid) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH discarded AS (
        DELETE FROM platform.job WHERE id = job_id AND state = 'DEAD' AND owner_id = platform.session_owner() RETURNING id
    )
    SELECT count(*) > 0 FROM discarded
$$;

-- What waits is gone at once, with all that waits under its key; what runs is told to end by its worker's next sign of life.
-- Returns the state that the job was in; null where it neither waits nor runs.
CREATE FUNCTION job_cancel(cancelled_id uuid, at timestamptz, by_whom text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target platform.job;
BEGIN
    SELECT * INTO target FROM platform.job j
    WHERE j.id = cancelled_id AND j.state <> 'DEAD' AND j.owner_id = platform.session_owner() FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF target.state = 'RUNNING' THEN
        UPDATE platform.job SET cancel_requested_at = coalesce(cancel_requested_at, at),
            cancel_requested_by = coalesce(cancel_requested_by, by_whom)
        WHERE id = cancelled_id;
        RETURN 'RUNNING';
    END IF;
    DELETE FROM platform.job j
    WHERE j.state = 'WAITING' AND (j.owner_id, j.kind, j.key) = (target.owner_id, target.kind, target.key);
    INSERT INTO platform.job_run (id, job_id, tenant_id, kind, key, outcome, attempt, begun_at, ended_at, error, message,
        progress_phase, progress_done, progress_total, cancelled_by)
    VALUES (target.id, target.id, target.tenant_id, target.kind, target.key, 'CANCELLED', target.attempts, target.begun_at, at,
        target.last_error, target.last_message, target.progress_phase, target.progress_done, target.progress_total, by_whom)
    ON CONFLICT (id) DO NOTHING;
    RETURN 'WAITING';
END
$$;

CREATE FUNCTION schedule_create(
    new_id uuid, new_name text, new_kind text, new_cron text, new_time_zone text, next_at timestamptz, at timestamptz
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO platform.schedule (id, tenant_id, name, kind, is_standing, cron, time_zone, is_enabled, next_run_at, created_at,
        changed_at)
    VALUES (new_id, nullif(platform.session_owner(), '00000000-0000-0000-0000-000000000000'::uuid), new_name, new_kind, false,
        new_cron, new_time_zone, true, next_at, at, at)
$$;

-- Whether the version was still the one that was seen.
CREATE FUNCTION schedule_update(
    schedule_id uuid, seen bigint, new_name text, new_cron text, new_time_zone text, enabled boolean, next_at timestamptz,
    at timestamptz
) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH changed AS (
        UPDATE platform.schedule SET name = new_name, cron = new_cron, time_zone = new_time_zone, is_enabled = enabled,
            next_run_at = next_at, changed_at = at, version = version + 1
        WHERE id = schedule_id AND version = seen AND owner_id = platform.session_owner() RETURNING id
    )
    SELECT count(*) > 0 FROM changed
$$;

-- Those of the program's list can be disabled and not deleted: they would come back.
CREATE FUNCTION schedule_delete(schedule_id uuid) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH deleted AS (
        DELETE FROM platform.schedule
        WHERE id = schedule_id AND NOT is_standing AND owner_id = platform.session_owner() RETURNING id
    )
    SELECT count(*) > 0 FROM deleted
$$;

DO $$
DECLARE
    base_role text := format('pa_%s_base', current_setting('installation.tag'));
    platform_role text := format('pa_%s_platform', current_setting('installation.tag'));
    functions text := 'session_owner(), job_retry(uuid, timestamptz), job_discard(uuid), job_cancel(uuid, timestamptz, text), '
        'schedule_create(uuid, text, text, text, text, timestamptz, timestamptz), '
        'schedule_update(uuid, bigint, text, text, text, boolean, timestamptz, timestamptz), schedule_delete(uuid)';
BEGIN
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', functions);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I, %I', functions, base_role, platform_role);
    EXECUTE format('GRANT SELECT ON own_job, own_job_run, own_schedule TO %I, %I', base_role, platform_role);
    EXECUTE format('GRANT INSERT ON job TO %I', platform_role);
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON job_run TO %I', platform_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON schedule TO %I', platform_role);
END
$$;
