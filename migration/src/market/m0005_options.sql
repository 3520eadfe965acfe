-- What a contract of an option is about: all of it or nothing.
ALTER TABLE dim_stock
    ADD COLUMN underlying_id uuid REFERENCES dim_stock (id),
    ADD COLUMN option_right text CHECK (option_right IN ('CALL', 'PUT')),
    ADD COLUMN strike numeric CHECK (strike >= 0),
    ADD COLUMN units_per_contract numeric CHECK (units_per_contract > 0),
    ADD COLUMN expiry date;
ALTER TABLE dim_stock ADD CONSTRAINT dim_stock_option
    CHECK (num_nonnulls(underlying_id, option_right, strike, units_per_contract, expiry) IN (0, 5));
