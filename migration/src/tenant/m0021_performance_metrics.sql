-- Figures by portfolio and range, a row for all of one range. Nothing was ever stored in the table that it takes the place of.
DROP TABLE fact_performance_metrics;

-- A row holds while it is of the day, the versions and the mark that rule: see below. No foreign key: a portfolio is never removed, and
-- its check would wait for whoever writes to the ledger.
CREATE TABLE fact_performance_metrics (
    portfolio_id uuid NOT NULL,
    -- How far the range reaches back from its last day, as the API names it.
    range text NOT NULL,
    calculation_version integer NOT NULL,
    -- The close that the figures open from, which is later than the range's where nothing was held before.
    opening_date date NOT NULL,
    end_date date NOT NULL,
    currency text NOT NULL,
    opening_value numeric,
    end_value numeric,
    flow numeric NOT NULL,
    observations integer NOT NULL,
    -- Fractions and ratios; null where there is none, with the reason in `reasons`.
    twr double precision,
    annualized_return double precision,
    xirr double precision,
    xirr_is_annual boolean NOT NULL,
    modified_dietz double precision,
    simple_return double precision,
    volatility double precision,
    downside_deviation double precision,
    sharpe double precision,
    sortino double precision,
    calmar double precision,
    omega double precision,
    ulcer_index double precision,
    skewness double precision,
    excess_kurtosis double precision,
    max_drawdown double precision,
    drawdown_peak date,
    drawdown_trough date,
    drawdown_recovery date,
    -- By figure, pairs of a code and words.
    reasons jsonb NOT NULL,
    -- The worst of what the values are made of, and the share of the days whose value is known.
    status text NOT NULL CHECK (status IN ('COMPLETE', 'PROVISIONAL', 'STALE', 'ESTIMATED', 'MISSING')),
    coverage double precision NOT NULL,
    computed_at timestamptz NOT NULL,
    -- What was in force when it was computed: the portfolio with its ledger and settings, the market data, the stored daily values.
    portfolio_version bigint NOT NULL,
    market_version bigint NOT NULL,
    rewritten uuid NOT NULL,
    PRIMARY KEY (portfolio_id, range, calculation_version)
);

-- The mark that last had days computed anew that were stored already. Prices by hand and what the market did reach a portfolio by marks.
ALTER TABLE fact_daily_values_status ADD COLUMN rewritten uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE fact_daily_values_status ALTER COLUMN rewritten DROP DEFAULT;

DO $$
DECLARE
    tenant_role text := current_schema();
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON fact_performance_metrics TO %I', tenant_role);
END
$$;
