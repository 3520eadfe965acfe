-- A row that was reversed may be imported again: its key stands in the ledger twice then. Imports hold the portfolio's lock, so
-- that no two of them see the same rows missing.
DROP INDEX transactions_import;
CREATE INDEX transactions_import ON fact_portfolio_transactions (account_id, import_key) WHERE import_key IS NOT NULL;

-- What was recorded one by one under the source's own id. Imported rows are found by their keys.
CREATE INDEX transactions_external ON fact_portfolio_transactions (portfolio_id, account_id, external_id)
    WHERE external_id IS NOT NULL AND import_key IS NULL;
