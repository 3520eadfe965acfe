-- Cash dividends beside splits. An action has an id, which rows of ledgers that are the same event carry. A special dividend is
-- another action than the ordinary one, also on the same day.
ALTER TABLE fact_corporate_action
    ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    ADD COLUMN pay_date date,
    -- Per unit held before the ex-date.
    ADD COLUMN amount numeric,
    ADD COLUMN currency text REFERENCES dim_currency (code),
    ALTER COLUMN numerator DROP NOT NULL,
    ALTER COLUMN denominator DROP NOT NULL,
    DROP CONSTRAINT fact_corporate_action_type_check,
    ADD CONSTRAINT fact_corporate_action_type_check CHECK (type IN ('SPLIT', 'CASH_DIVIDEND', 'SPECIAL_DIVIDEND')),
    ADD CONSTRAINT fact_corporate_action_columns_check CHECK (
        CASE type WHEN 'SPLIT' THEN numerator IS NOT NULL AND denominator IS NOT NULL AND amount IS NULL
        ELSE amount IS NOT NULL AND amount > 0 AND currency IS NOT NULL AND numerator IS NULL AND denominator IS NULL END
    ),
    ADD CONSTRAINT fact_corporate_action_pay_date_check CHECK (pay_date >= ex_date);

CREATE TABLE stg_dividend (
    run_id uuid NOT NULL,
    line integer NOT NULL,
    provider text NOT NULL,
    symbol text,
    type text,
    ex_date text,
    pay_date text,
    amount text,
    currency text,
    fetched_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, line)
);

DO $$
DECLARE
    market_role text := format('pa_%s_market', current_setting('installation.tag'));
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON stg_dividend TO %I', market_role);
END
$$;
