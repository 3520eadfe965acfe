-- What was in force before it was replaced: from its version on, until the one that superseded it. The instants of versions stand in
-- meta_market_change, their runs in meta_refresh_log.
CREATE TABLE fact_price_revision (
    instrument_id uuid NOT NULL,
    date date NOT NULL,
    superseded_version integer NOT NULL,
    version integer NOT NULL,
    close numeric NOT NULL,
    status text NOT NULL,
    PRIMARY KEY (instrument_id, date, superseded_version)
);
CREATE TABLE fact_fx_rate_revision (
    base text NOT NULL,
    quote text NOT NULL,
    date date NOT NULL,
    superseded_version integer NOT NULL,
    version integer NOT NULL,
    rate numeric NOT NULL,
    status text NOT NULL,
    PRIMARY KEY (base, quote, date, superseded_version)
);
CREATE TABLE fact_corporate_action_revision (
    instrument_id uuid NOT NULL,
    type text NOT NULL,
    ex_date date NOT NULL,
    superseded_version integer NOT NULL,
    version integer NOT NULL,
    numerator numeric,
    denominator numeric,
    pay_date date,
    amount numeric,
    currency text,
    PRIMARY KEY (instrument_id, type, ex_date, superseded_version)
);

-- A record: it is added to and never changed.
DO $$
DECLARE
    base_role text := format('pa_%s_base', current_setting('installation.tag'));
    market_role text := format('pa_%s_market', current_setting('installation.tag'));
BEGIN
    EXECUTE format('GRANT SELECT ON fact_price_revision, fact_fx_rate_revision, fact_corporate_action_revision TO %I', base_role);
    EXECUTE format('GRANT SELECT, INSERT ON fact_price_revision, fact_fx_rate_revision, fact_corporate_action_revision TO %I',
        market_role);
END
$$;
