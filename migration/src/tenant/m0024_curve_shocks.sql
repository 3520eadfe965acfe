-- A curve of yields may shift at some tenors: the key is the tenor, such as 10Y.
ALTER TABLE stress_shock DROP CONSTRAINT stress_shock_kind_check, DROP CONSTRAINT stress_shock_check, DROP CONSTRAINT stress_shock_check1;
ALTER TABLE stress_shock
    ADD CONSTRAINT stress_shock_kind CHECK (
        kind IN ('ASSET_TYPE', 'COUNTRY', 'SECTOR', 'INSTRUMENT', 'CURRENCY', 'MARKET', 'RATES', 'RATES_AT')
    ),
    ADD CONSTRAINT stress_shock_key CHECK ((key IS NULL) = (kind = 'RATES')),
    ADD CONSTRAINT stress_shock_change CHECK (kind IN ('RATES', 'RATES_AT') OR change >= -1);
