-- A back-dated entry changes all later rows of its holding and of its balance: each index is one more thing to write for each of
-- them. Both are found by the primary key: the accounts of a portfolio, what each holds, and the row of a day.
DROP INDEX fact_daily_positions_portfolio;
DROP INDEX fact_daily_positions_ended;
DROP INDEX fact_daily_cash_portfolio;

-- Rows that an edit changes are updated where they are: beside each there is room for the next, so that no index is written.
ALTER TABLE lot SET (fillfactor = 50);
ALTER TABLE fact_daily_positions SET (fillfactor = 50);
ALTER TABLE fact_daily_cash SET (fillfactor = 50);

-- A tenth of its size without the day and the order in it. An instrument's rows are sorted where they are read, and no index
-- of a ledger that has just grown looks cheaper than this one.
DROP INDEX transactions_instrument;
CREATE INDEX transactions_instrument ON fact_portfolio_transactions (portfolio_id, instrument_id);
