//! The statements that take prices of a run from staging to the clean facts, in the order in which they run.
//!
//! They work on sets: what a row is compared with is joined by its instrument, one row of `meta_price_series` each.

/// Cells as delivered.
pub(super) const STAGE: &str = "COPY stg_stock_price (run_id, line, provider, fetched_at, instrument_id, symbol, mic, date, \
    open, high, low, close, adjusted_close, volume, currency, split_adjusted_until) FROM STDIN";

/// Where the rows of this run stand while they are looked at. Nobody has counted what is staged: a planner that guesses that it is one row
/// joins it row by row to whole tables. So nothing is, but where each row is looked up by a key ([`COMPARE`], [`COMPLETE`]).
pub(super) const OPEN: &str = "
SET LOCAL work_mem = '128MB';
SET LOCAL enable_nestloop = off;
CREATE TEMP TABLE IF NOT EXISTS read_price (
    line integer NOT NULL, instrument_id uuid, candidates bigint, mic text, wrong_symbol boolean, day date,
    open numeric, high numeric, low numeric, close numeric, volume numeric, adjusted_close double precision,
    quoted_in text, unit numeric, split_adjusted_until date
) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS checked_price (
    line integer NOT NULL, instrument_id uuid, candidates bigint, mic text, wrong_symbol boolean, day date,
    open numeric, high numeric, low numeric, close numeric, volume numeric, adjusted_close double precision,
    quoted_in text, unit numeric, status text, is_future boolean, no_session boolean, alike boolean, nth bigint,
    delivered bigint, anchor_day date, anchor numeric, step numeric, deviation double precision, unchanged_days integer,
    stored numeric, stored_status text, stored_version integer, stored_by text
) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS price_finding (
    line integer, instrument_id uuid, day date, finding text NOT NULL, severity text NOT NULL, detail text NOT NULL
) ON COMMIT DROP;
TRUNCATE read_price, checked_price, price_finding";

/// Reads cells, and finds the instrument: the one that was asked for, or that of symbol and market, or the only one of the symbol; of
/// those that are traded, where one is. Prices are kept in the instrument's currency: hundredths are converted exactly, and a price that
/// names no unit is in that which the market quotes in.
/// A delivered symbol may carry its market behind a dot, a colon or a dash, and write them for each other.
pub(super) const READ: &str = r"
INSERT INTO read_price
SELECT s.line, i.id, coalesce(alone.candidates, listed.candidates), i.mic,
    s.instrument_id IS NOT NULL AND s.symbol <> ''
        AND NOT starts_with(translate(upper(s.symbol), '.:/ ', '----') || '-', translate(upper(i.symbol), '.:/ ', '----') || '-')
        AND named.instrument_id IS NULL,
    read_day(s.date), read_number(nullif(s.open, '')) * q.factor, read_number(nullif(s.high, '')) * q.factor, read_number(nullif(s.low, '')) * q.factor,
    read_number(nullif(s.close, '')) * q.factor, read_number(nullif(s.volume, '')), read_number(nullif(s.adjusted_close, ''))::double precision * q.factor,
    i.currency, q.unit, s.split_adjusted_until
FROM stg_stock_price s
LEFT JOIN (
    SELECT symbol, (array_agg(id ORDER BY delisted, id))[1] AS id, coalesce(nullif(count(*) FILTER (WHERE NOT delisted), 0), count(*)) AS candidates
    FROM dim_stock GROUP BY symbol
) alone ON s.instrument_id IS NULL AND s.mic = '' AND alone.symbol = s.symbol
LEFT JOIN (
    SELECT symbol, mic, (array_agg(id ORDER BY delisted, id))[1] AS id, coalesce(nullif(count(*) FILTER (WHERE NOT delisted), 0), count(*)) AS candidates
    FROM dim_stock GROUP BY symbol, mic
) listed ON s.instrument_id IS NULL AND s.mic <> '' AND listed.symbol = s.symbol AND listed.mic = s.mic
LEFT JOIN dim_stock i ON i.id = coalesce(s.instrument_id, CASE WHEN listed.candidates = 1 THEN listed.id END,
    CASE WHEN alone.candidates = 1 THEN alone.id END)
LEFT JOIN (
    SELECT DISTINCT instrument_id, value FROM dim_identifier
) named ON named.instrument_id = s.instrument_id AND named.value = s.symbol
LEFT JOIN (VALUES ('GBp', 'GBP'), ('GBX', 'GBP'), ('ILA', 'ILS'), ('ILa', 'ILS'), ('ZAc', 'ZAR'), ('ZAC', 'ZAR')) hundredth (unit, currency)
    ON hundredth.unit = coalesce(nullif(s.currency, ''), i.quote_unit)
CROSS JOIN LATERAL (SELECT CASE
    WHEN s.currency = i.currency THEN 1
    WHEN hundredth.currency = i.currency THEN 0.01
    WHEN s.currency = '' THEN 1
END AS unit) u
CROSS JOIN LATERAL (SELECT u.unit, coalesce(u.unit, 1) AS factor) q
WHERE s.run_id = $1";

pub(super) const READ_DONE: &str = "ANALYZE read_price; SET LOCAL enable_nestloop = on";

/// Puts beside each row what is known: prices as traded by the splits until the day that they are adjusted to, the last close before
/// the delivery, splits since, what is stored of the day, the session. A price of before its session's close is provisional.
pub(super) const COMPARE: &str = "
INSERT INTO checked_price
WITH of_instrument AS (
    SELECT instrument_id, count(*) AS delivered, min(day) AS first
    FROM read_price WHERE instrument_id IS NOT NULL AND day IS NOT NULL GROUP BY instrument_id
), anchored AS (
    SELECT o.instrument_id, o.delivered, p.deviation, p.unchanged_days,
        CASE WHEN p.last_date < o.first THEN p.last_date ELSE earlier.date END AS anchor_day,
        CASE WHEN p.last_date < o.first THEN p.last_close ELSE earlier.close END AS anchor
    FROM of_instrument o
    LEFT JOIN meta_price_series p ON p.instrument_id = o.instrument_id
    LEFT JOIN LATERAL (
        SELECT f.date, f.close FROM fact_stock_price f
        WHERE f.instrument_id = o.instrument_id AND f.date < o.first AND p.last_date >= o.first
        ORDER BY f.date DESC LIMIT 1
    ) earlier ON true
), divided AS (
    SELECT r.line, product(a.numerator) AS numerator, product(a.denominator) AS denominator
    FROM read_price r JOIN fact_corporate_action a ON a.instrument_id = r.instrument_id AND a.type = 'SPLIT'
        AND a.ex_date > r.day AND a.ex_date <= r.split_adjusted_until
    WHERE r.split_adjusted_until IS NOT NULL GROUP BY r.line
), stepped AS (
    SELECT r.line, product(a.denominator) / product(a.numerator) AS step
    FROM read_price r JOIN anchored n ON n.instrument_id = r.instrument_id
    JOIN fact_corporate_action a ON a.instrument_id = r.instrument_id AND a.type = 'SPLIT'
        AND a.ex_date > n.anchor_day AND a.ex_date <= r.day
    GROUP BY r.line
), covered AS (
    SELECT m.mic, of_mic.first, of_mic.last
    FROM (SELECT DISTINCT mic FROM read_price WHERE mic IS NOT NULL) m
    CROSS JOIN LATERAL (
        SELECT min(d.date) AS first, max(d.date) AS last FROM dim_exchange_session d WHERE d.mic = m.mic
    ) of_mic
)
SELECT r.line, r.instrument_id, r.candidates, r.mic, r.wrong_symbol, r.day,
    raw.open, raw.high, raw.low, raw.close, r.volume, r.adjusted_close, r.quoted_in, r.unit,
    CASE WHEN d.closes_at > $1 OR d.date IS NULL AND c.first IS NULL AND r.day = ($1 AT TIME ZONE 'UTC')::date
        THEN 'P' ELSE 'F' END,
    CASE WHEN d.opens_at IS NOT NULL THEN d.opens_at > $1 ELSE r.day > ($1 AT TIME ZONE 'UTC')::date END,
    d.date IS NULL AND r.day BETWEEN c.first AND c.last,
    min(raw.close) OVER same = max(raw.close) OVER same,
    row_number() OVER (PARTITION BY r.instrument_id, r.day ORDER BY r.line),
    n.delivered, n.anchor_day, n.anchor, coalesce(s.step, 1), n.deviation, n.unchanged_days,
    f.close, f.status, f.version,
    CASE WHEN f.close <> raw.close THEN (
        SELECT l.provider FROM meta_refresh_log l WHERE l.version = f.version AND l.dataset = 'prices' AND l.rows_promoted > 0 LIMIT 1
    ) END
FROM read_price r
LEFT JOIN anchored n ON n.instrument_id = r.instrument_id
LEFT JOIN divided v ON v.line = r.line
LEFT JOIN stepped s ON s.line = r.line
LEFT JOIN covered c ON c.mic = r.mic
LEFT JOIN dim_exchange_session d ON d.mic = r.mic AND d.date = r.day
CROSS JOIN LATERAL (SELECT
    CASE WHEN v.line IS NULL THEN r.open ELSE round(r.open * v.numerator / v.denominator, 12) END AS open,
    CASE WHEN v.line IS NULL THEN r.high ELSE round(r.high * v.numerator / v.denominator, 12) END AS high,
    CASE WHEN v.line IS NULL THEN r.low ELSE round(r.low * v.numerator / v.denominator, 12) END AS low,
    CASE WHEN v.line IS NULL THEN r.close ELSE round(r.close * v.numerator / v.denominator, 12) END AS close
) raw
LEFT JOIN fact_stock_price f ON f.instrument_id = r.instrument_id AND f.date = r.day
WINDOW same AS (PARTITION BY r.instrument_id, r.day)";

pub(super) const COMPARED: &str = "ANALYZE checked_price; SET LOCAL enable_nestloop = off";

pub(super) const LOOK_UP: &str = "SET LOCAL enable_nestloop = on";

/// What is wrong with rows, each finding with its figures. What there is nothing to compare with is no suspicion, and never lifts
/// another. A row that is stored as it is has nothing new to be wrong. The larger deliveries of one instrument are looked at as series
/// besides, which tells what steps mean; `$2` is the most rows that are not. `OFFSET 0` has what is compared computed once a row.
/// The bounds are those of `domain::quality`: a hundred is 62 to 160, a jump is 10 deviations and 35 %.
pub(super) const FIND: &str = "
INSERT INTO price_finding
SELECT c.line, c.instrument_id, c.day, f.finding, f.severity, f.detail
FROM checked_price c
JOIN stg_stock_price s ON s.run_id = $1 AND s.line = c.line
CROSS JOIN LATERAL (SELECT
    c.close > 0 AND c.stored IS DISTINCT FROM c.close AS is_new,
    CASE WHEN c.close > 0 AND c.anchor > 0 AND c.delivered <= $2 THEN (c.close / (c.anchor * c.step))::double precision END AS ratio,
    CASE WHEN c.close > 0 AND c.anchor > 0 AND c.delivered <= $2 THEN (c.close / c.anchor)::double precision END AS plain,
    CASE WHEN c.close > 0 AND c.stored > 0 THEN (c.close / c.stored)::double precision END AS against,
    greatest(coalesce(c.deviation, 0.03), 0.005) * sqrt(greatest(1, (c.day - c.anchor_day) * 5 / 7)::double precision) AS spread,
    least(c.open, c.close) AS inner_low, greatest(c.open, c.close) AS inner_high
    OFFSET 0
) m
CROSS JOIN LATERAL (SELECT
    coalesce(abs(ln(nullif(m.ratio, 0))) BETWEEN ln(62) AND ln(160), false)
        OR coalesce(abs(ln(nullif(m.against, 0))) BETWEEN ln(62) AND ln(160), false) AS is_unit,
    coalesce(abs(ln(nullif(m.plain, 0))) < 0.1 AND abs(ln(c.step::double precision)) > 0.22, false) AS is_unadjusted,
    coalesce(c.step = 1 AND abs(ln(nullif(m.ratio, 0))) > 4 * m.spread, false) AND EXISTS (
        SELECT FROM (VALUES (2.0::double precision), (3), (4), (5), (8), (10), (15), (20), (25), (50)) simple (ratio)
        WHERE abs(abs(ln(nullif(m.ratio, 0))) - ln(simple.ratio)) < 0.04
    ) AS is_split
    OFFSET 0
) k
CROSS JOIN LATERAL (VALUES
    ('INVALID_DATE', 'ERROR', CASE WHEN c.day IS NULL THEN format('the date \"%s\" is no day', left(s.date, 40)) END),
    ('INVALID_PRICE', 'ERROR', CASE WHEN c.close IS NULL THEN format('the close \"%s\" is no number', left(s.close, 40)) END),
    ('AMBIGUOUS_SYMBOL', 'ERROR', CASE WHEN c.instrument_id IS NULL AND c.candidates > 1 THEN
        format('%s instruments are called \"%s\", and no market is given', c.candidates, left(s.symbol, 40)) END),
    ('UNKNOWN_SYMBOL', 'ERROR', CASE WHEN c.instrument_id IS NULL AND c.candidates IS NULL THEN
        format('no instrument is called \"%s\"%s', left(s.symbol, 40), CASE WHEN s.mic <> '' THEN ' at ' || left(s.mic, 10) ELSE '' END)
        END),
    ('WRONG_SYMBOL', 'ERROR', CASE WHEN c.wrong_symbol THEN
        format('\"%s\" was delivered where another instrument was asked for', left(s.symbol, 40)) END),
    ('FUTURE_DATE', 'ERROR', CASE WHEN c.is_future THEN format('%s had not begun at %s', c.day, s.fetched_at) END),
    ('NOT_POSITIVE', 'ERROR', CASE WHEN c.close <= 0 THEN format('a close of %s', c.close) END),
    ('NO_SESSION', 'ERROR', CASE WHEN c.no_session THEN format('%s is no session of %s', c.day, c.mic) END),
    ('DUPLICATE', 'ERROR', CASE WHEN NOT c.alike
        AND c.instrument_id IS NOT NULL AND c.day IS NOT NULL THEN
        format('closes that differ were delivered for %s, this one is %s', c.day, c.close) END),
    ('DUPLICATE', 'WARNING', CASE WHEN c.alike AND c.nth > 1
        AND c.instrument_id IS NOT NULL AND c.day IS NOT NULL THEN format('the close of %s was delivered %s times', c.day, c.nth) END),
    ('OHLC_INCONSISTENT', 'ERROR', CASE WHEN m.is_new AND c.low > 0 AND c.high > 0 AND (c.high < c.low * 0.999
        OR m.inner_low > 0 AND m.inner_low < c.low * 0.95 OR m.inner_high > c.high * 1.05) THEN
        format('open %s, high %s, low %s, close %s', c.open, c.high, c.low, c.close) END),
    ('CURRENCY_MISMATCH', 'ERROR', CASE WHEN c.instrument_id IS NOT NULL AND c.unit IS NULL THEN
        format('delivered in %s, the instrument is quoted in %s', left(s.currency, 10), c.quoted_in) END),
    ('UNIT_ERROR', 'ERROR', CASE WHEN m.is_new AND k.is_unit THEN
        format('a close of %s after %s: about a hundred times or a hundredth', c.close, coalesce(c.stored, c.anchor)) END),
    ('SPLIT_UNADJUSTED', 'ERROR', CASE WHEN m.is_new AND k.is_unadjusted THEN
        format('a close of %s after %s on %s, where splits since make it %s', c.close, c.anchor, c.anchor_day,
            round(c.anchor * c.step, 6)) END),
    ('SPLIT_WRONG', 'ERROR', CASE WHEN m.is_new AND k.is_split AND NOT k.is_unit THEN
        format('a close of %s after %s on %s: a step as of a split, and none is known', c.close, c.anchor, c.anchor_day) END),
    ('OUTLIER', 'ERROR', CASE WHEN m.is_new AND abs(ln(nullif(m.ratio, 0))) > greatest(0.3, 10 * m.spread)
        AND NOT (k.is_unit OR k.is_unadjusted OR k.is_split) THEN
        format('a close of %s after %s on %s: %s deviations', c.close, c.anchor, c.anchor_day,
            round((abs(ln(m.ratio)) / m.spread)::numeric, 1)) END),
    ('PROVIDER_DIFFERS', 'ERROR', CASE WHEN m.is_new AND c.stored_status = 'F' AND c.stored_by <> s.provider
        AND abs(m.against - 1) > 0.005 THEN
        format('a close of %s, %s gave %s for %s', c.close, c.stored_by, c.stored, c.day) END),
    ('DECIDED_BEFORE', 'ERROR', CASE WHEN m.is_new AND c.stored_status = 'E' THEN
        format('a close of %s, by hand it was decided that it is %s on %s', c.close, c.stored, c.day) END),
    ('STALE', 'WARNING', CASE WHEN c.unchanged_days + 1 = 20 AND m.is_new AND c.close = c.anchor AND coalesce(c.volume, 0) = 0 THEN
        format('a close of %s for 20 sessions without volume', c.close) END)
) f (finding, severity, detail)
WHERE f.detail IS NOT NULL";

/// Keeps what is held, once for the same cells of the same provider. Of the same row again it is noted that it came. What was
/// superseded by another value and comes back is open anew.
pub(super) const HOLD: &str = "
INSERT INTO stg_held_row (id, dataset, provider, run_id, line, held_at, last_run_id, cells, findings, reason, instrument_id, date,
    value, state)
SELECT DISTINCT ON (keyed.id) keyed.id, 'prices', s.provider, $1, q.line, $2, $1,
    jsonb_strip_nulls(jsonb_build_object('symbol', s.symbol, 'mic', nullif(s.mic, ''), 'date', s.date, 'open', nullif(s.open, ''),
        'high', nullif(s.high, ''), 'low', nullif(s.low, ''), 'close', s.close, 'adjustedClose', nullif(s.adjusted_close, ''),
        'volume', nullif(s.volume, ''), 'currency', nullif(s.currency, ''), 'splitAdjustedUntil', s.split_adjusted_until)),
    q.findings, q.reason, c.instrument_id, c.day, CASE WHEN c.close > 0 THEN c.close END, 'OPEN'
FROM (
    SELECT line, array_agg(DISTINCT finding ORDER BY finding) AS findings, string_agg(detail, '; ' ORDER BY finding) AS reason
    FROM price_finding WHERE severity = 'ERROR' AND line IS NOT NULL GROUP BY line
) q
JOIN stg_stock_price s ON s.run_id = $1 AND s.line = q.line
JOIN checked_price c ON c.line = q.line
CROSS JOIN LATERAL (SELECT md5(concat_ws(chr(31), 'prices', s.provider, coalesce(s.instrument_id::text, ''), s.symbol, s.mic, s.date,
    s.open, s.high, s.low, s.close, s.adjusted_close, s.volume, s.currency))::uuid AS id) keyed
ORDER BY keyed.id, q.line
ON CONFLICT (id) DO UPDATE SET last_run_id = excluded.last_run_id, deliveries = stg_held_row.deliveries + 1,
    state = CASE stg_held_row.state WHEN 'SUPERSEDED' THEN 'OPEN' ELSE stg_held_row.state END";

/// Findings of rows that are held since an earlier run stand there.
pub(super) const RECORD: &str = "
INSERT INTO meta_data_quality (run_id, line, dataset, finding, severity, detail, instrument_id, date)
SELECT $1, f.line, 'prices', f.finding, f.severity, f.detail, f.instrument_id, f.day
FROM price_finding f
WHERE f.severity <> 'ERROR' OR f.line IS NULL OR EXISTS (SELECT FROM stg_held_row h WHERE h.run_id = $1 AND h.line = f.line)";

/// Promotes what no error holds. A value takes the place of a provisional one, or of a final one of its own provider, which becomes a
/// revision; another provider's stands, as does what was decided by hand. With it go the day from which on the version differs, the
/// series' rows, and held rows of that provider and day, which another value has superseded.
pub(super) const PROMOTE: &str = "
WITH chosen AS MATERIALIZED (
    SELECT c.instrument_id, c.day, c.close, c.status, c.stored, c.stored_status, c.stored_version,
        c.anchor = c.close AND coalesce(c.volume, 0) = 0 AS unchanged
    FROM checked_price c
    WHERE c.nth = 1 AND NOT EXISTS (SELECT FROM price_finding f WHERE f.line = c.line AND f.severity = 'ERROR')
        AND (c.stored IS NULL
            OR c.stored_status = 'P' AND (c.stored, c.stored_status) IS DISTINCT FROM (c.close, c.status)
            OR c.stored_status = 'F' AND c.status = 'F' AND c.stored <> c.close AND coalesce(c.stored_by, $2) = $2)
), promoted AS (
    INSERT INTO fact_stock_price (instrument_id, date, close, status, version)
    SELECT instrument_id, day, close, status, $1 FROM chosen
    ON CONFLICT (instrument_id, date) DO UPDATE
        SET close = excluded.close, status = excluded.status, version = excluded.version
), replaced AS (
    INSERT INTO fact_price_revision (instrument_id, date, superseded_version, version, close, status)
    SELECT instrument_id, day, $1, stored_version, stored, stored_status FROM chosen WHERE stored_status <> 'P'
), noted AS (
    UPDATE meta_market_version SET pending_from = least(pending_from, (SELECT min(day) FROM chosen))
), superseded AS (
    UPDATE stg_held_row h SET state = 'SUPERSEDED' FROM chosen c
    WHERE h.state = 'OPEN' AND h.dataset = 'prices' AND h.provider = $2 AND h.instrument_id = c.instrument_id AND h.date = c.day
), series AS (
    INSERT INTO meta_price_series AS s (instrument_id, changed_version, first_date, last_date, last_final_date, days,
        unchanged_days, last_close, last_status, provider)
    SELECT instrument_id, $1, min(day), max(day), max(day) FILTER (WHERE status <> 'P'), count(*) FILTER (WHERE stored IS NULL),
        CASE WHEN count(*) FILTER (WHERE stored IS NULL) = 1 AND bool_and(unchanged) THEN 1 ELSE 0 END,
        (array_agg(close ORDER BY day DESC))[1], (array_agg(status ORDER BY day DESC))[1], $2
    FROM chosen GROUP BY instrument_id
    ON CONFLICT (instrument_id) DO UPDATE SET
        changed_version = excluded.changed_version,
        first_date = least(s.first_date, excluded.first_date),
        last_date = greatest(s.last_date, excluded.last_date),
        last_final_date = greatest(s.last_final_date, excluded.last_final_date),
        days = s.days + excluded.days,
        unchanged_days = CASE WHEN excluded.days = 0 THEN s.unchanged_days WHEN excluded.unchanged_days = 0 THEN 0
            ELSE s.unchanged_days + 1 END,
        last_close = CASE WHEN excluded.last_date >= s.last_date THEN excluded.last_close ELSE s.last_close END,
        last_status = CASE WHEN excluded.last_date >= s.last_date THEN excluded.last_status ELSE s.last_status END,
        provider = excluded.provider
)
SELECT count(*) AS promoted, count(*) FILTER (WHERE stored_status <> 'P') AS revised FROM chosen";

/// The robust deviation of the latest 250 log returns, 1.4826 times the median absolute one about the median. Of an instrument that
/// has one it is taken anew on each twentieth day, another twentieth of the instruments each day.
pub(super) const DEVIATE: &str = "
UPDATE meta_price_series s SET deviation = robust.deviation
FROM (
    SELECT p.instrument_id, 1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(r.log_return - centre.median)) AS deviation
    FROM meta_price_series p
    CROSS JOIN LATERAL (
        SELECT array_agg(ln(latest.close / latest.before)::double precision) AS log_returns
        FROM (
            SELECT f.close, lead(f.close) OVER (ORDER BY f.date DESC) AS before FROM (
                SELECT date, close FROM fact_stock_price WHERE instrument_id = p.instrument_id ORDER BY date DESC LIMIT 251
            ) f
        ) latest WHERE latest.before IS NOT NULL
    ) taken
    CROSS JOIN LATERAL (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY l) AS median FROM unnest(taken.log_returns) l
    ) centre
    CROSS JOIN LATERAL unnest(taken.log_returns) r (log_return)
    WHERE p.changed_version = $1 AND p.days >= 20 AND p.last_status <> 'P'
        AND (p.deviation IS NULL OR (p.days + abs(hashtext(p.instrument_id::text))) % 20 = 0)
    GROUP BY p.instrument_id
) robust
WHERE s.instrument_id = robust.instrument_id";

/// Sessions without a price between the last one before the delivery and its last one, and series that end before the last session
/// that is over. What was found before of the same day is not told again.
pub(super) const COMPLETE: &str = "
INSERT INTO meta_data_quality (run_id, dataset, finding, severity, detail, instrument_id, date)
SELECT $1, 'prices', found.finding, 'WARNING', found.detail, found.instrument_id, found.date
FROM (
    SELECT 'MISSING_SESSION' AS finding, touched.instrument_id, missing.first AS date,
        format('%s sessions of %s from %s to %s have no price', missing.count, touched.mic, missing.first, missing.last) AS detail
    FROM (
        SELECT instrument_id, min(mic) AS mic, coalesce(min(anchor_day), min(day)) AS since, max(day) AS until
        FROM checked_price WHERE instrument_id IS NOT NULL AND day IS NOT NULL AND NOT is_future GROUP BY instrument_id
    ) touched
    CROSS JOIN LATERAL (
        SELECT count(*) AS count, min(d.date) AS first, max(d.date) AS last FROM dim_exchange_session d
        WHERE d.mic = touched.mic AND d.date > touched.since AND d.date < touched.until AND NOT EXISTS (
            SELECT FROM fact_stock_price f WHERE f.instrument_id = touched.instrument_id AND f.date = d.date
        )
    ) missing
    WHERE touched.until - touched.since > 1 AND missing.count > 0
    UNION ALL
    SELECT 'NOT_FRESH', p.instrument_id, p.last_final_date,
        format('the last final price is of %s, %s sessions have closed since', p.last_final_date, over.sessions)
    FROM (SELECT DISTINCT instrument_id, mic FROM checked_price WHERE instrument_id IS NOT NULL) c
    JOIN meta_price_series p ON p.instrument_id = c.instrument_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS sessions FROM dim_exchange_session d
        WHERE d.mic = c.mic AND d.date > p.last_final_date AND d.date <= ($2 AT TIME ZONE 'UTC')::date + 1 AND d.closes_at < $2
    ) over
    WHERE over.sessions > 0
) found
WHERE NOT EXISTS (
    SELECT FROM meta_data_quality q
    WHERE q.instrument_id = found.instrument_id AND q.finding = found.finding AND q.date IS NOT DISTINCT FROM found.date
)";
