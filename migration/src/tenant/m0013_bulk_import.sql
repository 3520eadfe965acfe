-- Rows of a large file on their way into the ledger. They come and go within the one transaction that imports them: nobody
-- else ever sees them, what breaks off leaves nothing, and so there is nothing to log.
CREATE UNLOGGED TABLE stg_transaction (
    batch_id uuid NOT NULL,
    line bigint NOT NULL,
    -- READY to be recorded; WRONG, and kept because others of its event are wrong by it; MERGED into another line of its
    -- event; SEEN in an earlier file; REFUSED by a rule of the ledger.
    state text NOT NULL CHECK (state IN ('READY', 'WRONG', 'MERGED', 'SEEN', 'REFUSED')),
    -- The second line that the row stands for.
    other_line bigint,
    event_name text,
    -- What the row is recognised by; of equal ones in its account, the how manieth.
    identity text,
    occurrence integer NOT NULL DEFAULT 1,
    keeps_mine boolean NOT NULL,
    -- The rest is as in the ledger.
    id uuid,
    account_id uuid,
    event_id uuid,
    type text,
    trade_date date,
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
    settlement_date date,
    ex_date date,
    pay_date date,
    opened_on date,
    counter_account_id uuid,
    counter_instrument_id uuid,
    counter_quantity numeric,
    counter_price numeric,
    total numeric,
    accrued_interest numeric,
    cost_fraction numeric,
    lots jsonb,
    action_ex_date date,
    external_id text,
    note text,
    PRIMARY KEY (batch_id, line)
);
CREATE INDEX stg_transaction_event ON stg_transaction (batch_id, event_name, line) WHERE event_name IS NOT NULL;

-- What is held on a day near the end is a few of a large portfolio's many rows: those that have not ended, or ended after it.
CREATE INDEX fact_daily_positions_ended ON fact_daily_positions (portfolio_id, valid_until);

DO $$
DECLARE
    tenant_role text := current_schema();
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON stg_transaction TO %I', tenant_role);
END
$$;
