//! Runs: one line each in `meta_refresh_log`, which stands before the work begins.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use super::execute;
use crate::storage::Page;
use crate::storage::statement::statement;
use crate::tenancy::{DatabaseError, Market, Session};

/// A run that has not ended after so long was ended with its process.
const LONGEST_RUN: TimeDelta = TimeDelta::hours(6);

/// What a run loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dataset {
    /// Prices of days.
    Prices,
    /// Exchange rates.
    Rates,
    /// Splits.
    Splits,
    /// Cash dividends.
    Dividends,
    /// Figures of the market at large.
    Indicators,
    /// Headlines.
    News,
    /// Instruments and what is known of them.
    Instruments,
}

impl Dataset {
    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prices => "prices",
            Self::Rates => "exchange rates",
            Self::Splits => "splits",
            Self::Dividends => "dividends",
            Self::Indicators => "indicators",
            Self::News => "news",
            Self::Instruments => "instruments",
        }
    }
}

/// A run of the pipeline, from its start.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its id.
    pub id: Uuid,
    /// What is loaded.
    pub dataset: Dataset,
    /// Where it comes from.
    pub provider: String,
    /// What is asked, without keys.
    pub asked: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows that were delivered.
    pub delivered: u64,
    /// Rows that were new to the clean facts, or changed them.
    pub promoted: u64,
    /// Rows that a check held back, those that wait since an earlier run among them.
    pub held: u64,
    /// Of those promoted, rows that took the place of another value.
    pub revised: u64,
}

/// Notes that a run began.
pub async fn begin(session: &Session<Market>, run: &Run) -> Result<(), DatabaseError> {
    let values: [Value; 5] = [
        run.id.into(),
        run.dataset.name().into(),
        run.provider.as_str().into(),
        run.asked.as_str().into(),
        run.started_at.into(),
    ];
    execute(session, BEGIN, values).await?;
    Ok(())
}

const BEGIN: &str =
    "INSERT INTO meta_refresh_log (id, dataset, provider, asked, started_at) VALUES ($1, $2, $3, $4, $5)";

/// Notes what a run came to, in the transaction of the work. `version` is the one that holds what it promoted.
pub async fn finish(
    session: &Session<Market>,
    run: &Run,
    outcome: Outcome,
    version: Option<i64>,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let count = |rows: u64| Value::from(i64::try_from(rows).unwrap_or(i64::MAX));
    let values: [Value; 7] = [
        run.id.into(),
        now.into(),
        count(outcome.delivered),
        count(outcome.promoted),
        count(outcome.held),
        count(outcome.revised),
        version.into(),
    ];
    execute(session, FINISH, values).await?;
    Ok(())
}

const FINISH: &str = "
UPDATE meta_refresh_log
SET finished_at = $2, rows_delivered = $3, rows_promoted = $4, rows_held = $5, rows_revised = $6, version = $7
WHERE id = $1";

/// Notes why a run failed. Nothing of it is kept but that.
pub async fn fail(session: &Session<Market>, run: &Run, error: &str, now: DateTime<Utc>) -> Result<(), DatabaseError> {
    let values: [Value; 3] = [run.id.into(), now.into(), error.into()];
    execute(
        session,
        "UPDATE meta_refresh_log SET finished_at = $2, error = $3 WHERE id = $1 AND finished_at IS NULL",
        values,
    )
    .await?;
    Ok(())
}

/// A run as it stands.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Logged {
    /// Its id.
    pub id: Uuid,
    /// What is loaded.
    pub dataset: String,
    /// Where it comes from.
    pub provider: String,
    /// What was asked.
    pub asked: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended; nothing where it has not, or was ended with its process.
    pub finished_at: Option<DateTime<Utc>>,
    /// Rows that were delivered.
    pub rows_delivered: Option<i64>,
    /// Rows that were new to the clean facts, or changed them.
    pub rows_promoted: Option<i64>,
    /// Rows that a check held back.
    pub rows_held: Option<i64>,
    /// Rows that took the place of another value.
    pub rows_revised: Option<i64>,
    /// Why it failed.
    pub error: Option<String>,
}

impl Logged {
    /// Whether it neither ended nor can still be at work.
    pub fn was_interrupted(&self, now: DateTime<Utc>) -> bool {
        self.finished_at.is_none() && now - self.started_at > LONGEST_RUN
    }
}

const PAGE: &str = "
SELECT id, dataset, provider, asked, started_at, finished_at, rows_delivered, rows_promoted, rows_held, rows_revised, error
FROM meta_refresh_log WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2";

/// Runs, the latest first.
pub async fn page(session: &Session<Market>, page: Page<Uuid>) -> Result<Vec<Logged>, DatabaseError> {
    let values: [Value; 2] = [page.after.into(), i64::try_from(page.limit).unwrap_or(i64::MAX).into()];
    Ok(Logged::find_by_statement(statement(PAGE, values)).all(session).await?)
}

/// How many runs there are.
pub async fn count(session: &Session<Market>) -> Result<u64, DatabaseError> {
    super::counted(session, "SELECT count(*) FROM meta_refresh_log", []).await
}
