-- What a portfolio had, as it had been recorded at an instant, asked of a job because booking it takes long. Each question
-- once. All of this is appended and never changed.
CREATE TABLE replay (
    id uuid PRIMARY KEY,
    portfolio_id uuid NOT NULL REFERENCES portfolio (id),
    known_at timestamptz NOT NULL,
    as_of date NOT NULL,
    -- By which rules of booking: others may answer otherwise.
    calculation_version integer NOT NULL,
    requested_at timestamptz NOT NULL,
    requested_by uuid NOT NULL,
    UNIQUE (portfolio_id, known_at, as_of, calculation_version)
);
CREATE INDEX replay_portfolio ON replay (portfolio_id, id);

-- How it went: the last event says how a replay stands, and one that is done stays done.
CREATE TABLE replay_event (
    replay_id uuid NOT NULL REFERENCES replay (id),
    number bigint NOT NULL,
    status text NOT NULL CHECK (status IN ('QUEUED', 'RUNNING', 'DONE', 'FAILED')),
    rows_booked bigint NOT NULL,
    rows_total bigint,
    message text,
    market_version bigint,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (replay_id, number),
    CHECK ((status = 'FAILED') = (message IS NOT NULL)),
    CHECK (status <> 'DONE' OR rows_booked = rows_total)
);
CREATE UNIQUE INDEX replay_event_done ON replay_event (replay_id) WHERE status = 'DONE';

-- The answer, which comes in one transaction with the event that says that it is there.
CREATE TABLE replay_position (
    replay_id uuid NOT NULL REFERENCES replay (id),
    account_id uuid NOT NULL,
    instrument_id uuid NOT NULL,
    quantity numeric NOT NULL,
    cost_local numeric NOT NULL,
    cost_base numeric NOT NULL,
    realized_local numeric NOT NULL,
    realized_base numeric NOT NULL,
    income_local numeric NOT NULL,
    income_base numeric NOT NULL,
    withholding_base numeric NOT NULL,
    fees_base numeric NOT NULL,
    taxes_base numeric NOT NULL,
    expensed_base numeric NOT NULL,
    PRIMARY KEY (replay_id, account_id, instrument_id)
);
CREATE TABLE replay_lot (
    replay_id uuid NOT NULL REFERENCES replay (id),
    opened_on date NOT NULL,
    transaction_id uuid NOT NULL,
    account_id uuid NOT NULL,
    instrument_id uuid NOT NULL,
    ordinal integer NOT NULL,
    quantity_opened numeric NOT NULL,
    quantity_remaining numeric NOT NULL,
    cost_local numeric NOT NULL,
    cost_base numeric NOT NULL,
    PRIMARY KEY (replay_id, opened_on, transaction_id, account_id, instrument_id, ordinal)
);
CREATE TABLE replay_cash (
    replay_id uuid NOT NULL REFERENCES replay (id),
    account_id uuid NOT NULL,
    currency text NOT NULL,
    amount numeric NOT NULL,
    unsettled numeric NOT NULL,
    interest_base numeric NOT NULL,
    fees_base numeric NOT NULL,
    taxes_base numeric NOT NULL,
    PRIMARY KEY (replay_id, account_id, currency)
);

DO $$
DECLARE
    tenant_role text := current_schema();
BEGIN
    EXECUTE format(
        'GRANT SELECT, INSERT ON replay, replay_event, replay_position, replay_lot, replay_cash TO %I',
        tenant_role
    );
END
$$;
