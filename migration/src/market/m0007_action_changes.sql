CREATE TABLE stg_corporate_action (
    run_id uuid NOT NULL,
    line integer NOT NULL,
    provider text NOT NULL,
    symbol text,
    ex_date text,
    numerator text,
    denominator text,
    fetched_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, line)
);

-- Of which instruments each version knows other corporate actions than the one before, and from which day on: what was booked
-- by an older version is booked again where its ledger names them.
CREATE TABLE meta_action_change (
    version bigint NOT NULL,
    instrument_id uuid NOT NULL REFERENCES dim_stock (id),
    changed_from date NOT NULL,
    PRIMARY KEY (version, instrument_id)
);
INSERT INTO meta_action_change (version, instrument_id, changed_from)
SELECT v.version, a.instrument_id, min(a.ex_date)
FROM fact_corporate_action a CROSS JOIN meta_market_version v
GROUP BY v.version, a.instrument_id;

DO $$
DECLARE
    base_role text := format('pa_%s_base', current_setting('installation.tag'));
    market_role text := format('pa_%s_market', current_setting('installation.tag'));
BEGIN
    EXECUTE format('GRANT SELECT ON meta_action_change TO %I', base_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON meta_action_change, stg_corporate_action TO %I', market_role);
END
$$;
