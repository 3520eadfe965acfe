-- By which state of the market's corporate actions a portfolio is booked: older books are made anew where a later action is of an
-- instrument in its ledger. Written by whoever has locked the portfolio.
CREATE TABLE portfolio_booked (
    portfolio_id uuid PRIMARY KEY,
    market_version bigint NOT NULL
);

DO $$
DECLARE
    tenant_role text := current_schema();
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON portfolio_booked TO %I', tenant_role);
END
$$;

-- Books that are older than this table may lack everything that the market did.
INSERT INTO portfolio_booked (portfolio_id, market_version)
SELECT id, -1 FROM portfolio;
INSERT INTO platform.job (id, tenant_id, kind, key, state, enqueued_at, run_at)
SELECT gen_random_uuid(), t.id, 'daily_facts', '', 'WAITING', now(), now()
FROM platform.tenant t
WHERE t.schema_name = current_schema() AND EXISTS (SELECT FROM portfolio_booked);
