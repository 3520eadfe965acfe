//! What the data pipeline writes: staging as delivered, then in sets what passes the checks.

pub mod actions;
pub mod findings;
pub mod held;
mod price_sql;
pub mod prices;
pub mod rates;
pub mod run;
pub mod staging;
pub mod version;

use std::borrow::Cow;
use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};
use uuid::Uuid;

pub use run::{Dataset, Outcome, Run};
pub use version::Changed;

use super::copy::CopyRows;
use super::row_sink::RowSink;
use super::statement::{run as execute, statement};
use crate::tenancy::{DatabaseError, Market, Session};

/// Rows sent to the server at a time.
pub(super) const CHUNK: usize = 20_000;

/// Text as PostgreSQL can hold it: all but NUL.
pub(super) fn without_nul(cell: &str) -> Cow<'_, str> {
    if cell.contains('\0') { Cow::Owned(cell.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(cell) }
}

/// Runs constant statements without values, which semicolons part.
async fn each(session: &Session<Market>, sql: &'static str) -> Result<(), DatabaseError> {
    for statement in sql.split(';').filter(|statement| !statement.trim().is_empty()) {
        execute(session, statement, []).await?;
    }
    Ok(())
}

/// The count that a statement answers with.
async fn counted(
    session: &Session<Market>,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DatabaseError> {
    let row = session.query_one_raw(statement(sql, values)).await?;
    let count: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0);
    Ok(count.unsigned_abs())
}

/// Both counts that a statement answers with.
fn pair(row: Option<&QueryResult>) -> Result<(u64, u64), DatabaseError> {
    let row = row.ok_or_else(|| DatabaseError::Corrupt("a count has no row".to_owned()))?;
    let [one, other]: [i64; 2] = [row.try_get_by_index(0)?, row.try_get_by_index(1)?];
    Ok((one.unsigned_abs(), other.unsigned_abs()))
}

/// A delivered row: the instrument that was asked for, where the table of staging has a place for it, and its cells as they came.
pub type Asked<'a, const N: usize> = (Option<Option<Uuid>>, [&'a str; N]);

/// Stages rows of text cells, numbered from 1, by the constant `statement`; with the instrument asked for where the table has it.
async fn stage_cells<'a, const N: usize>(
    session: &Session<Market>,
    statement: &'static str,
    run: &Run,
    fetched_at: DateTime<Utc>,
    rows: impl ExactSizeIterator<Item = Asked<'a, N>> + Send,
) -> Result<u64, DatabaseError> {
    let mut rows = (1_usize..).zip(rows).peekable();
    let chunks = std::iter::from_fn(|| {
        rows.peek()?;
        let mut copy = CopyRows::default();
        for (line, (asked, cells)) in rows.by_ref().take(CHUNK) {
            copy.id(run.id).cell(line).cell(&run.provider).cell(fetched_at.to_rfc3339());
            if let Some(instrument) = asked {
                copy.optional_id(instrument);
            }
            for cell in cells {
                copy.cell(without_nul(cell));
            }
            copy.end_row();
        }
        Some(copy.into_chunk())
    });
    session.copy_in(statement, chunks).await
}

const HELD_LINES: &str = "SELECT count(DISTINCT line) FROM row_finding";

/// Findings of rows that are held since an earlier run stand there.
const RECORD_FINDINGS: &str = "
INSERT INTO meta_data_quality (run_id, line, dataset, finding, detail, instrument_id, date)
SELECT $1, f.line, h.dataset, f.finding, f.detail, h.instrument_id, h.date
FROM row_finding f JOIN stg_held_row h ON h.run_id = $1 AND h.line = f.line";

async fn record_findings(session: &Session<Market>, run: &Run) -> Result<(), DatabaseError> {
    execute(session, RECORD_FINDINGS, [run.id.into()]).await?;
    Ok(())
}

/// The dimension tables that a directory of files fills, with their constant statements. Rows already there are kept.
#[derive(Clone, Copy, Debug)]
pub enum Dimension {
    /// code, name, minor unit, withdrawn
    Currencies,
    /// mic, name, country, currency, time zone
    Exchanges,
    /// mic, date, opens at, closes at, early close, break starts at, break ends at, late open
    Sessions,
    /// code, name
    Sectors,
}

impl Dimension {
    /// Where in a row its key stands.
    fn key(self, row: &[Option<String>]) -> [String; 2] {
        let cell = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        match self {
            Self::Currencies | Self::Exchanges | Self::Sectors => [cell(0), String::new()],
            Self::Sessions => [cell(0), cell(1)],
        }
    }

    /// Both parts of each row's key.
    fn keys(self) -> &'static str {
        match self {
            Self::Currencies => "SELECT code, '' FROM dim_currency",
            Self::Exchanges => "SELECT mic, '' FROM dim_exchange",
            Self::Sessions => "SELECT mic, date::text FROM dim_exchange_session",
            Self::Sectors => "SELECT code, '' FROM dim_sector",
        }
    }

    fn statement(self) -> &'static str {
        match self {
            Self::Currencies => "COPY dim_currency (code, name, minor_unit, withdrawn) FROM STDIN",
            Self::Exchanges => "COPY dim_exchange (mic, name, country, currency, time_zone) FROM STDIN",
            Self::Sessions => {
                "COPY dim_exchange_session (mic, date, opens_at, closes_at, early_close, break_starts_at, break_ends_at, \
                 late_open) FROM STDIN"
            }
            Self::Sectors => "COPY dim_sector (code, name) FROM STDIN",
        }
    }
}

/// Adds the rows of a dimension that are not there yet, and returns how many those are; `None` cells are NULL.
pub async fn fill(
    session: &Session<Market>,
    dimension: Dimension,
    rows: &[Vec<Option<String>>],
) -> Result<u64, DatabaseError> {
    let known = known(session, dimension).await?;
    let new: Vec<_> = rows.iter().filter(|row| !known.contains(&dimension.key(row))).collect();
    let chunks = new.chunks(CHUNK).map(|chunk| {
        let mut copy = CopyRows::default();
        for row in chunk {
            for cell in *row {
                copy.optional(cell.as_ref());
            }
            copy.end_row();
        }
        copy.into_chunk()
    });
    session.copy_in(dimension.statement(), chunks).await
}

/// Makes sessions that are known what the rows of [`Dimension::Sessions`] say, between each market's first and last day there: those
/// with other times get these, those that are not among them are none. Returns how many that are. What was valued since the first of
/// these days is valued again.
pub async fn revise_sessions(session: &Session<Market>, rows: &[Vec<Option<String>>]) -> Result<u64, DatabaseError> {
    const REVISE: &str = "
        WITH delivered AS MATERIALIZED (
            SELECT mic, date::date, opens_at::timestamptz, closes_at::timestamptz, early_close::boolean,
                nullif(break_starts_at, '')::timestamptz AS break_starts_at, nullif(break_ends_at, '')::timestamptz AS break_ends_at,
                late_open::boolean
            FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
                AS s (mic, date, opens_at, closes_at, early_close, break_starts_at, break_ends_at, late_open)
        ), reach AS (
            SELECT mic, min(date) AS first, max(date) AS last FROM delivered GROUP BY mic
        ), gone AS (
            DELETE FROM dim_exchange_session s USING reach r
            WHERE s.mic = r.mic AND s.date BETWEEN r.first AND r.last
                AND (s.mic, s.date) NOT IN (SELECT d.mic, d.date FROM delivered d)
            RETURNING s.date
        ), moved AS (
            UPDATE dim_exchange_session s SET opens_at = d.opens_at, closes_at = d.closes_at, early_close = d.early_close,
                break_starts_at = d.break_starts_at, break_ends_at = d.break_ends_at, late_open = d.late_open
            FROM delivered d
            WHERE s.mic = d.mic AND s.date = d.date
                AND (s.opens_at, s.closes_at, s.early_close, s.break_starts_at, s.break_ends_at, s.late_open) IS DISTINCT FROM
                    (d.opens_at, d.closes_at, d.early_close, d.break_starts_at, d.break_ends_at, d.late_open)
            RETURNING s.date
        ), revised AS (
            SELECT date FROM gone UNION ALL SELECT date FROM moved
        ), noted AS (
            UPDATE meta_market_version SET pending_from = least(pending_from, (SELECT min(date) FROM revised))
        )
        SELECT count(*) FROM revised";
    let column = |at: usize| -> Vec<String> {
        rows.iter().map(|row| row.get(at).cloned().flatten().unwrap_or_default()).collect()
    };
    let columns: [Vec<String>; 8] = std::array::from_fn(column);
    counted(session, REVISE, columns.map(Value::from)).await
}

async fn known(session: &Session<Market>, dimension: Dimension) -> Result<HashSet<[String; 2]>, DatabaseError> {
    let statement = Statement::from_string(DbBackend::Postgres, dimension.keys());
    let rows = session.query_all_raw(statement).await?;
    let key = |row: &QueryResult| Ok([row.try_get_by_index(0)?, row.try_get_by_index(1)?]);
    rows.iter().map(key).collect()
}
