-- Limits that the firm sets on what portfolios are made of: on a measure, of one part of it by `key` or of the largest, of the largest
-- `top` together.
CREATE TABLE xray_rule (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    measure text NOT NULL CHECK (
        measure IN ('HOLDING_SHARE', 'ASSET_TYPE_SHARE', 'SECTOR_SHARE', 'COUNTRY_SHARE', 'REGION_SHARE', 'CURRENCY_SHARE', 'TOP_SHARE',
            'CASH_SHARE', 'HERFINDAHL_INDEX', 'EFFECTIVE_NUMBER')
    ),
    key text,
    top smallint CHECK ((top IS NULL) = (measure <> 'TOP_SHARE')),
    bound text NOT NULL CHECK (bound IN ('AT_MOST', 'AT_LEAST')),
    threshold double precision NOT NULL CHECK (threshold >= 0),
    set_at timestamptz NOT NULL,
    set_by uuid NOT NULL
);

DO $$
DECLARE
    tenant_role text := current_schema();
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON xray_rule TO %I', tenant_role);
END
$$;
