-- A correction stands in an earlier row's place; both stay to be seen.
ALTER TABLE fact_portfolio_transactions
    ADD COLUMN supersedes_id uuid REFERENCES fact_portfolio_transactions (id),
    -- The place within its day, where that is not the order of recording: a correction keeps the place of what it corrects.
    ADD COLUMN booking_sequence bigint;
CREATE UNIQUE INDEX transactions_supersedes ON fact_portfolio_transactions (supersedes_id) WHERE supersedes_id IS NOT NULL;

-- What a portfolio had decided about its books at any time, so that what was known then can be booked as it was booked then.
-- `account_methods` is an object of lot methods by account id.
CREATE TABLE bookkeeping_revision (
    id uuid PRIMARY KEY,
    portfolio_id uuid NOT NULL REFERENCES portfolio (id),
    lot_method text NOT NULL,
    lot_scope text NOT NULL,
    trade_charges text NOT NULL,
    oversell text NOT NULL,
    quantity_dust numeric NOT NULL,
    account_methods jsonb NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX bookkeeping_revision_portfolio ON bookkeeping_revision (portfolio_id, recorded_at, id);
INSERT INTO bookkeeping_revision
SELECT p.id, p.id, p.lot_method, p.lot_scope, p.trade_charges, p.oversell, p.quantity_dust,
    (SELECT coalesce(jsonb_object_agg(a.id, a.lot_method), '{}') FROM account a
     WHERE a.portfolio_id = p.id AND a.lot_method IS NOT NULL),
    p.created_at
FROM portfolio p;
DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON bookkeeping_revision TO %I', current_schema());
END
$$;
