-- The market's dividend that a row is the payment of.
ALTER TABLE fact_portfolio_transactions ADD COLUMN action_id uuid;
CREATE INDEX transactions_action ON fact_portfolio_transactions (portfolio_id, action_id) WHERE action_id IS NOT NULL;

-- Imported rows that are not recorded until somebody decides: those that differ from what the market knows, or report again
-- what the account has, with the others of their event. `rows` is an array of rows as the ledger would hold them, by its
-- columns' names; `doubtful` is the place of the one that is doubted. Append-only, as the decisions are.
ALTER TABLE import_batch ADD COLUMN rows_held bigint NOT NULL DEFAULT 0;
CREATE TABLE held_transaction (
    id uuid PRIMARY KEY,
    portfolio_id uuid NOT NULL REFERENCES portfolio (id),
    import_batch_id uuid NOT NULL REFERENCES import_batch (id) DEFERRABLE INITIALLY DEFERRED,
    line bigint NOT NULL,
    reason text NOT NULL CHECK (reason IN ('ACTION_DIFFERS', 'ALREADY_APPLIED')),
    message text NOT NULL,
    rows jsonb NOT NULL,
    doubtful integer NOT NULL,
    -- What the market said when the row was held.
    action_ex_date date NOT NULL,
    market_amount numeric,
    market_currency text,
    market_numerator numeric,
    market_denominator numeric,
    held_at timestamptz NOT NULL,
    held_by uuid NOT NULL
);
CREATE INDEX held_transaction_portfolio ON held_transaction (portfolio_id, id);

-- What was decided, once.
CREATE TABLE held_decision (
    held_transaction_id uuid PRIMARY KEY REFERENCES held_transaction (id),
    decision text NOT NULL CHECK (decision IN ('KEEP_MINE', 'USE_MARKET', 'DISCARD')),
    decided_at timestamptz NOT NULL,
    decided_by uuid NOT NULL
);

ALTER TABLE stg_transaction
    ADD COLUMN action_id uuid,
    -- The day that a dividend was given for, where its ex-date comes from the market.
    ADD COLUMN given_date date,
    DROP CONSTRAINT stg_transaction_state_check,
    ADD CONSTRAINT stg_transaction_state_check
        CHECK (state IN ('READY', 'WRONG', 'MERGED', 'SEEN', 'REFUSED', 'HELD'));

DO $$
DECLARE
    tenant_role text := current_schema();
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON held_transaction, held_decision TO %I', tenant_role);
END
$$;
