-- Everything here is computed from the ledger and the market and may be rebuilt from them at any time.
CREATE TABLE lot (
    transaction_id uuid PRIMARY KEY REFERENCES fact_portfolio_transactions (id),
    portfolio_id uuid NOT NULL REFERENCES portfolio (id),
    account_id uuid NOT NULL REFERENCES account (id),
    instrument_id uuid NOT NULL,
    opened_on date NOT NULL,
    closed_on date,
    quantity_opened numeric NOT NULL,
    quantity_remaining numeric NOT NULL,
    cost_local numeric NOT NULL,
    cost_base numeric NOT NULL
);
CREATE INDEX lot_portfolio ON lot (portfolio_id, instrument_id);

CREATE TABLE lot_match (
    sale_transaction_id uuid NOT NULL REFERENCES fact_portfolio_transactions (id),
    lot_transaction_id uuid NOT NULL REFERENCES lot (transaction_id) ON DELETE CASCADE,
    portfolio_id uuid NOT NULL REFERENCES portfolio (id),
    opened_on date NOT NULL,
    closed_on date NOT NULL,
    quantity numeric NOT NULL,
    cost_local numeric NOT NULL,
    cost_base numeric NOT NULL,
    proceeds_local numeric NOT NULL,
    proceeds_base numeric NOT NULL,
    PRIMARY KEY (sale_transaction_id, lot_transaction_id)
);
CREATE INDEX lot_match_portfolio ON lot_match (portfolio_id);

-- One row a change: what was held at the close of every day from valid_from until the day before valid_until.
CREATE TABLE fact_daily_positions (
    account_id uuid NOT NULL REFERENCES account (id),
    instrument_id uuid NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    portfolio_id uuid NOT NULL REFERENCES portfolio (id),
    quantity numeric NOT NULL,
    cost_local numeric NOT NULL,
    cost_base numeric NOT NULL,
    realized_local numeric NOT NULL,
    realized_base numeric NOT NULL,
    income_local numeric NOT NULL,
    income_base numeric NOT NULL,
    withholding_base numeric NOT NULL,
    fees_base numeric NOT NULL,
    taxes_base numeric NOT NULL,
    expensed_base numeric NOT NULL,
    PRIMARY KEY (account_id, instrument_id, valid_from)
);
CREATE INDEX fact_daily_positions_portfolio ON fact_daily_positions (portfolio_id, valid_from);

CREATE TABLE fact_daily_cash (
    account_id uuid NOT NULL REFERENCES account (id),
    currency text NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    portfolio_id uuid NOT NULL REFERENCES portfolio (id),
    amount numeric NOT NULL,
    interest_base numeric NOT NULL,
    fees_base numeric NOT NULL,
    taxes_base numeric NOT NULL,
    PRIMARY KEY (account_id, currency, valid_from)
);
CREATE INDEX fact_daily_cash_portfolio ON fact_daily_cash (portfolio_id, valid_from);

-- Money that crossed an account's border on a day: in is positive. A null counter-account is outside the portfolio.
CREATE TABLE fact_daily_flows (
    portfolio_id uuid NOT NULL REFERENCES portfolio (id),
    ordinal integer NOT NULL,
    account_id uuid NOT NULL REFERENCES account (id),
    counter_account_id uuid,
    date date NOT NULL,
    currency text NOT NULL,
    amount numeric NOT NULL,
    amount_base numeric NOT NULL,
    PRIMARY KEY (portfolio_id, ordinal)
);
CREATE INDEX fact_daily_flows_portfolio ON fact_daily_flows (portfolio_id, date);

CREATE TABLE fact_performance_metrics (
    portfolio_id uuid NOT NULL REFERENCES portfolio (id),
    metric text NOT NULL,
    opening_date date NOT NULL,
    end_date date NOT NULL,
    currency text NOT NULL,
    calculation_version integer NOT NULL,
    value double precision,
    reason text,
    computed_at timestamptz NOT NULL,
    PRIMARY KEY (portfolio_id, metric, opening_date, end_date, currency, calculation_version)
);
