-- Scenarios that the firm's people keep to stress portfolios by: a window of history, or shocks that come together.
CREATE TABLE stress_scenario (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    history_window text CHECK (
        history_window IN ('RUSSIA_1998', 'TECHNOLOGY_2000', 'FINANCIAL_2008', 'DEBT_2011', 'TAPER_2013', 'QUARTER_2018',
            'PANDEMIC_2020', 'INFLATION_2022')
    ),
    saved_at timestamptz NOT NULL,
    saved_by uuid NOT NULL
);

-- What a shock is on: the code or id of what `kind` says, nothing of rates. A change is a fraction, of rates in basis points.
CREATE TABLE stress_shock (
    scenario_id uuid NOT NULL REFERENCES stress_scenario (id),
    ordinal smallint NOT NULL,
    kind text NOT NULL
        CHECK (kind IN ('ASSET_TYPE', 'COUNTRY', 'SECTOR', 'INSTRUMENT', 'CURRENCY', 'MARKET', 'RATES')),
    key text CHECK ((key IS NULL) = (kind = 'RATES')),
    change double precision NOT NULL CHECK (kind = 'RATES' OR change >= -1),
    PRIMARY KEY (scenario_id, ordinal)
);

DO $$
DECLARE
    tenant_role text := current_schema();
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON stress_scenario TO %I', tenant_role);
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON stress_shock TO %I', tenant_role);
END
$$;
