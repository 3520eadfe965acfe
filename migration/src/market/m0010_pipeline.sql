-- From delivery to clean price. Cells stay text as delivered; what is read from them is read by these two.
CREATE FUNCTION read_day(cell text) RETURNS date LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN cell ~ '^(19|20|21)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$' THEN
        CASE WHEN substr(cell, 9, 2)::int <= extract(day FROM
            make_date(substr(cell, 1, 4)::int, substr(cell, 6, 2)::int, 1) + interval '1 month' - interval '1 day')
        THEN cell::date END
    END
$$;

-- Binary floating point is delivered with a tail of digits that nobody quoted: the twelfth behind the point is the last.
CREATE FUNCTION read_number(cell text) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN length(cell) <= 40 AND cell ~ '^-?\d{1,15}(\.\d{1,24})?([eE][-+]?\d{1,2})?$' THEN
        CASE WHEN abs(cell::numeric) >= 1e15 THEN NULL
        WHEN scale(cell::numeric) > 12 THEN round(cell::numeric, 12)
        ELSE cell::numeric END
    END
$$;

-- Ratios of splits multiply exactly.
CREATE AGGREGATE product(numeric) (SFUNC = numeric_mul, STYPE = numeric, INITCOND = '1');

-- The instrument that was asked for, or that of symbol and market, or the only one of the symbol; and how many there are.
CREATE FUNCTION find_instrument(asked uuid, its_symbol text, its_mic text, OUT id uuid, OUT candidates bigint)
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN count(*) = 1 THEN min(found.id::text)::uuid END, count(*)
    FROM (
        SELECT i.id FROM market.dim_stock i WHERE i.id = asked
        UNION ALL
        SELECT i.id FROM market.dim_stock i
        WHERE asked IS NULL AND i.symbol = its_symbol AND (coalesce(its_mic, '') = '' OR i.mic = its_mic)
    ) found
$$;

ALTER TABLE stg_stock_price
    ADD COLUMN instrument_id uuid,
    ADD COLUMN mic text,
    ADD COLUMN open text,
    ADD COLUMN high text,
    ADD COLUMN low text,
    ADD COLUMN adjusted_close text,
    ADD COLUMN volume text,
    ADD COLUMN currency text,
    -- The last day whose splits the prices are divided by; null where they are as traded.
    ADD COLUMN split_adjusted_until date;
ALTER TABLE stg_corporate_action ADD COLUMN instrument_id uuid, ADD COLUMN mic text;
ALTER TABLE stg_dividend ADD COLUMN instrument_id uuid, ADD COLUMN mic text;

ALTER TABLE meta_refresh_log
    ADD COLUMN asked text NOT NULL DEFAULT '',
    ADD COLUMN rows_revised bigint,
    -- The version of the market data that holds what the run promoted; null where it promoted nothing.
    ADD COLUMN version bigint;
CREATE INDEX meta_refresh_log_version ON meta_refresh_log (version, dataset);

-- When each version came into force, and what changed with the latest: caches of the rest still hold.
ALTER TABLE meta_market_change ADD COLUMN at timestamptz;
CREATE INDEX meta_market_change_at ON meta_market_change (at);
ALTER TABLE meta_market_version
    ADD COLUMN reference_version bigint NOT NULL DEFAULT 0,
    ADD COLUMN rates_version bigint NOT NULL DEFAULT 0,
    ADD COLUMN actions_version bigint NOT NULL DEFAULT 0;
UPDATE meta_market_version SET reference_version = version, rates_version = version, actions_version = version;

-- A finding is of a line, or of an instrument's series.
ALTER TABLE meta_data_quality
    DROP CONSTRAINT meta_data_quality_pkey,
    ADD COLUMN id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ADD COLUMN severity text NOT NULL DEFAULT 'ERROR' CHECK (severity IN ('INFO', 'WARNING', 'ERROR')),
    ADD COLUMN instrument_id uuid,
    ADD COLUMN date date,
    ALTER COLUMN line DROP NOT NULL;
CREATE INDEX meta_data_quality_run ON meta_data_quality (run_id, line);
CREATE INDEX meta_data_quality_instrument ON meta_data_quality (instrument_id, run_id) WHERE instrument_id IS NOT NULL;

-- F: final. P: provisional, before the session's close. E: estimated, accepted or repaired by hand.
-- The key carries what is read, so that a series is read from neighbouring pages of the index alone, however it was loaded.
ALTER TABLE fact_stock_price
    ADD COLUMN version integer NOT NULL DEFAULT 0,
    ADD COLUMN status text NOT NULL DEFAULT 'F' CHECK (status IN ('F', 'P', 'E')),
    DROP CONSTRAINT fact_stock_price_pkey;
ALTER TABLE fact_stock_price ADD PRIMARY KEY (instrument_id, date) INCLUDE (close, status);
ALTER TABLE fact_fx_rate
    ADD COLUMN version integer NOT NULL DEFAULT 0,
    ADD COLUMN status text NOT NULL DEFAULT 'F' CHECK (status IN ('F', 'E'));
ALTER TABLE fact_corporate_action ADD COLUMN version integer NOT NULL DEFAULT 0;

-- One row an instrument that has prices, written by what promotes them. No index but the key, and room in the page: an update
-- moves nothing.
CREATE TABLE meta_price_series (
    instrument_id uuid PRIMARY KEY REFERENCES dim_stock (id),
    changed_version bigint NOT NULL,
    first_date date NOT NULL,
    last_date date NOT NULL,
    -- The last day with a price that is not provisional.
    last_final_date date,
    days integer NOT NULL,
    -- For how many days, to the last, the close is the same without volume.
    unchanged_days integer NOT NULL DEFAULT 0,
    -- The robust deviation of the latest log returns; null where there are too few.
    deviation double precision,
    last_close numeric NOT NULL,
    last_status text NOT NULL,
    provider text NOT NULL
) WITH (fillfactor = 70);
INSERT INTO meta_price_series (instrument_id, changed_version, first_date, last_date, last_final_date, days, last_close, last_status, provider)
SELECT s.instrument_id, v.version, s.first_date, s.last_date, s.last_date, s.days, f.close, 'F', ''
FROM (
    SELECT instrument_id, min(date) AS first_date, max(date) AS last_date, count(*) AS days
    FROM fact_stock_price GROUP BY instrument_id
) s
JOIN fact_stock_price f ON f.instrument_id = s.instrument_id AND f.date = s.last_date
CROSS JOIN meta_market_version v;

-- Rows that a check held back, until somebody decides or the provider delivers another value. The id is made of what was
-- delivered: the same row again is the same hold, and keeps its decision.
CREATE TABLE stg_held_row (
    id uuid PRIMARY KEY,
    dataset text NOT NULL,
    provider text NOT NULL,
    run_id uuid NOT NULL REFERENCES meta_refresh_log (id),
    line integer NOT NULL,
    held_at timestamptz NOT NULL,
    last_run_id uuid NOT NULL,
    deliveries integer NOT NULL DEFAULT 1,
    cells jsonb NOT NULL,
    findings text[] NOT NULL,
    reason text NOT NULL,
    -- What would be stored where it is accepted, as far as it can be read.
    instrument_id uuid,
    base text,
    quote text,
    date date,
    value numeric,
    state text NOT NULL CHECK (state IN ('OPEN', 'ACCEPTED', 'REJECTED', 'REPAIRED', 'SUPERSEDED')),
    decided_at timestamptz,
    decided_by uuid,
    decided_by_name text,
    decided_value numeric,
    note text,
    CHECK ((state IN ('ACCEPTED', 'REJECTED', 'REPAIRED')) = (decided_by_name IS NOT NULL)),
    CHECK ((state IN ('ACCEPTED', 'REPAIRED')) = (decided_value IS NOT NULL))
);
CREATE INDEX stg_held_row_run ON stg_held_row (run_id);
CREATE INDEX stg_held_row_shown ON stg_held_row (held_at, id);
CREATE INDEX stg_held_row_open ON stg_held_row (instrument_id, date) WHERE state = 'OPEN';

DO $$
DECLARE
    base_role text := format('pa_%s_base', current_setting('installation.tag'));
    market_role text := format('pa_%s_market', current_setting('installation.tag'));
BEGIN
    EXECUTE format('GRANT SELECT ON meta_price_series TO %I', base_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON meta_price_series, stg_held_row TO %I', market_role);
END
$$;
