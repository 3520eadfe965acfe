//! Exchange rates: staged as delivered, checked, held or promoted.

use chrono::{DateTime, Utc};

use sea_orm::ConnectionTrait;

use super::run::{Outcome, Run};
use super::{execute, stage_cells};
use crate::storage::statement::statement;
use crate::tenancy::{DatabaseError, Market, Session};

const STAGE: &str = "COPY stg_market_data (run_id, line, provider, fetched_at, base, quote, date, value) FROM STDIN";

/// As for prices, nobody has counted what is staged.
const OPEN: &str = "
SET LOCAL enable_nestloop = off;
CREATE TEMP TABLE IF NOT EXISTS checked_rate (
    line integer NOT NULL, base text, quote text, known boolean, day date, rate numeric, nth bigint, alike boolean, delivered bigint,
    anchor numeric, before numeric, after numeric, stored numeric, stored_status text, stored_version integer, stored_by text
) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS row_finding (
    line integer NOT NULL, finding text NOT NULL, detail text NOT NULL
) ON COMMIT DROP;
TRUNCATE checked_rate, row_finding";

const COMPARE: &str = "
INSERT INTO checked_rate
WITH read AS MATERIALIZED (
    SELECT s.line, s.base, s.quote, b.code IS NOT NULL AND q.code IS NOT NULL AND s.base <> s.quote AS known,
        read_day(s.date) AS day, read_number(s.value) AS rate
    FROM stg_market_data s
    LEFT JOIN dim_currency b ON b.code = s.base
    LEFT JOIN dim_currency q ON q.code = s.quote
    WHERE s.run_id = $1
), of_pair AS MATERIALIZED (
    SELECT p.base, p.quote, p.delivered, earlier.rate AS anchor
    FROM (SELECT base, quote, count(*) AS delivered, min(day) AS first FROM read GROUP BY base, quote) p
    LEFT JOIN LATERAL (
        SELECT f.rate FROM fact_fx_rate f
        WHERE f.base = p.base AND f.quote = p.quote AND f.date < p.first AND f.date >= p.first - 30 ORDER BY f.date DESC LIMIT 1
    ) earlier ON true
)
SELECT r.line, r.base, r.quote, r.known, r.day, r.rate,
    row_number() OVER (PARTITION BY r.base, r.quote, r.day ORDER BY r.line),
    min(r.rate) OVER same = max(r.rate) OVER same, p.delivered, p.anchor,
    lag(r.rate) OVER pair, lead(r.rate) OVER pair, f.rate, f.status, f.version,
    CASE WHEN f.rate <> r.rate THEN (
        SELECT l.provider FROM meta_refresh_log l
        WHERE l.version = f.version AND l.dataset = 'exchange rates' AND l.rows_promoted > 0 LIMIT 1
    ) END
FROM read r
JOIN of_pair p ON p.base = r.base AND p.quote = r.quote
LEFT JOIN fact_fx_rate f ON f.base = r.base AND f.quote = r.quote AND f.date = r.day
WINDOW same AS (PARTITION BY r.base, r.quote, r.day), pair AS (PARTITION BY r.base, r.quote ORDER BY r.day, r.line)";

/// A rate is compared with the last one before the delivery, or in a longer one with both neighbours: a step that stays is news.
const FIND: &str = "
INSERT INTO row_finding
SELECT c.line, f.finding, f.detail
FROM checked_rate c
JOIN stg_market_data s ON s.run_id = $1 AND s.line = c.line
CROSS JOIN LATERAL (SELECT
    c.rate > 0 AND c.stored IS DISTINCT FROM c.rate AS is_new,
    CASE WHEN c.rate > 0 AND c.delivered <= 3 AND c.anchor > 0 THEN abs(ln(c.rate / c.anchor))
        WHEN c.rate > 0 AND c.delivered > 3 AND c.before > 0 AND c.after > 0 THEN least(abs(ln(c.rate / c.before)), abs(ln(c.rate / c.after)))
    END AS step,
    coalesce(CASE WHEN c.delivered <= 3 THEN c.anchor ELSE c.before END, c.before) AS compared
) m
CROSS JOIN LATERAL (VALUES
    ('INVALID_DATE', CASE WHEN c.day IS NULL THEN format('the date \"%s\" is no day', left(s.date, 40)) END),
    ('INVALID_RATE', CASE WHEN c.rate IS NULL THEN format('the rate \"%s\" is no number', left(s.value, 40)) END),
    ('SAME_CURRENCY', CASE WHEN s.base = s.quote THEN format('\"%s\" against itself', left(s.base, 10)) END),
    ('UNKNOWN_CURRENCY', CASE WHEN NOT c.known AND s.base <> s.quote THEN
        format('\"%s\" for \"%s\" is no pair of currencies that are known', left(s.base, 10), left(s.quote, 10)) END),
    ('FUTURE_DATE', CASE WHEN c.day > (s.fetched_at AT TIME ZONE 'UTC')::date THEN
        format('%s had not begun at %s', c.day, s.fetched_at) END),
    ('NOT_POSITIVE', CASE WHEN c.rate <= 0 THEN format('a rate of %s', c.rate) END),
    ('DUPLICATE', CASE WHEN NOT c.alike AND c.day IS NOT NULL THEN
        format('rates that differ were delivered for %s, this one is %s', c.day, c.rate) END),
    ('UNIT_ERROR', CASE WHEN m.is_new AND m.step BETWEEN ln(62) AND ln(160) THEN
        format('a rate of %s after %s: about a hundred times or a hundredth', c.rate, m.compared) END),
    ('OUTLIER', CASE WHEN m.is_new AND m.step > 0.3 AND NOT m.step BETWEEN ln(62) AND ln(160) THEN
        format('a rate of %s after %s', c.rate, m.compared) END),
    ('PROVIDER_DIFFERS', CASE WHEN m.is_new AND c.stored_status = 'F' AND c.stored_by <> s.provider
        AND abs(c.rate / c.stored - 1) > 0.005 THEN format('a rate of %s, %s gave %s for %s', c.rate, c.stored_by, c.stored, c.day) END),
    ('DECIDED_BEFORE', CASE WHEN m.is_new AND c.stored_status = 'E' THEN
        format('a rate of %s, by hand it was decided that it is %s on %s', c.rate, c.stored, c.day) END)
) f (finding, detail)
WHERE f.detail IS NOT NULL";

const HOLD: &str = "
INSERT INTO stg_held_row (id, dataset, provider, run_id, line, held_at, last_run_id, cells, findings, reason, base, quote, date,
    value, state)
SELECT DISTINCT ON (keyed.id) keyed.id, 'exchange rates', s.provider, $1, q.line, $2, $1,
    jsonb_build_object('base', s.base, 'quote', s.quote, 'date', s.date, 'rate', s.value), q.findings, q.reason,
    CASE WHEN c.known THEN c.base END, CASE WHEN c.known THEN c.quote END, c.day, CASE WHEN c.rate > 0 THEN c.rate END, 'OPEN'
FROM (
    SELECT line, array_agg(finding ORDER BY finding) AS findings, string_agg(detail, '; ' ORDER BY finding) AS reason
    FROM row_finding GROUP BY line
) q
JOIN stg_market_data s ON s.run_id = $1 AND s.line = q.line
JOIN checked_rate c ON c.line = q.line
CROSS JOIN LATERAL (
    SELECT md5(concat_ws(chr(31), 'exchange rates', s.provider, s.base, s.quote, s.date, s.value))::uuid AS id
) keyed
ORDER BY keyed.id, q.line
ON CONFLICT (id) DO UPDATE SET last_run_id = excluded.last_run_id, deliveries = stg_held_row.deliveries + 1,
    state = CASE stg_held_row.state WHEN 'SUPERSEDED' THEN 'OPEN' ELSE stg_held_row.state END";

const PROMOTE: &str = "
WITH chosen AS MATERIALIZED (
    SELECT c.* FROM checked_rate c
    WHERE c.nth = 1 AND NOT EXISTS (SELECT FROM row_finding f WHERE f.line = c.line)
        AND (c.stored IS NULL OR c.stored_status = 'F' AND c.stored <> c.rate AND coalesce(c.stored_by, $2) = $2)
), promoted AS (
    INSERT INTO fact_fx_rate (base, quote, date, rate, version) SELECT base, quote, day, rate, $1 FROM chosen
    ON CONFLICT (base, quote, date) DO UPDATE SET rate = excluded.rate, version = excluded.version
), replaced AS (
    INSERT INTO fact_fx_rate_revision (base, quote, date, superseded_version, version, rate, status)
    SELECT base, quote, day, $1, stored_version, stored, stored_status FROM chosen WHERE stored IS NOT NULL
), noted AS (
    UPDATE meta_market_version SET pending_from = least(pending_from, (SELECT min(day) FROM chosen))
), superseded AS (
    UPDATE stg_held_row h SET state = 'SUPERSEDED' FROM chosen c
    WHERE h.state = 'OPEN' AND h.dataset = 'exchange rates' AND h.provider = $2 AND (h.base, h.quote, h.date) = (c.base, c.quote, c.day)
)
SELECT count(*), count(stored) FROM chosen";

/// Stages, checks and promotes rates: base, quote, day and rate as delivered.
pub async fn load<'a>(
    session: &Session<Market>,
    run: &Run,
    fetched_at: DateTime<Utc>,
    rows: impl ExactSizeIterator<Item = super::Asked<'a, 4>> + Send,
    next: i64,
) -> Result<Outcome, DatabaseError> {
    let delivered = stage_cells(session, STAGE, run, fetched_at, rows).await?;
    super::each(session, OPEN).await?;
    execute(session, COMPARE, [run.id.into()]).await?;
    execute(session, FIND, [run.id.into()]).await?;
    execute(session, HOLD, [run.id.into(), run.started_at.into()]).await?;
    super::record_findings(session, run).await?;
    let held = super::counted(session, super::HELD_LINES, []).await?;
    let row = session.query_one_raw(statement(PROMOTE, [next.into(), run.provider.as_str().into()])).await?;
    let (promoted, revised) = super::pair(row.as_ref())?;
    Ok(Outcome { delivered, promoted, held, revised })
}
