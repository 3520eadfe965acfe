-- What a portfolio decides about its books, and the orders in which lots and disposals are shown.
ALTER TABLE portfolio DROP CONSTRAINT portfolio_lot_method_check;
ALTER TABLE portfolio
    ADD CONSTRAINT portfolio_lot_method_check CHECK (lot_method IN ('FIFO', 'LIFO', 'HIFO', 'LOFO', 'AVERAGE', 'SPECIFIC')),
    ADD COLUMN lot_scope text NOT NULL DEFAULT 'ACCOUNT' CHECK (lot_scope IN ('ACCOUNT', 'PORTFOLIO')),
    ADD COLUMN trade_charges text NOT NULL DEFAULT 'IN_COST' CHECK (trade_charges IN ('IN_COST', 'EXPENSED')),
    ADD COLUMN oversell text NOT NULL DEFAULT 'REFUSE' CHECK (oversell IN ('REFUSE', 'GO_SHORT', 'TAKE_HELD')),
    ADD COLUMN quantity_dust numeric NOT NULL DEFAULT 0 CHECK (quantity_dust >= 0);
ALTER TABLE portfolio
    ALTER COLUMN lot_scope DROP DEFAULT,
    ALTER COLUMN trade_charges DROP DEFAULT,
    ALTER COLUMN oversell DROP DEFAULT,
    ALTER COLUMN quantity_dust DROP DEFAULT;

-- Null where the portfolio's method counts.
ALTER TABLE account
    ADD COLUMN lot_method text CHECK (lot_method IN ('FIFO', 'LIFO', 'HIFO', 'LOFO', 'AVERAGE', 'SPECIFIC'));

CREATE INDEX lot_opened ON lot (portfolio_id, opened_on, transaction_id);
DROP INDEX lot_match_portfolio;
CREATE INDEX lot_match_closed ON lot_match (portfolio_id, closed_on, sale_transaction_id);
CREATE INDEX lot_match_lot ON lot_match (lot_transaction_id);
