DO $$
DECLARE
    base_role text := format('pa_%s_base', current_setting('installation.tag'));
    market_role text := format('pa_%s_market', current_setting('installation.tag'));
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA market TO %I, %I', base_role, market_role);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA market TO %I', base_role);
    EXECUTE format('REVOKE SELECT ON stg_stock_price, stg_market_data, stg_financial_news FROM %I', base_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA market TO %I', market_role);
END
$$;
