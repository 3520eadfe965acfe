//! What the checks found, of rows and of series.

use chrono::NaiveDate;
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use crate::storage::Page;
use crate::storage::statement::statement;
use crate::tenancy::{DatabaseError, Market, Session};

/// A finding.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Found {
    /// Its id.
    pub id: Uuid,
    /// The run that found it.
    pub run_id: Uuid,
    /// The row's line in the delivery; nothing for what is of a series.
    pub line: Option<i32>,
    /// What was delivered, e.g. `prices`.
    pub dataset: String,
    /// The kind of fault.
    pub finding: String,
    /// `INFO`, `WARNING` or `ERROR`.
    pub severity: String,
    /// What is wrong, with the figures.
    pub detail: String,
    /// Of which instrument, where that could be told.
    pub instrument_id: Option<Uuid>,
    /// The instrument's symbol.
    pub symbol: Option<String>,
    /// The first day in question.
    pub date: Option<NaiveDate>,
}

/// Which findings to show; what is not given does not restrict.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Only of this run.
    pub run: Option<Uuid>,
    /// Only of this instrument.
    pub instrument: Option<Uuid>,
}

const PAGE: &str = "
SELECT q.id, q.run_id, q.line, q.dataset, q.finding, q.severity, q.detail, q.instrument_id, i.symbol, q.date
FROM meta_data_quality q LEFT JOIN dim_stock i ON i.id = q.instrument_id
WHERE ($1::uuid IS NULL OR q.run_id = $1) AND ($2::uuid IS NULL OR q.instrument_id = $2)
    AND ($3::uuid IS NULL OR (q.run_id, q.id) < ($3, $4::uuid))
ORDER BY q.run_id DESC, q.id DESC LIMIT $5";

/// Findings, those of the latest run first.
pub async fn page(
    session: &Session<Market>,
    filter: Filter,
    page: Page<(Uuid, Uuid)>,
) -> Result<Vec<Found>, DatabaseError> {
    let (run, id) = page.after.unzip();
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let values: [Value; 5] = [filter.run.into(), filter.instrument.into(), run.into(), id.into(), limit.into()];
    Ok(Found::find_by_statement(statement(PAGE, values)).all(session).await?)
}

const COUNT: &str = "
SELECT count(*) FROM meta_data_quality q
WHERE ($1::uuid IS NULL OR q.run_id = $1) AND ($2::uuid IS NULL OR q.instrument_id = $2)";

/// How many findings a filter leaves.
pub async fn count(session: &Session<Market>, filter: Filter) -> Result<u64, DatabaseError> {
    super::counted(session, COUNT, [filter.run.into(), filter.instrument.into()]).await
}
