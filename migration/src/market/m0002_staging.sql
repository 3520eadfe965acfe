-- Rows exactly as delivered, as text: a value that cannot be read is evidence too.
CREATE TABLE stg_stock_price (
    run_id uuid NOT NULL,
    line integer NOT NULL,
    provider text NOT NULL,
    symbol text,
    date text,
    close text,
    fetched_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, line)
);

CREATE TABLE stg_market_data (
    run_id uuid NOT NULL,
    line integer NOT NULL,
    provider text NOT NULL,
    base text,
    quote text,
    date text,
    value text,
    fetched_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, line)
);

CREATE TABLE stg_financial_news (
    run_id uuid NOT NULL,
    line integer NOT NULL,
    provider text NOT NULL,
    headline text,
    url text,
    published text,
    symbols text,
    fetched_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, line)
);

CREATE TABLE meta_refresh_log (
    id uuid PRIMARY KEY,
    dataset text NOT NULL,
    provider text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    rows_delivered bigint,
    rows_promoted bigint,
    rows_held bigint,
    error text
);

CREATE TABLE meta_data_quality (
    run_id uuid NOT NULL REFERENCES meta_refresh_log (id),
    line integer NOT NULL,
    dataset text NOT NULL,
    finding text NOT NULL,
    detail text NOT NULL,
    PRIMARY KEY (run_id, line, finding)
);
