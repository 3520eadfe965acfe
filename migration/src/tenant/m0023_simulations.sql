-- What a portfolio may lose by more simulated outcomes than a request waits for, asked of a job: the question, how it stands, and the
-- answer. It is no record: what is old is removed, and can be asked again.
CREATE TABLE simulation (
    id uuid PRIMARY KEY,
    portfolio_id uuid NOT NULL REFERENCES portfolio (id),
    -- As they were when it was asked: on others the same question is another one. What is done is asked anew: prices by hand have no version.
    portfolio_version bigint NOT NULL,
    market_version bigint NOT NULL,
    currency text NOT NULL,
    opening date NOT NULL,
    as_of date NOT NULL,
    confidence double precision NOT NULL,
    horizon integer NOT NULL,
    paths integer NOT NULL,
    seed integer NOT NULL,
    requested_at timestamptz NOT NULL,
    requested_by uuid NOT NULL,
    -- What is drawn from, once a job has begun: whoever takes it over draws from the same. The covariance is its lower triangle.
    observations integer,
    value numeric,
    weights double precision [],
    means double precision [],
    covariance double precision [],
    status text NOT NULL CHECK (status IN ('QUEUED', 'RUNNING', 'DONE', 'FAILED')),
    paths_done integer NOT NULL,
    message text,
    value_at_risk double precision,
    expected_shortfall double precision,
    changed_at timestamptz NOT NULL,
    CHECK ((status = 'FAILED') = (message IS NOT NULL)),
    CHECK ((status = 'DONE') = (value_at_risk IS NOT NULL AND expected_shortfall IS NOT NULL))
);
CREATE INDEX simulation_portfolio ON simulation (portfolio_id, requested_at);

DO $$
DECLARE
    tenant_role text := current_schema();
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON simulation TO %I', tenant_role);
    EXECUTE format(
        'GRANT UPDATE (observations, value, weights, means, covariance, status, paths_done, message, value_at_risk, '
        'expected_shortfall, changed_at) ON simulation TO %I',
        tenant_role
    );
END
$$;
