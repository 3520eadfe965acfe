-- Of markets that pause in the middle of the day.
ALTER TABLE dim_exchange_session
    ADD COLUMN break_starts_at timestamptz,
    ADD COLUMN break_ends_at timestamptz,
    ADD COLUMN late_open boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT a_break_is_inside CHECK (
        (break_starts_at IS NULL) = (break_ends_at IS NULL)
        AND (break_starts_at IS NULL OR opens_at < break_starts_at AND break_starts_at < break_ends_at
            AND break_ends_at < closes_at)
    );
