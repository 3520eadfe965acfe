CREATE TABLE import_batch (
    id uuid PRIMARY KEY,
    portfolio_id uuid NOT NULL REFERENCES portfolio (id),
    format text NOT NULL,
    rows_read bigint NOT NULL,
    rows_recorded bigint NOT NULL,
    rows_duplicate bigint NOT NULL,
    rows_rejected bigint NOT NULL,
    imported_at timestamptz NOT NULL,
    imported_by uuid NOT NULL
);

CREATE TABLE fact_portfolio_transactions (
    id uuid PRIMARY KEY,
    portfolio_id uuid NOT NULL REFERENCES portfolio (id),
    account_id uuid NOT NULL REFERENCES account (id),
    event_id uuid NOT NULL,
    type text NOT NULL CHECK (type IN (
        'BUY', 'SELL', 'DIVIDEND', 'INTEREST', 'FEE', 'TAX', 'DEPOSIT', 'WITHDRAWAL', 'SPLIT', 'FX_CONVERSION', 'REVERSAL'
    )),
    trade_date date NOT NULL,
    sequence bigint NOT NULL,
    instrument_id uuid,
    quantity numeric,
    price numeric,
    amount numeric,
    fee numeric,
    tax numeric,
    currency text,
    counter_amount numeric,
    counter_currency text,
    settlement_rate numeric,
    ratio_numerator numeric,
    ratio_denominator numeric,
    reverses_id uuid REFERENCES fact_portfolio_transactions (id),
    -- Checked at commit: the batch counts what was recorded, so it is written last.
    import_batch_id uuid REFERENCES import_batch (id) DEFERRABLE INITIALLY DEFERRED,
    import_key text,
    external_id text,
    note text,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    CHECK ((type = 'REVERSAL') = (reverses_id IS NOT NULL))
);
CREATE UNIQUE INDEX transactions_order ON fact_portfolio_transactions (portfolio_id, trade_date, sequence);
CREATE UNIQUE INDEX transactions_reverses ON fact_portfolio_transactions (reverses_id) WHERE reverses_id IS NOT NULL;
CREATE UNIQUE INDEX transactions_import ON fact_portfolio_transactions (account_id, import_key) WHERE import_key IS NOT NULL;
