//! Runs that take in what is no price: one line each in `meta_refresh_log`.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use uuid::Uuid;

use super::pipeline::Outcome;
use super::statement::statement;
use crate::tenancy::{DatabaseError, Market, Session};

/// A delivery that is being taken in.
#[derive(Clone, Copy, Debug)]
pub struct Feed<'a> {
    /// The run's id.
    pub run: Uuid,
    /// What is loaded.
    pub dataset: &'static str,
    /// Who delivered it.
    pub provider: &'a str,
    /// When it was delivered.
    pub fetched_at: DateTime<Utc>,
    /// When the run began.
    pub started_at: DateTime<Utc>,
}

const BEGIN: &str = "INSERT INTO meta_refresh_log (id, dataset, provider, started_at) VALUES ($1, $2, $3, $4)";

const FINISH: &str = "
UPDATE meta_refresh_log SET finished_at = $2, rows_delivered = $3, rows_promoted = $4, rows_held = $5 WHERE id = $1";

/// Notes that a run began.
pub async fn begin(session: &Session<Market>, feed: Feed<'_>) -> Result<(), DatabaseError> {
    let Feed { run, dataset, provider, started_at, .. } = feed;
    execute(session, BEGIN, [run.into(), dataset.into(), provider.into(), started_at.into()]).await?;
    Ok(())
}

/// Notes what it came to.
pub async fn finish(
    session: &Session<Market>,
    feed: Feed<'_>,
    outcome: Outcome,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let count = |rows: u64| Value::from(i64::try_from(rows).unwrap_or(i64::MAX));
    let Outcome { delivered, promoted, held, .. } = outcome;
    let values = [feed.run.into(), now.into(), count(delivered), count(promoted), count(held)];
    execute(session, FINISH, values).await?;
    Ok(())
}

/// What a run comes to.
pub fn outcome(delivered: u64, promoted: u64, held: u64) -> Outcome {
    Outcome { delivered, promoted, held, revised: 0 }
}

/// Text as PostgreSQL can hold it: all but NUL.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

pub(super) async fn execute(
    session: &Session<Market>,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DatabaseError> {
    Ok(session.execute_raw(statement(sql, values)).await?.rows_affected())
}

pub(super) async fn ask(
    session: &Session<Market>,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, DatabaseError> {
    Ok(session.query_all_raw(statement(sql, values)).await?)
}
