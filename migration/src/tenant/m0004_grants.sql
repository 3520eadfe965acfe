-- The tenant's role is named as its schema. What is a record can be added to and read, never changed or removed.
DO $$
DECLARE
    tenant_role text := current_schema();
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', tenant_role, tenant_role);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', tenant_role, tenant_role);
    EXECUTE format(
        'GRANT INSERT ON dim_user, credential, session, audit_log, idempotency_key, meta_system_config, portfolio, account, manual_price, import_batch, fact_portfolio_transactions TO %I',
        tenant_role
    );
    EXECUTE format(
        'GRANT UPDATE ON dim_user, credential, session, idempotency_key, meta_system_config, portfolio, account TO %I',
        tenant_role
    );
    EXECUTE format(
        'GRANT INSERT, UPDATE, DELETE ON lot, lot_match, fact_daily_positions, fact_daily_cash, fact_daily_flows, fact_performance_metrics TO %I',
        tenant_role
    );
END
$$;
