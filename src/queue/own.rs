//! The queue as its owners see it: a tenant its own jobs, runs and schedules, the platform's session the installation's.
//!
//! Everything here goes through views and functions that take the owner from the role of the session: there is no argument
//! by which a wrong query could reach the rows of another.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::tenancy::{DatabaseError, Realm, Session};

/// A row of a list that is sorted by time, the latest first.
pub type Place = (DateTime<Utc>, Uuid);

/// A job of the session's owner.
#[derive(Clone, Debug, FromQueryResult)]
pub struct OwnJob {
    /// Its id.
    pub id: Uuid,
    /// Which handler does it.
    pub kind: String,
    /// Of what.
    pub key: String,
    /// `WAITING`, `RUNNING` or `DEAD`.
    pub state: String,
    /// How often it was begun.
    pub attempts: i32,
    /// When it was asked for.
    pub enqueued_at: DateTime<Utc>,
    /// Not before.
    pub run_at: DateTime<Utc>,
    /// Since when it runs, or is gone on with.
    pub begun_at: Option<DateTime<Utc>>,
    /// When it last failed.
    pub failed_at: Option<DateTime<Utc>>,
    /// Why it last failed, as far as its owner is told.
    pub error: Option<String>,
    /// What it is doing.
    pub progress_phase: Option<String>,
    /// How much of that is done.
    pub progress_done: Option<i64>,
    /// Of how much.
    pub progress_total: Option<i64>,
    /// As of when.
    pub progress_at: Option<DateTime<Utc>>,
    /// When somebody wanted it to end.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// Who.
    pub cancel_requested_by: Option<String>,
}

/// A run that has ended.
#[derive(Clone, Debug, FromQueryResult)]
pub struct OwnRun {
    /// Its id.
    pub id: Uuid,
    /// Which handler did it.
    pub kind: String,
    /// Of what.
    pub key: String,
    /// `DONE`, `FAILED`, `DEAD` or `CANCELLED`.
    pub outcome: String,
    /// The how manieth try it was.
    pub attempt: i32,
    /// When it began; nothing where it never did.
    pub begun_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// Why it failed, as far as its owner is told.
    pub error: Option<String>,
    /// What it was doing at the end.
    pub progress_phase: Option<String>,
    /// How much of that was done.
    pub progress_done: Option<i64>,
    /// Of how much.
    pub progress_total: Option<i64>,
    /// Who wanted it to end.
    pub cancelled_by: Option<String>,
}

/// A schedule, with the last run of what it asks for.
#[derive(Clone, Debug, FromQueryResult)]
pub struct OwnSchedule {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Which handler does what it asks for.
    pub kind: String,
    /// Whether it stands in the program's list.
    pub is_standing: bool,
    /// The cron pattern.
    pub cron: String,
    /// The IANA time zone.
    pub time_zone: String,
    /// Whether it fires.
    pub is_enabled: bool,
    /// When it fires next.
    pub next_run_at: Option<DateTime<Utc>>,
    /// The latest time that it fired for.
    pub last_due_at: Option<DateTime<Utc>>,
    /// When it did.
    pub last_fired_at: Option<DateTime<Utc>>,
    /// How many earlier times came to the same run.
    pub last_missed: i32,
    /// Grows with each change.
    pub version: i64,
    /// How the last run of its kind and key ended.
    pub run_outcome: Option<String>,
    /// When it did.
    pub run_ended_at: Option<DateTime<Utc>>,
    /// Why it failed, as far as its owner is told.
    pub run_error: Option<String>,
}

const JOBS: &str = "
SELECT * FROM platform.own_job
WHERE ($1 = '' OR state = $1) AND ($2::timestamptz IS NULL OR (enqueued_at, id) < ($2, $3))
ORDER BY enqueued_at DESC, id DESC LIMIT $4";
const COUNT_JOBS: &str = "SELECT count(*) AS rows FROM platform.own_job WHERE $1 = '' OR state = $1";
const JOB: &str = "SELECT * FROM platform.own_job WHERE id = $1";
const RUNS: &str = "
SELECT * FROM platform.own_job_run WHERE $1::timestamptz IS NULL OR (ended_at, id) < ($1, $2)
ORDER BY ended_at DESC, id DESC LIMIT $3";
const COUNT_RUNS: &str = "SELECT count(*) AS rows FROM platform.own_job_run";
const SCHEDULES: &str = "
SELECT s.*, r.outcome AS run_outcome, r.ended_at AS run_ended_at, r.error AS run_error
FROM platform.own_schedule s LEFT JOIN LATERAL (
    SELECT outcome, ended_at, error FROM platform.own_job_run r WHERE (r.kind, r.key) = (s.kind, s.key)
    ORDER BY ended_at DESC LIMIT 1
) r ON true
WHERE $1::uuid IS NULL OR s.id = $1
ORDER BY s.is_standing DESC, s.name";

fn statement(sql: &'static str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

/// The one value that a statement answers.
async fn one<S: Realm, T: sea_orm::TryGetable>(
    session: &Session<S>,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<T, DatabaseError> {
    let row = session.query_one_raw(statement(sql, values)).await?;
    let row = row.ok_or_else(|| DatabaseError::Corrupt("a statement of one row answered none".to_owned()))?;
    Ok(row.try_get_by_index(0)?)
}

async fn count<S: Realm>(
    session: &Session<S>,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DatabaseError> {
    Ok(u64::try_from(one::<S, i64>(session, sql, values).await?).unwrap_or_default())
}

/// Jobs of one state or of all, the latest first.
pub async fn jobs<S: Realm>(
    session: &Session<S>,
    state: Option<&str>,
    after: Option<Place>,
    limit: u64,
) -> Result<Vec<OwnJob>, DatabaseError> {
    let (at, id) = after.unzip();
    let values = [state.unwrap_or_default().into(), at.into(), id.into(), limit.into()];
    Ok(OwnJob::find_by_statement(statement(JOBS, values)).all(session).await?)
}

/// How many jobs there are of one state or of all.
pub async fn count_jobs<S: Realm>(session: &Session<S>, state: Option<&str>) -> Result<u64, DatabaseError> {
    count(session, COUNT_JOBS, [state.unwrap_or_default().into()]).await
}

/// One job.
pub async fn job<S: Realm>(session: &Session<S>, id: Uuid) -> Result<Option<OwnJob>, DatabaseError> {
    Ok(OwnJob::find_by_statement(statement(JOB, [id.into()])).one(session).await?)
}

/// Runs that have ended, the latest first.
pub async fn runs<S: Realm>(
    session: &Session<S>,
    after: Option<Place>,
    limit: u64,
) -> Result<Vec<OwnRun>, DatabaseError> {
    let (at, id) = after.unzip();
    Ok(OwnRun::find_by_statement(statement(RUNS, [at.into(), id.into(), limit.into()])).all(session).await?)
}

/// How many runs are remembered.
pub async fn count_runs<S: Realm>(session: &Session<S>) -> Result<u64, DatabaseError> {
    count(session, COUNT_RUNS, []).await
}

/// All schedules: those of the program first, then by name.
pub async fn schedules<S: Realm>(session: &Session<S>) -> Result<Vec<OwnSchedule>, DatabaseError> {
    let values = [Option::<Uuid>::None.into()];
    Ok(OwnSchedule::find_by_statement(statement(SCHEDULES, values)).all(session).await?)
}

/// One schedule.
pub async fn schedule<S: Realm>(session: &Session<S>, id: Uuid) -> Result<Option<OwnSchedule>, DatabaseError> {
    Ok(OwnSchedule::find_by_statement(statement(SCHEDULES, [Some(id).into()])).one(session).await?)
}

/// Puts a dead letter back into the queue. Whether there was one.
pub async fn retry<S: Realm>(session: &Session<S>, id: Uuid, now: DateTime<Utc>) -> Result<bool, DatabaseError> {
    one(session, "SELECT platform.job_retry($1, $2)", [id.into(), now.into()]).await
}

/// Takes a dead letter away. Whether there was one.
pub async fn discard<S: Realm>(session: &Session<S>, id: Uuid) -> Result<bool, DatabaseError> {
    one(session, "SELECT platform.job_discard($1)", [id.into()]).await
}

/// What was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// A job that waited: it is gone.
    Waiting,
    /// A job that runs: it will end.
    Running,
    /// Nothing: there is no job that waits or runs.
    Nothing,
}

/// Takes a job that waits out of the queue, and has one that runs come to an end.
pub async fn cancel<S: Realm>(
    session: &Session<S>,
    id: Uuid,
    now: DateTime<Utc>,
    by: &str,
) -> Result<Cancelled, DatabaseError> {
    let values = [id.into(), now.into(), by.into()];
    let state: Option<String> = one(session, "SELECT platform.job_cancel($1, $2, $3)", values).await?;
    Ok(match state.as_deref() {
        Some("WAITING") => Cancelled::Waiting,
        Some(_) => Cancelled::Running,
        None => Cancelled::Nothing,
    })
}

/// What a schedule is to be.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// What people call it.
    pub name: &'a str,
    /// The cron pattern.
    pub cron: &'a str,
    /// The IANA time zone.
    pub time_zone: &'a str,
    /// When it fires next; nothing where it does not.
    pub next: Option<DateTime<Utc>>,
}

/// Makes a schedule. [`DatabaseError::AlreadyExists`] where the name is taken.
pub async fn create_schedule<S: Realm>(
    session: &Session<S>,
    id: Uuid,
    kind: &str,
    plan: &Plan<'_>,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let Plan { name, cron, time_zone, next } = *plan;
    let values = [id.into(), name.into(), kind.into(), cron.into(), time_zone.into(), next.into(), now.into()];
    let create = "SELECT platform.schedule_create($1, $2, $3, $4, $5, $6, $7)";
    session.execute_raw(statement(create, values)).await?;
    Ok(())
}

/// Changes a schedule if it still is at the version that was seen. Whether it was.
pub async fn update_schedule<S: Realm>(
    session: &Session<S>,
    id: Uuid,
    seen: i64,
    plan: &Plan<'_>,
    is_enabled: bool,
    now: DateTime<Utc>,
) -> Result<bool, DatabaseError> {
    let Plan { name, cron, time_zone, next } = *plan;
    let values = [
        id.into(),
        seen.into(),
        name.into(),
        cron.into(),
        time_zone.into(),
        is_enabled.into(),
        next.into(),
        now.into(),
    ];
    one(session, "SELECT platform.schedule_update($1, $2, $3, $4, $5, $6, $7, $8)", values).await
}

/// Removes a schedule that is not the program's. Whether there was one.
pub async fn delete_schedule<S: Realm>(session: &Session<S>, id: Uuid) -> Result<bool, DatabaseError> {
    one(session, "SELECT platform.schedule_delete($1)", [id.into()]).await
}
