-- Whoever is shown an older price may know that a newer one waits for a decision: that it does, since when and why, not what was delivered.
DO $$
BEGIN
    EXECUTE format('GRANT SELECT (instrument_id, dataset, date, state, findings, held_at) ON stg_held_row TO %I',
        format('pa_%s_base', current_setting('installation.tag')));
END
$$;
