-- Series of the market at large: rates of interest, points of curves, indices, volatilities.
CREATE TABLE dim_market_indicator (
    code text PRIMARY KEY CHECK (code ~ '^[A-Z0-9^][A-Z0-9_.^-]{0,63}$'),
    name text NOT NULL CHECK (name <> ''),
    kind text NOT NULL CHECK (kind IN ('RATE', 'CURVE', 'INDEX', 'VOLATILITY')),
    currency text REFERENCES dim_currency (code),
    tenor text CHECK (tenor ~ '^(ON|[1-9]\d{0,2}[DWMY])$'),
    -- What the values are in as they are published: 4.5 percent, 0.045 as a fraction, points of an index.
    unit text NOT NULL CHECK (unit IN ('PERCENT', 'FRACTION', 'POINTS')),
    day_count text CHECK (day_count IN ('ACT/360', 'ACT/365F', 'ACT/ACT', '30/360')),
    compounding text CHECK (compounding IN ('ANNUAL', 'SEMI_ANNUAL', 'SIMPLE', 'DISCOUNT', 'CONTINUOUS')),
    -- The series that stands for money without risk in its currency over its tenor.
    is_risk_free boolean NOT NULL,
    -- Calendar days that a value stands in for later ones.
    max_age_days integer NOT NULL CHECK (max_age_days BETWEEN 0 AND 400),
    source text NOT NULL CHECK (source <> ''),
    CHECK ((kind IN ('RATE', 'CURVE')) = (unit <> 'POINTS')),
    CHECK (NOT is_risk_free OR num_nonnulls(currency, tenor, day_count, compounding) = 4)
);
CREATE UNIQUE INDEX dim_market_indicator_risk_free ON dim_market_indicator (currency, tenor) WHERE is_risk_free;

CREATE TABLE fact_market_indicator (
    code text NOT NULL REFERENCES dim_market_indicator (code),
    date date NOT NULL,
    value numeric NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (code, date)
);

-- What stood there before a later delivery said otherwise.
CREATE TABLE meta_indicator_revision (
    code text NOT NULL,
    date date NOT NULL,
    recorded_at timestamptz NOT NULL,
    value numeric NOT NULL,
    superseded_at timestamptz NOT NULL,
    PRIMARY KEY (code, date, recorded_at)
);

-- The cells as delivered, and what could be read of them.
ALTER TABLE stg_market_data
    ADD COLUMN code text,
    ADD COLUMN read_date date,
    ADD COLUMN read_value numeric;

-- Whether two values that follow each other within days are further apart than a market moves: five points of a rate in a day, half of
-- an index, three times a volatility (the VIX rose by 116 % on 2018-02-05).
CREATE FUNCTION indicator_jumps(kind text, unit text, one numeric, other numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN kind IN ('RATE', 'CURVE') THEN abs(one - other) > CASE unit WHEN 'PERCENT' THEN 5 ELSE 0.05 END
        WHEN kind = 'INDEX' THEN greatest(one, other) > 1.5 * least(one, other)
        ELSE greatest(one, other) > 3 * least(one, other)
    END
$$;

DO $$
DECLARE
    base_role text := format('pa_%s_base', current_setting('installation.tag'));
    market_role text := format('pa_%s_market', current_setting('installation.tag'));
BEGIN
    EXECUTE format('GRANT SELECT ON dim_market_indicator, fact_market_indicator, meta_indicator_revision TO %I', base_role);
    EXECUTE format(
        'GRANT SELECT, INSERT, UPDATE, DELETE ON dim_market_indicator, fact_market_indicator, meta_indicator_revision TO %I',
        market_role
    );
END
$$;
