-- Closes as traded, not adjusted for later splits or dividends.
CREATE TABLE fact_stock_price (
    instrument_id uuid NOT NULL REFERENCES dim_stock (id),
    date date NOT NULL,
    close numeric NOT NULL CHECK (close > 0),
    PRIMARY KEY (instrument_id, date)
);

-- One unit of base costs `rate` units of quote.
CREATE TABLE fact_fx_rate (
    base text NOT NULL,
    quote text NOT NULL,
    date date NOT NULL,
    rate numeric NOT NULL CHECK (rate > 0),
    PRIMARY KEY (base, quote, date)
);

CREATE TABLE fact_corporate_action (
    instrument_id uuid NOT NULL REFERENCES dim_stock (id),
    type text NOT NULL CHECK (type IN ('SPLIT')),
    ex_date date NOT NULL,
    numerator numeric NOT NULL CHECK (numerator > 0),
    denominator numeric NOT NULL CHECK (denominator > 0),
    PRIMARY KEY (instrument_id, type, ex_date)
);

-- Grows with every load: what was computed or cached under an older version is stale.
CREATE TABLE meta_market_version (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    version bigint NOT NULL,
    last_complete_day date
);
INSERT INTO meta_market_version (version) VALUES (0);
