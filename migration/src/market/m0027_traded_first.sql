-- A symbol that is used again names what is traded: a delisted instrument of that symbol counts only where nothing else has it.
CREATE OR REPLACE FUNCTION find_instrument(asked uuid, its_symbol text, its_mic text, OUT id uuid, OUT candidates bigint)
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN counted.candidates = 1 THEN counted.first END, counted.candidates
    FROM (
        SELECT (array_agg(found.id ORDER BY found.delisted, found.id))[1] AS first,
            coalesce(nullif(count(*) FILTER (WHERE NOT found.delisted), 0), count(*)) AS candidates
        FROM (
            SELECT i.id, i.delisted FROM market.dim_stock i WHERE i.id = asked
            UNION ALL
            SELECT i.id, i.delisted FROM market.dim_stock i
            WHERE asked IS NULL AND i.symbol = its_symbol AND (coalesce(its_mic, '') = '' OR i.mic = its_mic)
        ) found
    ) counted
$$;
