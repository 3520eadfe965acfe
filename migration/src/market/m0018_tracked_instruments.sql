-- What somebody holds, without a word of who: the instruments that providers are asked for.
CREATE TABLE meta_tracked_instrument (
    instrument_id uuid PRIMARY KEY REFERENCES dim_stock (id),
    -- When somebody was last known to hold it.
    held_on date NOT NULL
);

-- For tenants' roles, which write nothing else here. Ids of other instruments, such as a tenant's own, are passed over. The
-- underlying of an option is asked for too. Rows that say so already are not touched: tenants would wait for each other.
CREATE FUNCTION track_instruments(ids uuid[], day date) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO market.meta_tracked_instrument (instrument_id, held_on)
    SELECT DISTINCT named.id, day
    FROM market.dim_stock i CROSS JOIN LATERAL (VALUES (i.id), (i.underlying_id)) AS named (id)
    WHERE i.id = ANY (ids) AND named.id IS NOT NULL
        AND NOT EXISTS (SELECT FROM market.meta_tracked_instrument t WHERE t.instrument_id = named.id AND t.held_on >= day)
    ORDER BY named.id
    ON CONFLICT (instrument_id) DO UPDATE SET held_on = greatest(meta_tracked_instrument.held_on, excluded.held_on)
$$;
REVOKE EXECUTE ON FUNCTION track_instruments(uuid[], date) FROM PUBLIC;

DO $$
DECLARE
    base_role text := format('pa_%s_base', current_setting('installation.tag'));
    market_role text := format('pa_%s_market', current_setting('installation.tag'));
BEGIN
    EXECUTE format('GRANT EXECUTE ON FUNCTION track_instruments(uuid[], date) TO %I', base_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON meta_tracked_instrument TO %I', market_role);
END
$$;
