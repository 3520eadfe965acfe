-- From which day on each version differs from the one before: what was computed for earlier days still holds. Null where
-- nothing differs; a version without a row may differ anywhere.
CREATE TABLE meta_market_change (
    version bigint PRIMARY KEY,
    changed_from date
);

-- What has been promoted since the version in force: it is in force with the next one.
ALTER TABLE meta_market_version ADD COLUMN pending_from date;

DO $$
DECLARE
    base_role text := format('pa_%s_base', current_setting('installation.tag'));
    market_role text := format('pa_%s_market', current_setting('installation.tag'));
BEGIN
    EXECUTE format('GRANT SELECT ON meta_market_change TO %I', base_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON meta_market_change TO %I', market_role);
END
$$;
