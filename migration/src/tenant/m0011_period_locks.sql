-- Until when a portfolio's books are closed. Append-only: the latest row of a portfolio rules, null opens all of it again.
CREATE TABLE period_lock (
    id uuid PRIMARY KEY,
    portfolio_id uuid NOT NULL REFERENCES portfolio (id),
    locked_through date,
    note text,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL
);
CREATE INDEX period_lock_portfolio ON period_lock (portfolio_id, recorded_at);

DO $$
DECLARE
    tenant_role text := current_schema();
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON period_lock TO %I', tenant_role);
END
$$;
