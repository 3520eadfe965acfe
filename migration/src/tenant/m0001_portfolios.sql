CREATE TABLE portfolio (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES dim_user (id),
    advisor_id uuid REFERENCES dim_user (id),
    name text NOT NULL,
    description text NOT NULL,
    base_currency text NOT NULL,
    lot_method text NOT NULL CHECK (lot_method IN ('FIFO')),
    version bigint NOT NULL,
    -- The last number given to a transaction; taken under the row's lock, so that order of recording is a fact.
    last_sequence bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX portfolio_owner ON portfolio (owner_id);
CREATE INDEX portfolio_advisor ON portfolio (advisor_id);

CREATE TABLE account (
    id uuid PRIMARY KEY,
    portfolio_id uuid NOT NULL REFERENCES portfolio (id),
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (portfolio_id, name)
);

-- Append-only: the latest entry for a day counts, the earlier ones stay to be seen.
CREATE TABLE manual_price (
    id uuid PRIMARY KEY,
    instrument_id uuid NOT NULL,
    date date NOT NULL,
    price numeric NOT NULL CHECK (price > 0),
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL
);
CREATE INDEX manual_price_instrument ON manual_price (instrument_id, date, recorded_at);
