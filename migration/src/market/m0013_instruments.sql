-- Names are searched with typing errors. What the extension brings stands in this schema, where every role that reads it finds it;
-- it is trusted, so that whoever may make this schema may make it too.
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA market;
ALTER EXTENSION pg_trgm SET SCHEMA market;

-- A sector is divided into industry groups, and these into industries.
ALTER TABLE dim_sector
    ADD COLUMN parent_code text REFERENCES dim_sector (code),
    ADD COLUMN level text NOT NULL DEFAULT 'SECTOR' CHECK (level IN ('SECTOR', 'INDUSTRY_GROUP', 'INDUSTRY')),
    ADD COLUMN scheme text NOT NULL DEFAULT 'OWN',
    ADD CONSTRAINT a_sector_is_at_the_top CHECK ((level = 'SECTOR') = (parent_code IS NULL));

ALTER TABLE dim_stock
    -- As quoted: a currency, or a hundredth of one such as GBX. The multiplier turns it into money.
    ADD COLUMN quote_unit text,
    ADD COLUMN country text CHECK (country ~ '^[A-Z]{2}$'),
    -- The narrowest sector that is known; sector_code is the widest.
    ADD COLUMN industry_code text REFERENCES dim_sector (code),
    ADD COLUMN listed_on date,
    ADD COLUMN delisted_on date,
    ADD COLUMN delisted boolean NOT NULL DEFAULT false,
    ADD COLUMN coupon_rate numeric CHECK (coupon_rate >= 0),
    ADD COLUMN coupon_frequency smallint CHECK (coupon_frequency IN (0, 1, 2, 4, 12)),
    ADD COLUMN day_count text
        CHECK (day_count IN ('THIRTY_360', 'THIRTY_E_360', 'ACT_360', 'ACT_365_FIXED', 'ACT_ACT_ICMA', 'ACT_ACT_ISDA')),
    ADD COLUMN maturity date,
    ADD COLUMN face numeric CHECK (face > 0),
    DROP CONSTRAINT dim_stock_asset_type_check,
    ADD CONSTRAINT dim_stock_asset_type_check CHECK (
        asset_type IN ('STOCK', 'ETF', 'FUND', 'INDEX', 'CRYPTO', 'BOND', 'OPTION', 'CURRENCY', 'PRIVATE')
    ),
    ADD CONSTRAINT dim_stock_bond CHECK (
        num_nonnulls(coupon_rate, coupon_frequency, day_count, maturity, face) IN (0, 5)
        AND (asset_type = 'BOND' OR coupon_rate IS NULL)
    ),
    ADD CONSTRAINT dim_stock_listing CHECK (delisted_on >= listed_on AND (delisted OR delisted_on IS NULL)),
    DROP CONSTRAINT dim_stock_symbol_mic_key;
UPDATE dim_stock SET quote_unit = currency;
ALTER TABLE dim_stock ALTER COLUMN quote_unit SET NOT NULL;
-- A symbol may be given to another security once the one that had it is no longer traded.
CREATE UNIQUE INDEX dim_stock_symbol_mic ON dim_stock (symbol, mic) WHERE NOT delisted;
CREATE INDEX dim_stock_symbol ON dim_stock (symbol, id);
CREATE INDEX dim_stock_upper_symbol ON dim_stock (upper(symbol) text_pattern_ops);
CREATE INDEX dim_stock_name ON dim_stock USING gin (lower(name) market.gin_trgm_ops);

-- By what an instrument is known, and when: from a day on, and until before another; without a bound as far as is known.
CREATE TABLE dim_identifier (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    instrument_id uuid NOT NULL REFERENCES dim_stock (id),
    scheme text NOT NULL
        CHECK (scheme IN ('ISIN', 'CUSIP', 'FIGI', 'COMPOSITE_FIGI', 'SHARE_CLASS_FIGI', 'TICKER', 'PROVIDER')),
    value text NOT NULL CHECK (value <> ''),
    -- Where a ticker stands, by the market's code, or whose symbol it is, by the provider's name; nothing for the others.
    qualifier text NOT NULL DEFAULT '',
    valid_from date,
    valid_until date,
    CHECK (valid_until > valid_from),
    CHECK ((scheme IN ('TICKER', 'PROVIDER')) = (qualifier <> '')),
    UNIQUE NULLS NOT DISTINCT (scheme, value, qualifier, instrument_id, valid_from)
);
CREATE INDEX dim_identifier_instrument ON dim_identifier (instrument_id);
INSERT INTO dim_identifier (instrument_id, scheme, value, qualifier)
SELECT id, 'TICKER', symbol, mic FROM dim_stock
UNION ALL SELECT id, 'ISIN', isin, '' FROM dim_stock WHERE isin <> '';

-- A list of instruments as delivered.
CREATE TABLE stg_instrument (
    run_id uuid NOT NULL,
    line integer NOT NULL,
    provider text NOT NULL,
    symbol text,
    name text,
    asset_class text,
    mic text,
    exchange_code text,
    country text,
    currency text,
    isin text,
    cusip text,
    figi text,
    sector text,
    industry_group text,
    industry text,
    sector_scheme text,
    market_cap_band text,
    category text,
    issuer_or_base text,
    delisted text,
    source text,
    -- The id that it gets where it is new, and the schemes whose check digit is wrong.
    new_id uuid NOT NULL,
    broken text NOT NULL,
    fetched_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, line)
);

-- What was read from the list that is being loaded; empty otherwise.
CREATE UNLOGGED TABLE stg_instrument_read (
    line integer PRIMARY KEY,
    id uuid NOT NULL,
    is_known boolean NOT NULL DEFAULT false,
    symbol text NOT NULL,
    name text,
    asset_type text NOT NULL,
    mic text NOT NULL,
    country text,
    currency text NOT NULL,
    quote_unit text NOT NULL,
    price_multiplier numeric NOT NULL,
    isin text,
    cusip text,
    figi text,
    sector_code text,
    industry_code text,
    delisted boolean
);

DO $$
DECLARE
    base_role text := format('pa_%s_base', current_setting('installation.tag'));
    market_role text := format('pa_%s_market', current_setting('installation.tag'));
BEGIN
    EXECUTE format('GRANT SELECT ON dim_identifier TO %I', base_role);
    EXECUTE format(
        'GRANT SELECT, INSERT, UPDATE, DELETE ON dim_identifier, stg_instrument, stg_instrument_read TO %I',
        market_role
    );
END
$$;
