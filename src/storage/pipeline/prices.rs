//! Prices of days: staged as delivered, read, compared, found fault with, held or promoted.

use chrono::{DateTime, NaiveDate, Utc};
use domain::quality::{DeliveredSeries, Moment, Row};
use rust_decimal::Decimal;
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult};
use uuid::Uuid;

use super::run::{Outcome, Run};
use super::{CHUNK, execute, price_sql as sql};
use crate::storage::columns::Columns;
use crate::storage::copy::CopyRows;
use crate::storage::row_sink::RowSink;
use crate::storage::statement::statement;
use crate::tenancy::{DatabaseError, Market, Session};

/// The most rows of an instrument that are compared with its last close alone; what is longer is looked at as a series.
pub const FEW_ROWS: i64 = 3;

/// Closes before the delivery that a series is looked at with.
const CLOSES_BEFORE: i64 = 60;

/// A delivered price: text as it came, what was asked for, and on what basis it is.
#[derive(Clone, Debug)]
pub struct Delivered<'a> {
    /// The instrument that was asked for.
    pub instrument: Option<Uuid>,
    /// Symbol, market, day, open, high, low, close, adjusted close, volume and currency as delivered.
    pub cells: [&'a str; 10],
    /// The last day whose splits the prices are divided by; nothing where they are as traded.
    pub split_adjusted_until: Option<NaiveDate>,
}

/// Stages rows as they came.
pub async fn stage<'a>(
    session: &Session<Market>,
    run: &Run,
    fetched_at: DateTime<Utc>,
    rows: impl ExactSizeIterator<Item = Delivered<'a>> + Send,
) -> Result<u64, DatabaseError> {
    let mut rows = (1_usize..).zip(rows).peekable();
    let chunks = std::iter::from_fn(|| {
        rows.peek()?;
        let mut copy = CopyRows::default();
        for (line, row) in rows.by_ref().take(CHUNK) {
            copy.id(run.id).cell(line).cell(&run.provider).cell(fetched_at.to_rfc3339()).optional_id(row.instrument);
            for cell in row.cells {
                copy.cell(super::without_nul(cell));
            }
            copy.optional_day(row.split_adjusted_until).end_row();
        }
        Some(copy.into_chunk())
    });
    session.copy_in(sql::STAGE, chunks).await
}

/// Reads what was staged, compares it with what is known, and finds what is wrong with rows.
pub async fn check(session: &Session<Market>, run: &Run, fetched_at: DateTime<Utc>) -> Result<(), DatabaseError> {
    super::each(session, sql::OPEN).await?;
    execute(session, sql::READ, [run.id.into()]).await?;
    super::each(session, sql::READ_DONE).await?;
    execute(session, sql::COMPARE, [fetched_at.into()]).await?;
    super::each(session, sql::COMPARED).await?;
    execute(session, sql::FIND, [run.id.into(), FEW_ROWS.into()]).await?;
    Ok(())
}

/// A longer delivery of one instrument, with the closes before it.
#[derive(Debug)]
pub struct LongSeries {
    /// Whose it is.
    pub instrument: Uuid,
    /// Prices as traded with the splits that are known. Rows of before the delivery have the line 0.
    pub raw: DeliveredSeries,
    /// The same as delivered with adjusted closes and the dividends that are known; nothing where there are no adjusted closes.
    pub adjusted: Option<DeliveredSeries>,
}

#[derive(FromQueryResult)]
struct SeriesRow {
    instrument_id: Uuid,
    line: i32,
    day: NaiveDate,
    open: Option<Decimal>,
    high: Option<Decimal>,
    low: Option<Decimal>,
    close: Option<Decimal>,
    volume: Option<Decimal>,
    adjusted_close: Option<f64>,
    split: Option<Decimal>,
    dividend: Option<Decimal>,
}

/// Instruments of the run with more than [`FEW_ROWS`] rows of which one is new or another than is stored.
pub async fn long_series(session: &Session<Market>) -> Result<Vec<Uuid>, DatabaseError> {
    let rows = session.query_all_raw(statement(LONG, [FEW_ROWS.into()])).await?;
    let id = |row: &QueryResult| Ok(row.try_get_by_index(0)?);
    rows.iter().map(id).collect()
}

const LONG: &str = "
SELECT instrument_id FROM checked_price
WHERE delivered > $1 AND close IS NOT NULL AND day IS NOT NULL
GROUP BY instrument_id HAVING bool_or(stored IS DISTINCT FROM close) ORDER BY instrument_id";

/// Some of those series, whole.
pub async fn series_of(session: &Session<Market>, instruments: &[Uuid]) -> Result<Vec<LongSeries>, DatabaseError> {
    let ids = instruments.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",");
    let rows = session.query_all_raw(statement(SERIES, [ids.into(), CLOSES_BEFORE.into()])).await?;
    let rows: Vec<SeriesRow> =
        rows.iter().map(|row| SeriesRow::from_query_result(row, "")).collect::<Result<_, _>>()?;
    Ok(rows.chunk_by(|one, other| one.instrument_id == other.instrument_id).map(long).collect())
}

/// Events of days without a row are the next row's.
const SERIES: &str = "
WITH asked AS (
    SELECT c.instrument_id, min(c.day) AS first FROM checked_price c
    WHERE c.instrument_id = ANY (string_to_array($1, ',')::uuid[]) AND c.day IS NOT NULL GROUP BY c.instrument_id
), rows AS (
    SELECT c.instrument_id, c.line, c.day, c.open, c.high, c.low, c.close, c.volume, c.adjusted_close
    FROM checked_price c JOIN asked a ON a.instrument_id = c.instrument_id WHERE c.day IS NOT NULL AND NOT coalesce(c.is_future, false)
    UNION ALL
    SELECT a.instrument_id, 0, f.date, NULL, NULL, NULL, f.close, NULL, NULL
    FROM asked a CROSS JOIN LATERAL (
        SELECT date, close FROM fact_stock_price f WHERE f.instrument_id = a.instrument_id AND f.date < a.first
        ORDER BY date DESC LIMIT $2
    ) f
), spaced AS (
    SELECT *, lag(day) OVER (PARTITION BY instrument_id ORDER BY day, line) AS before FROM rows
)
SELECT s.instrument_id, s.line, s.day, s.open, s.high, s.low, s.close, s.volume, s.adjusted_close, e.split, e.dividend
FROM spaced s
LEFT JOIN LATERAL (
    SELECT round(product(x.numerator) / product(x.denominator), 12) AS split, sum(x.amount) AS dividend
    FROM fact_corporate_action x
    WHERE x.instrument_id = s.instrument_id AND x.ex_date > coalesce(s.before, s.day - 1) AND x.ex_date <= s.day
    HAVING count(*) > 0
) e ON true
ORDER BY s.instrument_id, s.day, s.line";

fn long(rows: &[SeriesRow]) -> LongSeries {
    let row = |row: &SeriesRow| Row {
        line: row.line.unsigned_abs().into(),
        open: row.open,
        high: row.high,
        low: row.low,
        close: row.close,
        volume: row.volume,
        split: row.split.filter(|split| *split != Decimal::ONE),
        ..Row::empty(Moment { date: row.day, utc: None })
    };
    let adjusted = rows.iter().any(|row| row.adjusted_close.is_some()).then(|| {
        let delivered = rows.iter().filter(|row| row.line > 0);
        let with = |from: &SeriesRow| Row { adjusted_close: from.adjusted_close, dividend: from.dividend, ..row(from) };
        DeliveredSeries::new(delivered.map(with).collect())
    });
    LongSeries {
        instrument: rows[0].instrument_id,
        raw: DeliveredSeries::new(rows.iter().map(row).collect()),
        adjusted,
    }
}

/// A finding about a series.
#[derive(Clone, Debug)]
pub struct SeriesFinding {
    /// Of a row, its line.
    pub line: Option<u64>,
    /// Of which instrument.
    pub instrument: Uuid,
    /// The first day in question.
    pub day: NaiveDate,
    /// The kind of fault.
    pub finding: &'static str,
    /// `INFO`, `WARNING` or `ERROR`.
    pub severity: &'static str,
    /// A sentence with its figures.
    pub detail: String,
}

/// Adds findings about series. A row that is stored as it is has nothing new to be wrong.
pub async fn add_findings(session: &Session<Market>, findings: &[SeriesFinding]) -> Result<(), DatabaseError> {
    if findings.is_empty() {
        return Ok(());
    }
    let mut columns = Columns::new(6);
    for finding in findings {
        columns
            .optional(finding.line)
            .cell(finding.instrument)
            .cell(finding.day)
            .cell(finding.finding)
            .cell(finding.severity)
            .cell(&finding.detail);
    }
    session.insert_columns(ADD_FINDINGS, columns.into_columns()).await?;
    Ok(())
}

const ADD_FINDINGS: &str = "
INSERT INTO price_finding
SELECT f.line::integer, f.instrument_id::uuid, f.day::date, f.finding, f.severity, f.detail
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
    f (line, instrument_id, day, finding, severity, detail)
LEFT JOIN checked_price c ON c.line = f.line::integer
WHERE c.line IS NULL OR c.stored IS DISTINCT FROM c.close";

/// Holds what an error was found with, promotes the rest into the version `next`, and says what of sessions and freshness is missing.
pub async fn settle(
    session: &Session<Market>,
    run: &Run,
    fetched_at: DateTime<Utc>,
    delivered: u64,
    next: i64,
) -> Result<Outcome, DatabaseError> {
    execute(session, sql::HOLD, [run.id.into(), run.started_at.into()]).await?;
    execute(session, sql::RECORD, [run.id.into()]).await?;
    let held = super::counted(session, HELD, []).await?;
    let row = session.query_one_raw(statement(sql::PROMOTE, [next.into(), run.provider.as_str().into()])).await?;
    let (promoted, revised) = super::pair(row.as_ref())?;
    if promoted > 0 {
        execute(session, sql::DEVIATE, [next.into()]).await?;
    }
    super::each(session, sql::LOOK_UP).await?;
    execute(session, sql::COMPLETE, [run.id.into(), fetched_at.into()]).await?;
    Ok(Outcome { delivered, promoted, held, revised })
}

const HELD: &str = "SELECT count(DISTINCT line) FROM price_finding WHERE severity = 'ERROR' AND line IS NOT NULL";
