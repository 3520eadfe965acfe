//! The statements that read, check and promote a provider's list of instruments, in their order.

pub(super) const FORGET: &str = "DELETE FROM stg_instrument_read";

/// What no instrument can be made of. A row is held for the first of these that is so.
pub(super) const HOLD: &str = "
INSERT INTO meta_data_quality (run_id, line, dataset, finding, detail)
SELECT run_id, line, 'instruments', finding, format('symbol %s, market %s, class %s', symbol, mic, asset_class)
FROM (
    SELECT s.*, CASE
        WHEN s.broken = 'COLUMNS' THEN 'WRONG_COLUMNS'
        WHEN s.symbol = '' THEN 'SYMBOL_MISSING'
        WHEN s.asset_class NOT IN ('equity', 'etf', 'fund', 'index', 'crypto', 'fx') THEN 'UNKNOWN_TYPE'
        WHEN row_number() OVER (PARTITION BY s.symbol, s.mic ORDER BY s.line) > 1 THEN 'DUPLICATE'
    END AS finding
    FROM stg_instrument s
    WHERE s.run_id = $1
) checked
WHERE finding IS NOT NULL";

/// Sectors, industry groups and industries by the names that the list has. Of an industry without a group the sector is the parent.
pub(super) const SECTORS: &str = "
WITH named AS (
    SELECT DISTINCT sector, industry_group, industry,
        trim('_' FROM upper(regexp_replace(sector, '[^A-Za-z0-9]+', '_', 'g'))) AS s,
        trim('_' FROM upper(regexp_replace(industry_group, '[^A-Za-z0-9]+', '_', 'g'))) AS g,
        trim('_' FROM upper(regexp_replace(industry, '[^A-Za-z0-9]+', '_', 'g'))) AS i
    FROM stg_instrument
    WHERE run_id = $1 AND sector IN (
        'Communication Services', 'Consumer Discretionary', 'Consumer Staples', 'Energy', 'Financials', 'Health Care',
        'Industrials', 'Information Technology', 'Materials', 'Real Estate', 'Utilities'
    )
)
INSERT INTO dim_sector (code, name, parent_code, level, scheme)
SELECT s, min(sector), NULL, 'SECTOR', 'GICS_LIKE' FROM named GROUP BY s
UNION ALL
SELECT s || '.' || g, min(industry_group), s, 'INDUSTRY_GROUP', 'GICS_LIKE' FROM named WHERE g <> '' GROUP BY s, g
UNION ALL
SELECT concat(s, '.', coalesce(nullif(g, ''), '-'), '.', i), min(industry), concat(s, '.' || nullif(g, '')), 'INDUSTRY', 'GICS_LIKE'
FROM named WHERE i <> '' GROUP BY s, g, i
ON CONFLICT (code) DO NOTHING";

/// Hundredths of a currency as they are quoted, and what is traded everywhere or nowhere. Clean prices are in the currency itself:
/// the unit is what a price that does not say its own is read in.
pub(super) const READ: &str = "
WITH sectors AS (
    SELECT sector, industry_group, industry, sector_code, CASE
        WHEN i <> '' THEN concat(sector_code, '.', coalesce(nullif(g, ''), '-'), '.', i)
        WHEN g <> '' THEN sector_code || '.' || g
        ELSE sector_code
    END AS industry_code
    FROM (
        SELECT DISTINCT sector, industry_group, industry,
            trim('_' FROM upper(regexp_replace(sector, '[^A-Za-z0-9]+', '_', 'g'))) AS sector_code,
            trim('_' FROM upper(regexp_replace(industry_group, '[^A-Za-z0-9]+', '_', 'g'))) AS g,
            trim('_' FROM upper(regexp_replace(industry, '[^A-Za-z0-9]+', '_', 'g'))) AS i
        FROM stg_instrument WHERE run_id = $1 AND sector <> ''
    ) named
)
INSERT INTO stg_instrument_read (line, id, symbol, name, asset_type, mic, country, currency, quote_unit, price_multiplier,
    isin, cusip, figi, sector_code, industry_code, delisted)
SELECT s.line, s.new_id, s.symbol, nullif(s.name, ''), k.asset_type,
    coalesce(x.mic, CASE WHEN s.asset_class = 'crypto' THEN '24X7' ELSE 'XXXX' END),
    coalesce(n.code, substring(s.country FROM '^[A-Z]{2}$')),
    coalesce(c.code, 'XXX'), CASE WHEN s.currency = '' THEN 'XXX' ELSE s.currency END, 1,
    CASE WHEN s.broken !~ 'ISIN' THEN nullif(s.isin, '') END,
    CASE WHEN s.broken !~ 'CUSIP' THEN nullif(s.cusip, '') END,
    CASE WHEN s.broken !~ 'FIGI' THEN nullif(s.figi, '') END,
    widest.code, narrowest.code,
    CASE s.delisted WHEN '1' THEN true WHEN '0' THEN false END
FROM stg_instrument s
JOIN (VALUES ('equity', 'STOCK'), ('etf', 'ETF'), ('fund', 'FUND'), ('index', 'INDEX'), ('crypto', 'CRYPTO'), ('fx', 'CURRENCY'))
    AS k (asset_class, asset_type) USING (asset_class)
LEFT JOIN dim_exchange x ON x.mic = s.mic
LEFT JOIN (VALUES ('GBX', 'GBP'), ('GBp', 'GBP'), ('ILA', 'ILS'), ('ZAC', 'ZAR'), ('ZAc', 'ZAR'))
    AS u (quoted, currency) ON u.quoted = s.currency
LEFT JOIN dim_currency c ON c.code = coalesce(u.currency, s.currency)
LEFT JOIN unnest($2::text[], $3::text[]) AS n (name, code) ON n.name = s.country
LEFT JOIN sectors d ON (d.sector, d.industry_group, d.industry) = (s.sector, s.industry_group, s.industry)
LEFT JOIN dim_sector widest ON widest.code = d.sector_code
LEFT JOIN dim_sector narrowest ON narrowest.code = d.industry_code
WHERE s.run_id = $1
    AND NOT EXISTS (SELECT FROM meta_data_quality q WHERE q.run_id = s.run_id AND q.line = s.line)";

/// Of a run that has just been staged, statistics know nothing: joins one row at a time would look cheap, and take minutes.
pub(super) const JOIN_SETS: &str = "SET LOCAL enable_nestloop = off";
pub(super) const JOIN_FREELY: &str = "SET LOCAL enable_nestloop = on";

/// What is taken although something about it is not as it should be.
pub(super) const REPORT: &str = "
INSERT INTO meta_data_quality (run_id, line, dataset, severity, finding, detail)
SELECT s.run_id, s.line, 'instruments', 'WARNING', f.finding, format('symbol %s, market %s: %s', s.symbol, s.mic, f.detail)
FROM stg_instrument s
JOIN stg_instrument_read r USING (line)
CROSS JOIN LATERAL (VALUES
    (r.name IS NULL, 'NAME_MISSING', 'called by its symbol'),
    (s.mic = '' AND r.mic = 'XXXX' AND s.asset_class <> 'fx', 'MARKET_MISSING', 'on no market until one is delivered'),
    (s.mic <> '' AND r.mic <> s.mic, 'UNKNOWN_MARKET', 'on no market'),
    (s.currency = '', 'CURRENCY_MISSING', 'nothing that it is worth can be told'),
    (s.currency <> '' AND r.currency = 'XXX', 'UNKNOWN_CURRENCY', format('quoted in %s, which is no currency', s.currency)),
    (r.mic = 'XLON' AND s.currency = 'GBP', 'QUOTE_UNIT_UNCERTAIN', 'quotes in pounds may be in pence: each price has to say'),
    (s.broken <> '', 'WRONG_CHECK_DIGIT',
        format('left out %s of ISIN %s, CUSIP %s, FIGI %s', s.broken, s.isin, s.cusip, s.figi)),
    (s.country <> '' AND r.country IS NULL, 'UNKNOWN_COUNTRY', format('%s', s.country)),
    (s.sector <> '' AND r.sector_code IS NULL, 'UNKNOWN_SECTOR', format('%s', s.sector))
) f (is_so, finding, detail)
WHERE s.run_id = $1 AND f.is_so";

/// An ISIN or a CUSIP that several listings of one market in one currency have, a FIGI that several listings have: at most one of
/// them is right, and which one is not told. And a symbol on several markets, of which one is no longer traded there.
pub(super) const REPORT_SHARED: &str = "
INSERT INTO meta_data_quality (run_id, line, dataset, severity, finding, detail)
SELECT $1::uuid, line, 'instruments', 'WARNING', finding, detail
FROM (
    SELECT line, 'ISIN_SHARED' AS finding, format('ISIN %s is that of %s listings of %s in %s', isin, of_isin, mic, currency) AS detail
    FROM (SELECT *, count(*) OVER (PARTITION BY isin, mic, currency) AS of_isin FROM stg_instrument_read WHERE isin <> '') i
    WHERE of_isin > 1
    UNION ALL
    SELECT line, 'CUSIP_SHARED', format('CUSIP %s is that of %s listings of %s in %s', cusip, of_cusip, mic, currency)
    FROM (SELECT *, count(*) OVER (PARTITION BY cusip, mic, currency) AS of_cusip FROM stg_instrument_read WHERE cusip <> '') c
    WHERE of_cusip > 1
    UNION ALL
    SELECT line, 'FIGI_SHARED', format('FIGI %s is that of %s listings', figi, of_figi)
    FROM (SELECT *, count(*) OVER (PARTITION BY figi) AS of_figi FROM stg_instrument_read WHERE figi <> '') f
    WHERE of_figi > 1
    UNION ALL
    SELECT line, 'SYMBOL_MOVED', format('%s stands on %s markets, not traded any more on some', symbol, of_symbol)
    FROM (
        SELECT *, count(*) OVER of_same AS of_symbol, bool_or(delisted) OVER of_same AS some_gone
        FROM stg_instrument_read WINDOW of_same AS (PARTITION BY symbol)
    ) s
    WHERE of_symbol > 1 AND some_gone
) found";

/// Identifiers that are shared are nobody's.
pub(super) const DROP_SHARED: &str = "
UPDATE stg_instrument_read r SET
    isin = CASE WHEN k.of_isin = 1 THEN r.isin END,
    cusip = CASE WHEN k.of_cusip = 1 THEN r.cusip END,
    figi = CASE WHEN k.of_figi = 1 THEN r.figi END
FROM (
    SELECT line, count(*) OVER (PARTITION BY isin, mic, currency) AS of_isin,
        count(*) OVER (PARTITION BY cusip, mic, currency) AS of_cusip, count(*) OVER (PARTITION BY figi) AS of_figi
    FROM stg_instrument_read
) k
WHERE k.line = r.line
    AND (r.isin IS NOT NULL AND k.of_isin > 1 OR r.cusip IS NOT NULL AND k.of_cusip > 1 OR r.figi IS NOT NULL AND k.of_figi > 1)";

/// The instrument that is listed so. One that is no longer traded is another where its symbol has been given to another ISIN.
pub(super) const MATCH_LISTING: &str = "
UPDATE stg_instrument_read r SET id = m.id, is_known = true
FROM (
    SELECT DISTINCT ON (r.line) r.line, s.id
    FROM stg_instrument_read r JOIN dim_stock s ON s.symbol = r.symbol AND s.mic = r.mic
    WHERE NOT (s.delisted AND r.delisted IS DISTINCT FROM true AND s.isin <> r.isin)
    ORDER BY r.line, s.delisted, (s.isin = r.isin) DESC NULLS LAST
) m
WHERE m.line = r.line";

/// Where one of the two does not say the market, the symbol decides if only one has it.
pub(super) const MATCH_MARKET: &str = "
UPDATE stg_instrument_read r SET id = m.id, is_known = true, mic = m.mic
FROM (
    SELECT r.line, (array_agg(s.id))[1] AS id, CASE r.mic WHEN 'XXXX' THEN min(s.mic) ELSE r.mic END AS mic
    FROM stg_instrument_read r JOIN dim_stock s ON s.symbol = r.symbol AND s.asset_type = r.asset_type
    WHERE NOT r.is_known AND (r.mic = 'XXXX' OR s.mic = 'XXXX') AND NOT s.delisted
        AND NOT EXISTS (SELECT FROM stg_instrument_read k WHERE k.is_known AND k.id = s.id)
        AND r.symbol IN (SELECT k.symbol FROM stg_instrument_read k WHERE NOT k.is_known GROUP BY k.symbol HAVING count(*) = 1)
    GROUP BY r.line HAVING count(*) = 1
) m
WHERE m.line = r.line";

/// A listing that has got another symbol, by its FIGI, or by its ISIN on the same market in the same currency.
pub(super) const MATCH_IDENTIFIER: &str = "
WITH found AS (
    SELECT r.line, s.id
    FROM stg_instrument_read r
    JOIN dim_identifier f ON f.scheme = 'FIGI' AND f.value = r.figi AND f.valid_until IS NULL
    JOIN dim_stock s ON s.id = f.instrument_id AND s.asset_type = r.asset_type
    WHERE NOT r.is_known
    UNION
    SELECT r.line, s.id
    FROM stg_instrument_read r
    JOIN dim_stock s ON s.isin = r.isin AND s.mic = r.mic AND s.currency = r.currency AND s.asset_type = r.asset_type
    WHERE NOT r.is_known AND NOT s.delisted
), single AS (
    SELECT line, id, count(*) OVER (PARTITION BY line) AS of_line, count(*) OVER (PARTITION BY id) AS of_id FROM found
)
UPDATE stg_instrument_read r SET id = m.id, is_known = true
FROM single m
WHERE m.line = r.line AND m.of_line = 1 AND m.of_id = 1
    AND NOT EXISTS (SELECT FROM stg_instrument_read k WHERE k.is_known AND k.id = m.id)";

/// The same listing with another ISIN is the same security only if its FIGI is the same.
pub(super) const HOLD_IDENTITY: &str = "
INSERT INTO meta_data_quality (run_id, line, dataset, finding, detail)
SELECT $1::uuid, r.line, 'instruments', 'IDENTITY_CHANGED',
    format('symbol %s, market %s: ISIN %s, known with %s', r.symbol, r.mic, r.isin, s.isin)
FROM stg_instrument_read r JOIN dim_stock s ON s.id = r.id
WHERE r.is_known AND s.isin <> r.isin AND NOT EXISTS (
    SELECT FROM dim_identifier f
    WHERE f.instrument_id = s.id AND f.scheme = 'FIGI' AND f.value = r.figi AND f.valid_until IS NULL
)";

pub(super) const DROP_HELD: &str = "
DELETE FROM stg_instrument_read r USING meta_data_quality q
WHERE q.run_id = $1 AND q.line = r.line AND q.finding = 'IDENTITY_CHANGED'";

/// What was priced in one currency is not read in another: the prices that are known would be wrong.
pub(super) const REPORT_CURRENCY: &str = "
INSERT INTO meta_data_quality (run_id, line, dataset, severity, finding, detail)
SELECT $1::uuid, r.line, 'instruments', 'WARNING', 'CURRENCY_CHANGED',
    format('symbol %s, market %s: quoted in %s, stays in %s', r.symbol, r.mic, r.quote_unit, s.quote_unit)
FROM stg_instrument_read r JOIN dim_stock s ON s.id = r.id
WHERE r.is_known AND r.currency <> 'XXX' AND s.currency <> 'XXX'
    AND r.currency <> s.currency";

/// What is traded again had no price since the day on which it was delisted: what was valued since is valued again.
pub(super) const NOTE_RELISTED: &str = "
UPDATE meta_market_version SET pending_from = least(pending_from, (
    SELECT min(s.delisted_on) FROM stg_instrument_read r JOIN dim_stock s ON s.id = r.id
    WHERE r.is_known AND NOT r.delisted
))";

/// Symbols may move in a circle, and are unique at every moment.
pub(super) const FREE_SYMBOLS: &str = "
UPDATE dim_stock s SET symbol = s.id::text
FROM stg_instrument_read r
WHERE r.is_known AND r.id = s.id AND (s.symbol, s.mic) IS DISTINCT FROM (r.symbol, r.mic)";

/// What is not delivered stays as it is known.
pub(super) const REVISE: &str = "
UPDATE dim_stock s SET
    symbol = r.symbol, mic = r.mic, name = coalesce(r.name, s.name), country = coalesce(r.country, s.country),
    asset_type = n.asset_type, currency = n.currency, quote_unit = n.quote_unit,
    isin = coalesce(r.isin, s.isin), sector_code = coalesce(r.sector_code, s.sector_code),
    industry_code = CASE WHEN r.sector_code IS NULL THEN s.industry_code ELSE r.industry_code END,
    delisted = n.delisted, delisted_on = CASE WHEN n.delisted THEN s.delisted_on END
FROM stg_instrument_read r
JOIN dim_stock k ON k.id = r.id
CROSS JOIN LATERAL (
    SELECT coalesce(r.delisted, k.delisted) AS delisted,
        CASE WHEN k.asset_type IN ('STOCK', 'ETF', 'FUND') AND r.asset_type IN ('STOCK', 'ETF', 'FUND')
            THEN r.asset_type ELSE k.asset_type END AS asset_type,
        CASE WHEN k.currency = 'XXX' THEN r.currency ELSE k.currency END AS currency,
        CASE WHEN k.currency IN ('XXX', r.currency) THEN r.quote_unit ELSE k.quote_unit END AS quote_unit
) n
WHERE r.is_known AND s.id = r.id AND (
    s.symbol, s.mic, s.name, s.country, s.asset_type, s.currency, s.quote_unit, s.isin, s.sector_code,
    s.industry_code, s.delisted
) IS DISTINCT FROM (
    r.symbol, r.mic, coalesce(r.name, s.name), coalesce(r.country, s.country), n.asset_type, n.currency, n.quote_unit,
    coalesce(r.isin, s.isin), coalesce(r.sector_code, s.sector_code),
    CASE WHEN r.sector_code IS NULL THEN s.industry_code ELSE r.industry_code END, n.delisted
)";

pub(super) const ADD: &str = "
INSERT INTO dim_stock (id, symbol, name, asset_type, mic, country, currency, quote_unit, price_multiplier, isin, sector_code,
    industry_code, delisted, price_source, created_at)
SELECT id, symbol, coalesce(name, symbol), asset_type, mic, country, currency, quote_unit, price_multiplier, isin, sector_code,
    industry_code, coalesce(delisted, false), 'EXCHANGE', $1::timestamptz
FROM stg_instrument_read
WHERE NOT is_known";

/// The ticker of what is no longer traded ends where another has taken it.
pub(super) const END_REUSED: &str = "
UPDATE dim_identifier i SET valid_until = $1
FROM stg_instrument_read r, dim_stock old
WHERE NOT r.is_known AND i.scheme = 'TICKER' AND i.value = r.symbol AND i.qualifier = r.mic AND i.instrument_id <> r.id
    AND i.valid_until IS NULL AND (i.valid_from IS NULL OR i.valid_from < $1) AND old.id = i.instrument_id AND old.delisted";

/// An identifier that is another than before holds from today on, and the one before until then. What was known of no market, or
/// since today only, is replaced.
pub(super) const IDENTIFY: &str = "
WITH wanted AS (
    SELECT r.id, v.scheme, v.value, v.qualifier, EXISTS (
        SELECT FROM dim_identifier o
        WHERE NOT r.is_known AND o.scheme = v.scheme AND o.value = v.value AND o.qualifier = v.qualifier
            AND v.scheme = 'TICKER' AND o.valid_until = $1
    ) AS is_reused
    FROM stg_instrument_read r
    CROSS JOIN LATERAL (
        VALUES ('TICKER', r.symbol, r.mic), ('ISIN', r.isin, ''), ('CUSIP', r.cusip, ''), ('FIGI', r.figi, '')
    ) v (scheme, value, qualifier)
    WHERE v.value IS NOT NULL AND NOT EXISTS (
        SELECT FROM dim_identifier i
        WHERE i.instrument_id = r.id AND i.scheme = v.scheme AND i.value = v.value AND i.qualifier = v.qualifier
            AND i.valid_until IS NULL
    )
), former AS (
    SELECT i.id, i.instrument_id, i.scheme, i.valid_from, i.qualifier = 'XXXX' OR coalesce(i.valid_from >= $1, false) AS is_replaced
    FROM dim_identifier i JOIN wanted w ON w.id = i.instrument_id AND w.scheme = i.scheme
    WHERE i.valid_until IS NULL AND coalesce(i.valid_from <= $1, true)
), replaced AS (
    DELETE FROM dim_identifier i USING former f WHERE f.id = i.id AND f.is_replaced
), ended AS (
    UPDATE dim_identifier i SET valid_until = $1 FROM former f WHERE f.id = i.id AND NOT f.is_replaced
)
INSERT INTO dim_identifier (instrument_id, scheme, value, qualifier, valid_from)
SELECT w.id, w.scheme, w.value, w.qualifier, CASE WHEN w.is_reused THEN $1::date ELSE (
    SELECT max(CASE WHEN f.is_replaced THEN f.valid_from ELSE $1::date END)
    FROM former f WHERE f.instrument_id = w.id AND f.scheme = w.scheme
) END
FROM wanted w";
