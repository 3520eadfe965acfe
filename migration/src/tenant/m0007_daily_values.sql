-- What each portfolio is worth day by day in its base currency, computed behind the ledger, and what of it is out of date.
-- No foreign keys: a portfolio is never removed, and their checks would wait for whoever writes to its ledger.

-- From which day on stored values no longer hold. Written in the transaction that changed what they are computed from.
CREATE TABLE portfolio_dirty (
    portfolio_id uuid PRIMARY KEY,
    from_date date NOT NULL,
    -- Another for each marking: whoever computes clears the mark that they have read, and no later one.
    mark uuid NOT NULL,
    marked_at timestamptz NOT NULL
);

-- From which day on the tenant's own prices of an instrument have changed: spread to the portfolios that hold it.
CREATE TABLE price_dirty (
    instrument_id uuid PRIMARY KEY,
    from_date date NOT NULL,
    marked_at timestamptz NOT NULL
);

-- A row for every calendar day from the close before the first transaction. A null value is unknown, its known part is beside it.
CREATE TABLE fact_daily_values (
    portfolio_id uuid NOT NULL,
    date date NOT NULL,
    currency text NOT NULL,
    value numeric,
    known_value numeric NOT NULL,
    flow numeric NOT NULL,
    computed_at timestamptz NOT NULL,
    market_version bigint NOT NULL,
    calculation_version integer NOT NULL,
    PRIMARY KEY (portfolio_id, date)
);

-- What holds of the rows before the portfolio's dirty range; of all of them where it has none.
CREATE TABLE fact_daily_values_status (
    portfolio_id uuid PRIMARY KEY,
    computed_from date NOT NULL,
    computed_until date NOT NULL,
    -- The last day whose value is unknown.
    unknown_until date,
    computed_at timestamptz NOT NULL,
    market_version bigint NOT NULL,
    calculation_version integer NOT NULL,
    portfolio_version bigint NOT NULL
);

DO $$
DECLARE
    tenant_role text := current_schema();
BEGIN
    EXECUTE format(
        'GRANT SELECT, INSERT, UPDATE, DELETE ON portfolio_dirty, price_dirty, fact_daily_values, fact_daily_values_status TO %I',
        tenant_role
    );
END
$$;

-- Portfolios that are older than this table are computed like those that have changed.
INSERT INTO portfolio_dirty (portfolio_id, from_date, mark, marked_at)
SELECT portfolio_id, min(trade_date) - 1, gen_random_uuid(), now() FROM fact_portfolio_transactions GROUP BY portfolio_id;
INSERT INTO platform.job (id, tenant_id, kind, key, state, enqueued_at, run_at)
SELECT gen_random_uuid(), t.id, 'daily_facts', '', 'WAITING', now(), now()
FROM platform.tenant t
WHERE t.schema_name = current_schema() AND EXISTS (SELECT FROM portfolio_dirty);
