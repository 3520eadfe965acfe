CREATE TABLE dim_currency (
    code text PRIMARY KEY CHECK (code ~ '^[A-Z]{3}$'),
    name text NOT NULL,
    minor_unit smallint NOT NULL CHECK (minor_unit BETWEEN 0 AND 6),
    withdrawn text
);

CREATE TABLE dim_exchange (
    mic text PRIMARY KEY,
    name text NOT NULL,
    country text NOT NULL,
    currency text NOT NULL REFERENCES dim_currency (code),
    time_zone text NOT NULL
);

CREATE TABLE dim_exchange_session (
    mic text NOT NULL REFERENCES dim_exchange (mic),
    date date NOT NULL,
    opens_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    early_close boolean NOT NULL,
    PRIMARY KEY (mic, date)
);

CREATE TABLE dim_date (
    date date PRIMARY KEY,
    year smallint NOT NULL,
    quarter smallint NOT NULL,
    month smallint NOT NULL,
    iso_week smallint NOT NULL,
    iso_weekday smallint NOT NULL,
    is_month_end boolean NOT NULL
);
INSERT INTO dim_date
SELECT day::date,
    extract(year FROM day),
    extract(quarter FROM day),
    extract(month FROM day),
    extract(week FROM day),
    extract(isodow FROM day),
    day + interval '1 day' = date_trunc('month', day) + interval '1 month'
FROM generate_series(timestamp '1970-01-01', timestamp '2099-12-31', interval '1 day') AS day;

CREATE TABLE dim_sector (
    code text PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE dim_stock (
    id uuid PRIMARY KEY,
    symbol text NOT NULL,
    name text NOT NULL,
    asset_type text NOT NULL CHECK (asset_type IN ('STOCK', 'ETF', 'FUND', 'INDEX', 'CRYPTO', 'BOND', 'OPTION')),
    mic text NOT NULL REFERENCES dim_exchange (mic),
    currency text NOT NULL REFERENCES dim_currency (code),
    isin text,
    sector_code text REFERENCES dim_sector (code),
    price_multiplier numeric NOT NULL CHECK (price_multiplier > 0),
    price_source text NOT NULL CHECK (price_source IN ('EXCHANGE', 'MANUAL')),
    created_at timestamptz NOT NULL,
    UNIQUE (symbol, mic)
);
