-- What the further kinds of transactions say, and the keys of what is computed from them.
ALTER TABLE fact_portfolio_transactions
    -- The day that cash moves on, where that is later than the trade date.
    ADD COLUMN settlement_date date,
    ADD COLUMN ex_date date,
    ADD COLUMN pay_date date,
    -- The day that units from outside were first bought on.
    ADD COLUMN opened_on date,
    ADD COLUMN counter_account_id uuid REFERENCES account (id),
    ADD COLUMN counter_instrument_id uuid,
    ADD COLUMN counter_quantity numeric,
    ADD COLUMN counter_price numeric,
    ADD COLUMN total numeric,
    ADD COLUMN accrued_interest numeric,
    ADD COLUMN cost_fraction numeric,
    -- The lots that the holder chose.
    ADD COLUMN lots jsonb,
    -- The market's corporate action, by its ex-date, that this row is or takes the place of.
    ADD COLUMN action_ex_date date;
ALTER TABLE fact_portfolio_transactions DROP CONSTRAINT fact_portfolio_transactions_type_check;
ALTER TABLE fact_portfolio_transactions ADD CONSTRAINT fact_portfolio_transactions_type_check CHECK (type IN (
    'BUY', 'SELL', 'SHORT_SELL', 'COVER', 'MATURITY', 'CALL', 'DIVIDEND', 'STOCK_DIVIDEND', 'STAKING', 'AIRDROP',
    'INTEREST', 'FEE', 'TAX', 'DEPOSIT', 'WITHDRAWAL', 'CASH_TRANSFER', 'FX_CONVERSION', 'TRANSFER_IN', 'TRANSFER_OUT',
    'TRANSFER', 'SPLIT', 'BONUS_ISSUE', 'SPIN_OFF', 'RIGHTS_ISSUE', 'RIGHTS_EXERCISE', 'MERGER', 'INSTRUMENT_CHANGE',
    'RETURN_OF_CAPITAL', 'OPTION_EXPIRY', 'OPTION_EXERCISE', 'OPTION_ASSIGNMENT', 'REVERSAL'
));
CREATE INDEX transactions_event ON fact_portfolio_transactions (event_id);

-- The projections keep their rows: what they lack can be told from what was possible until now (every lot opened by one
-- entry, every match of a sale, every flow a deposit or a withdrawal), so that no ledger has to be booked again.
ALTER TABLE lot_match DROP CONSTRAINT lot_match_lot_transaction_id_fkey;
ALTER TABLE lot_match DROP CONSTRAINT lot_match_pkey;
ALTER TABLE lot_match
    ADD COLUMN account_id uuid REFERENCES account (id),
    ADD COLUMN instrument_id uuid,
    ADD COLUMN ordinal integer;
UPDATE lot_match
SET account_id = numbered.account_id, instrument_id = numbered.instrument_id, ordinal = numbered.ordinal
FROM (
    SELECT m.sale_transaction_id, m.lot_transaction_id, l.account_id, l.instrument_id,
        row_number() OVER (PARTITION BY m.sale_transaction_id ORDER BY opening.trade_date, opening.sequence) - 1 AS ordinal
    FROM lot_match m
    JOIN lot l ON l.transaction_id = m.lot_transaction_id
    JOIN fact_portfolio_transactions opening ON opening.id = m.lot_transaction_id
) numbered
WHERE numbered.sale_transaction_id = lot_match.sale_transaction_id
    AND numbered.lot_transaction_id = lot_match.lot_transaction_id;
ALTER TABLE lot_match ALTER COLUMN account_id SET NOT NULL;
ALTER TABLE lot_match ALTER COLUMN instrument_id SET NOT NULL;
ALTER TABLE lot_match ALTER COLUMN ordinal SET NOT NULL;
-- Null for units that were sold without being there.
ALTER TABLE lot_match ALTER COLUMN lot_transaction_id DROP NOT NULL;
ALTER TABLE lot_match ADD CONSTRAINT lot_match_lot_transaction_id_fkey
    FOREIGN KEY (lot_transaction_id) REFERENCES fact_portfolio_transactions (id);
ALTER TABLE lot_match ADD CONSTRAINT lot_match_pkey
    PRIMARY KEY (sale_transaction_id, account_id, instrument_id, ordinal);

ALTER TABLE lot ADD COLUMN ordinal integer NOT NULL DEFAULT 0;
ALTER TABLE lot ALTER COLUMN ordinal DROP DEFAULT;
ALTER TABLE lot DROP CONSTRAINT lot_pkey;
ALTER TABLE lot ADD CONSTRAINT lot_pkey PRIMARY KEY (transaction_id, account_id, instrument_id, ordinal);

ALTER TABLE fact_daily_cash ADD COLUMN unsettled numeric NOT NULL DEFAULT 0;
ALTER TABLE fact_daily_cash ALTER COLUMN unsettled DROP DEFAULT;

-- A flow was numbered in booking order, and only deposits and withdrawals made one.
ALTER TABLE fact_daily_flows
    ADD COLUMN transaction_id uuid REFERENCES fact_portfolio_transactions (id),
    ADD COLUMN instrument_id uuid,
    ADD COLUMN quantity numeric,
    ADD COLUMN cost_base numeric;
UPDATE fact_daily_flows
SET transaction_id = numbered.id
FROM (
    SELECT t.id, t.portfolio_id, row_number() OVER (PARTITION BY t.portfolio_id ORDER BY t.trade_date, t.sequence) - 1 AS ordinal
    FROM fact_portfolio_transactions t
    WHERE t.type IN ('DEPOSIT', 'WITHDRAWAL')
        AND NOT EXISTS (SELECT FROM fact_portfolio_transactions reversal WHERE reversal.reverses_id = t.id)
) numbered
WHERE numbered.portfolio_id = fact_daily_flows.portfolio_id AND numbered.ordinal = fact_daily_flows.ordinal;
ALTER TABLE fact_daily_flows ALTER COLUMN transaction_id SET NOT NULL;
ALTER TABLE fact_daily_flows DROP CONSTRAINT fact_daily_flows_pkey;
ALTER TABLE fact_daily_flows DROP COLUMN ordinal;
ALTER TABLE fact_daily_flows ADD CONSTRAINT fact_daily_flows_pkey PRIMARY KEY (transaction_id, account_id);
