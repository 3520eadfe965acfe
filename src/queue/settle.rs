//! What becomes of a job that was taken. Each says whether the run still held it: one that has lost its lease changes nothing.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::claim::Job;
use super::run;
use crate::tenancy::{DatabaseError, Platform, Session};

/// Done. A run that succeeds also settles what an earlier one of its key had given up.
const FINISH: &str = "
WITH done AS (
    DELETE FROM platform.job WHERE id = $1 AND run_id = $2 RETURNING *
), settled AS (
    DELETE FROM platform.job d USING done
    WHERE d.state = 'DEAD' AND (d.owner_id, d.kind, d.key) = (done.owner_id, done.kind, done.key)
)
INSERT INTO platform.job_run (id, job_id, tenant_id, kind, key, outcome, attempt, begun_at, ended_at, progress_phase,
    progress_done, progress_total)
SELECT run_id, id, tenant_id, kind, key, 'DONE', attempts, begun_at, $3, progress_phase, progress_done, progress_total
FROM done";

/// Ended because somebody asked for it.
const CANCEL: &str = "
WITH done AS (
    DELETE FROM platform.job WHERE id = $1 AND run_id = $2 RETURNING *
)
INSERT INTO platform.job_run (id, job_id, tenant_id, kind, key, outcome, attempt, begun_at, ended_at, error, message,
    progress_phase, progress_done, progress_total, cancelled_by)
SELECT run_id, id, tenant_id, kind, key, 'CANCELLED', attempts, begun_at, $3, last_error, last_message, progress_phase,
    progress_done, progress_total, cancel_requested_by
FROM done";

const PROLONG: &str = "
UPDATE platform.job j SET lease_until = $3 WHERE id = $1 AND run_id = $2
RETURNING cancel_requested_at IS NOT NULL AS is_cancelled,
    EXISTS (SELECT FROM platform.tenant t WHERE t.id = j.tenant_id AND t.status <> 'ACTIVE') AS is_suspended";

const PROGRESS: &str = "
UPDATE platform.job SET progress_phase = $3, progress_done = $4, progress_total = $5, progress_at = $6
WHERE id = $1 AND run_id = $2";

/// Given back unfinished: not an attempt that failed.
const RELEASE: &str = "
UPDATE platform.job SET state = 'WAITING', run_id = NULL, lease_until = NULL, run_at = $3,
    attempts = CASE WHEN $4 THEN 0 ELSE greatest(attempts - 1, 0) END
WHERE id = $1 AND run_id = $2";

/// What a run that failed came to: the job waits for `$6`.
const RETRY_LATER: &str = "
WITH failed AS (
    SELECT * FROM platform.job WHERE id = $1 AND run_id = $2
), noted AS (
    INSERT INTO platform.job_run (id, job_id, tenant_id, kind, key, outcome, attempt, begun_at, ended_at, error, message,
        progress_phase, progress_done, progress_total)
    SELECT run_id, id, tenant_id, kind, key, 'FAILED', attempts, begun_at, $3, $4, $5, progress_phase, progress_done,
        progress_total
    FROM failed
)
UPDATE platform.job j SET state = 'WAITING', run_id = NULL, lease_until = NULL, failed_at = $3, begun_at = NULL, last_error = $4,
    last_message = $5, run_at = $6
FROM failed f WHERE j.id = f.id AND j.run_id = f.run_id";

/// One dead letter a key: the latest.
const BURY: &str = "
WITH buried AS (
    SELECT * FROM platform.job WHERE id = $1 AND run_id = $2
), replaced AS (
    DELETE FROM platform.job d USING buried
    WHERE d.state = 'DEAD' AND (d.owner_id, d.kind, d.key) = (buried.owner_id, buried.kind, buried.key)
    RETURNING d.id
), noted AS (
    INSERT INTO platform.job_run (id, job_id, tenant_id, kind, key, outcome, attempt, begun_at, ended_at, error, message,
        progress_phase, progress_done, progress_total)
    SELECT run_id, id, tenant_id, kind, key, 'DEAD', attempts, begun_at, $3, $4, $5, progress_phase, progress_done,
        progress_total
    FROM buried
)
UPDATE platform.job j SET state = 'DEAD', run_id = NULL, lease_until = NULL, failed_at = $3, begun_at = NULL, last_error = $4,
    last_message = $5
FROM buried b WHERE j.id = b.id AND j.run_id = b.run_id AND (SELECT count(*) FROM replaced) >= 0";

/// Whether a run still holds its job, and what is wanted of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It holds the job and may go on.
    Held,
    /// It holds the job and is to end: somebody has cancelled it.
    Cancelled,
    /// It holds the job and is to give it back: its tenant is suspended.
    Suspended,
    /// Another run has the job, or nobody.
    Lost,
}

/// Why a run failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// With everything that is known, for operators.
    pub error: String,
    /// What the tenant is told.
    pub message: String,
    /// When the job is tried again; nothing where it stays as a dead letter.
    pub again: Option<DateTime<Utc>>,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub phase: &'static str,
    /// How much of it is done.
    pub done: u64,
    /// How much there is to do, where that is known.
    pub total: Option<u64>,
}

/// The job is done.
pub async fn finish(session: &Session<Platform>, job: &Job, now: DateTime<Utc>) -> Result<bool, DatabaseError> {
    Ok(run(session, FINISH, [job.id.into(), job.run_id.into(), now.into()]).await? > 0)
}

/// The job was cancelled and has ended.
pub async fn cancelled(session: &Session<Platform>, job: &Job, now: DateTime<Utc>) -> Result<bool, DatabaseError> {
    Ok(run(session, CANCEL, [job.id.into(), job.run_id.into(), now.into()]).await? > 0)
}

/// The worker lives and works on.
pub async fn prolong(session: &Session<Platform>, job: &Job, until: DateTime<Utc>) -> Result<Hold, DatabaseError> {
    let values = [job.id.into(), job.run_id.into(), until.into()];
    let row = session.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, PROLONG, values)).await?;
    let Some(row) = row else { return Ok(Hold::Lost) };
    let says = |flag| row.try_get::<bool>("", flag);
    Ok(if says("is_cancelled")? {
        Hold::Cancelled
    } else if says("is_suspended")? {
        Hold::Suspended
    } else {
        Hold::Held
    })
}

/// How far the run is, for whoever asks.
pub async fn progress(
    session: &Session<Platform>,
    job: &Job,
    progress: Progress,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let values = [
        job.id.into(),
        job.run_id.into(),
        progress.phase.into(),
        count(progress.done).into(),
        progress.total.map(count).into(),
        now.into(),
    ];
    run(session, PROGRESS, values).await?;
    Ok(())
}

/// The worker gives the job back, to be gone on with from `due`. `progressed` forgets the attempts that failed before.
pub async fn release(
    session: &Session<Platform>,
    job: &Job,
    due: DateTime<Utc>,
    progressed: bool,
) -> Result<bool, DatabaseError> {
    Ok(run(session, RELEASE, [job.id.into(), job.run_id.into(), due.into(), progressed.into()]).await? > 0)
}

/// The job failed: it is tried again, or stays as a dead letter.
pub async fn fail(
    session: &Session<Platform>,
    job: &Job,
    failure: &Failure,
    now: DateTime<Utc>,
) -> Result<bool, DatabaseError> {
    let Failure { error, message, again } = failure;
    let mut values: Vec<sea_orm::Value> =
        vec![job.id.into(), job.run_id.into(), now.into(), error.into(), message.into()];
    let touched = match again {
        Some(again) => {
            values.push((*again).into());
            run(session, RETRY_LATER, values).await?
        }
        None => run(session, BURY, values).await?,
    };
    Ok(touched > 0)
}
