-- An edit books its instrument alone: its entries, and what entries link it to.
CREATE INDEX transactions_instrument ON fact_portfolio_transactions (portfolio_id, instrument_id, trade_date, sequence);
CREATE INDEX transactions_links ON fact_portfolio_transactions (portfolio_id, instrument_id, counter_instrument_id)
    WHERE counter_instrument_id IS NOT NULL OR type IN ('OPTION_EXERCISE', 'OPTION_ASSIGNMENT');

-- What is computed from the ledger names what the ledger names, whose references are checked where they are written. To check
-- them again for each computed row is half of what a large import costs.
ALTER TABLE lot DROP CONSTRAINT lot_transaction_id_fkey;
ALTER TABLE lot DROP CONSTRAINT lot_account_id_fkey;
ALTER TABLE lot DROP CONSTRAINT lot_portfolio_id_fkey;
ALTER TABLE lot_match DROP CONSTRAINT lot_match_sale_transaction_id_fkey;
ALTER TABLE lot_match DROP CONSTRAINT lot_match_lot_transaction_id_fkey;
ALTER TABLE lot_match DROP CONSTRAINT lot_match_account_id_fkey;
ALTER TABLE lot_match DROP CONSTRAINT lot_match_portfolio_id_fkey;
ALTER TABLE fact_daily_positions DROP CONSTRAINT fact_daily_positions_account_id_fkey;
ALTER TABLE fact_daily_positions DROP CONSTRAINT fact_daily_positions_portfolio_id_fkey;
ALTER TABLE fact_daily_cash DROP CONSTRAINT fact_daily_cash_account_id_fkey;
ALTER TABLE fact_daily_cash DROP CONSTRAINT fact_daily_cash_portfolio_id_fkey;
ALTER TABLE fact_daily_flows DROP CONSTRAINT fact_daily_flows_transaction_id_fkey;
ALTER TABLE fact_daily_flows DROP CONSTRAINT fact_daily_flows_account_id_fkey;
ALTER TABLE fact_daily_flows DROP CONSTRAINT fact_daily_flows_portfolio_id_fkey;
