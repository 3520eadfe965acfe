-- Instruments that this firm alone knows, in the shape of the market's. Their prices are entered by hand.
CREATE TABLE dim_private_instrument (
    id uuid PRIMARY KEY,
    symbol text NOT NULL UNIQUE,
    name text NOT NULL,
    asset_type text NOT NULL CHECK (asset_type IN ('STOCK', 'ETF', 'FUND', 'CRYPTO', 'BOND', 'PRIVATE')),
    currency text NOT NULL,
    country text,
    isin text,
    sector_code text,
    price_multiplier numeric NOT NULL CHECK (price_multiplier > 0),
    coupon_rate numeric CHECK (coupon_rate >= 0),
    coupon_frequency smallint CHECK (coupon_frequency IN (0, 1, 2, 4, 12)),
    day_count text
        CHECK (day_count IN ('THIRTY_360', 'THIRTY_E_360', 'ACT_360', 'ACT_365_FIXED', 'ACT_ACT_ICMA', 'ACT_ACT_ISDA')),
    maturity date,
    face numeric CHECK (face > 0),
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (num_nonnulls(coupon_rate, coupon_frequency, day_count, maturity, face) IN (0, 5))
);

-- Prices that count for this firm in place of the market's, on every day of a range. Append-only: the latest row for a day rules,
-- one without a price gives the day back to the market.
CREATE TABLE price_override (
    id uuid PRIMARY KEY,
    instrument_id uuid NOT NULL,
    valid_from date NOT NULL,
    valid_until date NOT NULL,
    price numeric CHECK (price > 0),
    reason text NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    CHECK (valid_until > valid_from)
);
CREATE INDEX price_override_instrument ON price_override (instrument_id, recorded_at);

DO $$
DECLARE
    tenant_role text := current_schema();
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON dim_private_instrument TO %I', tenant_role);
    EXECUTE format('GRANT SELECT, INSERT ON price_override TO %I', tenant_role);
END
$$;
