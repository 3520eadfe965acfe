//! Values as delivered into staging, checked in sets, promoted.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::storage::copy::CopyRows;
use crate::storage::pipeline::{Outcome, Run, without_nul};
use crate::storage::row_sink::RowSink;
use crate::storage::statement::{ask, run as execute};
use crate::tenancy::{DatabaseError, Market, Session};

/// Rows sent to the server at a time.
const CHUNK: usize = 20_000;

/// A value as delivered, and what could be read of it.
#[derive(Clone, Debug)]
pub struct Reading<'a> {
    /// The series.
    pub code: &'a str,
    /// The day as delivered.
    pub date: &'a str,
    /// The value as delivered.
    pub value: &'a str,
    /// The day, if it is one.
    pub read_date: Option<NaiveDate>,
    /// The value, if it is a number.
    pub read_value: Option<Decimal>,
}

/// The cells of a series' definition, in the order of the columns of `dim_market_indicator`; an empty one is none.
pub type Definition = [String; 11];

const DEFINE: &str = "
INSERT INTO dim_market_indicator
    (code, name, kind, currency, tenor, unit, day_count, compounding, is_risk_free, max_age_days, source)
SELECT code, name, kind, nullif(currency, ''), nullif(tenor, ''), unit, nullif(day_count, ''), nullif(compounding, ''),
    is_risk_free::boolean AND NOT EXISTS (
        SELECT FROM dim_market_indicator o WHERE o.is_risk_free AND o.currency = d.currency AND o.tenor = d.tenor AND o.code <> d.code
    ), max_age_days::integer, source
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
    $11::text[])
    AS d (code, name, kind, currency, tenor, unit, day_count, compounding, is_risk_free, max_age_days, source)
ON CONFLICT DO NOTHING";

/// Adds series that are not there yet, and returns how many those are. A currency and a tenor have one risk-free series, the first.
pub async fn define(session: &Session<Market>, rows: &[Definition]) -> Result<u64, DatabaseError> {
    let column = |at: usize| rows.iter().map(|row| row[at].clone()).collect::<Vec<_>>().into();
    execute(session, DEFINE, (0..11).map(column)).await
}

/// The codes of known currencies.
pub async fn currencies(session: &Session<Market>) -> Result<Vec<String>, DatabaseError> {
    let rows = ask(session, "SELECT code FROM dim_currency", []).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
}

const STAGE: &str = "
COPY stg_market_data (run_id, line, provider, fetched_at, code, date, value, read_date, read_value) FROM STDIN";

/// A row is held for the first of these that is so. A rate below −20 % or above 1,000 % a year is none.
const CHECK: &str = "
INSERT INTO meta_data_quality (run_id, line, dataset, finding, detail)
SELECT run_id, line, 'indicators', finding, format('series %s, date %s, value %s', code, date, value)
FROM (
    SELECT s.*, CASE
        WHEN i.code IS NULL THEN 'UNKNOWN_INDICATOR'
        WHEN s.read_date IS NULL THEN 'INVALID_DATE'
        WHEN s.read_value IS NULL THEN 'INVALID_VALUE'
        WHEN s.read_date > $2 THEN 'FUTURE_DATE'
        WHEN i.unit = 'POINTS' AND s.read_value <= 0 THEN 'NOT_POSITIVE'
        WHEN i.unit <> 'POINTS' AND s.read_value / CASE i.unit WHEN 'PERCENT' THEN 100 ELSE 1 END NOT BETWEEN -0.2 AND 10
            THEN 'OUT_OF_RANGE'
        WHEN row_number() OVER (PARTITION BY s.code, s.read_date ORDER BY s.line) > 1 THEN 'DUPLICATE'
        WHEN f.status = 'E' AND f.value <> s.read_value THEN 'DECIDED_BEFORE'
    END AS finding
    FROM stg_market_data s
    LEFT JOIN dim_market_indicator i ON i.code = s.code
    LEFT JOIN fact_market_indicator f ON f.code = s.code AND f.date = s.read_date
    WHERE s.run_id = $1
) checked
WHERE finding IS NOT NULL";

/// A point of a curve that lies ten points of percentage off the middle of the other points of its currency and day: a figure that was
/// passed on a hundredfold is found so, also where all of its neighbours in time are.
const CHECK_CURVES: &str = "
INSERT INTO meta_data_quality (run_id, line, dataset, finding, detail)
SELECT $1, p.line, 'indicators', 'OFF_CURVE', format('series %s, date %s, value %s, the curve at %s', p.code, m.date, p.value, m.middle)
FROM (
    SELECT o.unit, o.date, percentile_cont(0.5) WITHIN GROUP (ORDER BY o.value) AS middle,
        array_agg(o.line) AS lines, array_agg(o.code) AS codes, array_agg(o.value) AS points
    FROM (
        SELECT i.currency, i.unit, s.line, s.code, s.read_date AS date, s.read_value AS value
        FROM stg_market_data s JOIN dim_market_indicator i ON i.code = s.code
        WHERE s.run_id = $1 AND i.kind = 'CURVE' AND s.read_date IS NOT NULL AND s.read_value IS NOT NULL
        UNION ALL
        SELECT i.currency, i.unit, NULL, f.code, f.date, f.value
        FROM fact_market_indicator f JOIN dim_market_indicator i ON i.code = f.code
        WHERE i.kind = 'CURVE' AND f.date IN (SELECT read_date FROM stg_market_data WHERE run_id = $1)
    ) o
    GROUP BY o.currency, o.unit, o.date
    HAVING count(DISTINCT o.code) >= 3
) m
CROSS JOIN LATERAL unnest(m.lines, m.codes, m.points) AS p (line, code, value)
WHERE p.line IS NOT NULL AND abs(p.value::float8 - m.middle) > CASE m.unit WHEN 'PERCENT' THEN 10 ELSE 0.1 END
    AND NOT EXISTS (SELECT FROM meta_data_quality q WHERE q.run_id = $1 AND q.line = p.line)";

/// A jump that the next value undoes, or behind which none has come. One that stays is news, and one that undoes another is none.
const CHECK_OUTLIERS: &str = "
INSERT INTO meta_data_quality (run_id, line, dataset, finding, detail)
SELECT $1, line, 'indicators', 'OUTLIER', format('series %s, %s on %s after %s', code, value, date, before)
FROM (
    SELECT o.*, i.kind, i.unit, lag(o.value) OVER days AS before, lag(o.date) OVER days AS before_date,
        lag(o.value, 2) OVER days AS earlier, lead(o.value) OVER days AS after
    FROM (
        SELECT s.line, s.code, s.read_date AS date, s.read_value AS value
        FROM stg_market_data s
        WHERE s.run_id = $1
            AND NOT EXISTS (SELECT FROM meta_data_quality q WHERE q.run_id = s.run_id AND q.line = s.line)
        UNION ALL
        SELECT NULL, f.code, f.date, f.value
        FROM fact_market_indicator f
        WHERE f.code IN (SELECT code FROM stg_market_data WHERE run_id = $1)
            AND NOT EXISTS (
                SELECT FROM stg_market_data s
                WHERE s.run_id = $1 AND s.code = f.code AND s.read_date = f.date
                    AND NOT EXISTS (SELECT FROM meta_data_quality q WHERE q.run_id = s.run_id AND q.line = s.line)
            )
    ) o
    JOIN dim_market_indicator i ON i.code = o.code
    WINDOW days AS (PARTITION BY o.code ORDER BY o.date)
) o
WHERE line IS NOT NULL AND date - before_date <= 10 AND indicator_jumps(kind, unit, before, value)
    AND (after IS NULL OR indicator_jumps(kind, unit, value, after))
    AND (earlier IS NULL OR indicator_jumps(kind, unit, earlier, value))";

/// Keeps what is held, once for the same cells of the same provider. Of the same row again it is noted that it came; what was superseded
/// and comes back is open anew.
const HOLD: &str = "
INSERT INTO stg_held_row (id, dataset, provider, run_id, line, held_at, last_run_id, cells, findings, reason, code, date, value, state)
SELECT DISTINCT ON (keyed.id) keyed.id, 'indicators', s.provider, $1, s.line, $2, $1,
    jsonb_build_object('code', s.code, 'date', s.date, 'value', s.value), ARRAY[q.finding], q.detail, i.code, s.read_date, s.read_value,
    'OPEN'
FROM meta_data_quality q
JOIN stg_market_data s ON s.run_id = q.run_id AND s.line = q.line
LEFT JOIN dim_market_indicator i ON i.code = s.code
CROSS JOIN LATERAL (SELECT md5(concat_ws(chr(31), 'indicators', s.provider, s.code, s.date, s.value))::uuid AS id) keyed
WHERE q.run_id = $1
ORDER BY keyed.id, s.line
ON CONFLICT (id) DO UPDATE SET last_run_id = excluded.last_run_id, deliveries = stg_held_row.deliveries + 1,
    state = CASE stg_held_row.state WHEN 'SUPERSEDED' THEN 'OPEN' ELSE stg_held_row.state END";

/// What stood there is kept beside, with when it was recorded. Another value of the provider for the day takes the place of those that
/// wait since an earlier run.
const PROMOTE: &str = "
WITH clean AS (
    SELECT s.code, s.read_date AS date, s.read_value AS value
    FROM stg_market_data s
    WHERE s.run_id = $1
        AND NOT EXISTS (SELECT FROM meta_data_quality q WHERE q.run_id = s.run_id AND q.line = s.line)
), superseded AS (
    INSERT INTO meta_indicator_revision (code, date, recorded_at, value, status, superseded_at)
    SELECT f.code, f.date, f.recorded_at, f.value, f.status, $2
    FROM fact_market_indicator f JOIN clean c ON c.code = f.code AND c.date = f.date AND c.value <> f.value
    ON CONFLICT (code, date, recorded_at) DO NOTHING
), closed AS (
    UPDATE stg_held_row h SET state = 'SUPERSEDED' FROM clean c
    WHERE h.state = 'OPEN' AND h.dataset = 'indicators' AND h.provider = $3 AND h.code = c.code AND h.date = c.date
        AND h.last_run_id <> $1
)
INSERT INTO fact_market_indicator AS f (code, date, value, recorded_at)
SELECT code, date, value, $2 FROM clean
ON CONFLICT (code, date) DO UPDATE SET value = excluded.value, recorded_at = excluded.recorded_at, status = excluded.status
    WHERE f.value <> excluded.value";

/// Stages, checks and promotes values.
pub async fn load(
    session: &Session<Market>,
    run: &Run,
    fetched_at: DateTime<Utc>,
    rows: &[Reading<'_>],
) -> Result<Outcome, DatabaseError> {
    let chunks = rows.chunks(CHUNK).enumerate().map(|(index, chunk)| {
        let mut copy = CopyRows::default();
        for (line, row) in (index * CHUNK + 1..).zip(chunk) {
            copy.id(run.id).cell(line).cell(&run.provider).cell(fetched_at.to_rfc3339());
            copy.cell(without_nul(row.code)).cell(without_nul(row.date)).cell(without_nul(row.value));
            copy.optional_day(row.read_date).optional_decimal(row.read_value).end_row();
        }
        copy.into_chunk()
    });
    let delivered = session.copy_in(STAGE, chunks).await?;
    let today = fetched_at.date_naive();
    let held = execute(session, CHECK, [run.id.into(), today.into()]).await?
        + execute(session, CHECK_CURVES, [run.id.into()]).await?
        + execute(session, CHECK_OUTLIERS, [run.id.into()]).await?;
    execute(session, HOLD, [run.id.into(), run.started_at.into()]).await?;
    let values = [run.id.into(), run.started_at.into(), run.provider.as_str().into()];
    let promoted = execute(session, PROMOTE, values).await?;
    Ok(Outcome { delivered, promoted, held, revised: 0 })
}

/// The last day of a series.
pub async fn last_day(session: &Session<Market>, code: &str) -> Result<Option<NaiveDate>, DatabaseError> {
    let rows = ask(session, "SELECT max(date) FROM fact_market_indicator WHERE code = $1", [code.into()]).await?;
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?.flatten())
}

/// A value as somebody decided that it is.
#[derive(Clone, Debug)]
pub struct Point {
    /// The series.
    pub code: String,
    /// The day.
    pub date: NaiveDate,
    /// The value, in the series' unit.
    pub value: Decimal,
}

const DECIDE: &str = "
WITH superseded AS (
    INSERT INTO meta_indicator_revision (code, date, recorded_at, value, status, superseded_at)
    SELECT code, date, recorded_at, value, status, $4 FROM fact_market_indicator
    WHERE code = $1 AND date = $2 AND (value, status) IS DISTINCT FROM ($3, 'E')
    ON CONFLICT (code, date, recorded_at) DO NOTHING
)
INSERT INTO fact_market_indicator AS f (code, date, value, recorded_at, status) VALUES ($1, $2, $3, $4, 'E')
ON CONFLICT (code, date) DO UPDATE SET value = excluded.value, recorded_at = excluded.recorded_at, status = excluded.status
    WHERE (f.value, f.status) IS DISTINCT FROM (excluded.value, excluded.status)";

/// Stores what was decided, marked as estimated. What stood there is kept beside.
pub async fn promote_decided(
    session: &Session<Market>,
    point: &Point,
    at: DateTime<Utc>,
) -> Result<u64, DatabaseError> {
    let values = [point.code.as_str().into(), point.date.into(), point.value.into(), at.into()];
    execute(session, DECIDE, values).await
}

/// What the values of a series are in, and whether it is known.
pub async fn unit(session: &Session<Market>, code: &str) -> Result<Option<String>, DatabaseError> {
    let rows = ask(session, "SELECT unit FROM dim_market_indicator WHERE code = $1", [code.into()]).await?;
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?)
}
