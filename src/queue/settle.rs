//! What becomes of a job that was taken. Each says whether the run still held it: one that has lost its lease changes nothing.

use chrono::{DateTime, Utc};

use super::claim::Job;
use super::run;
use crate::tenancy::{DatabaseError, Platform, Session};

/// Done. A run that succeeds also settles what an earlier one of its key had given up.
const FINISH: &str = "
WITH done AS (
    DELETE FROM platform.job WHERE id = $1 AND run_id = $2 RETURNING tenant_id, kind, key
), settled AS (
    DELETE FROM platform.job d USING done
    WHERE d.state = 'DEAD' AND (d.tenant_id, d.kind, d.key) = (done.tenant_id, done.kind, done.key)
)
SELECT FROM done";

const PROLONG: &str = "UPDATE platform.job SET lease_until = $3 WHERE id = $1 AND run_id = $2";

/// Given back unfinished: not an attempt that failed.
const RELEASE: &str = "
UPDATE platform.job SET state = 'WAITING', run_id = NULL, lease_until = NULL, run_at = $3,
    attempts = CASE WHEN $4 THEN 0 ELSE greatest(attempts - 1, 0) END
WHERE id = $1 AND run_id = $2";

const RETRY_LATER: &str = "
UPDATE platform.job SET state = 'WAITING', run_id = NULL, lease_until = NULL, failed_at = $3, last_error = $4, run_at = $5
WHERE id = $1 AND run_id = $2";

/// One dead letter a key: the latest.
const BURY: &str = "
WITH buried AS (
    SELECT id, tenant_id, kind, key FROM platform.job WHERE id = $1 AND run_id = $2
), replaced AS (
    DELETE FROM platform.job d USING buried
    WHERE d.state = 'DEAD' AND (d.tenant_id, d.kind, d.key) = (buried.tenant_id, buried.kind, buried.key)
    RETURNING d.id
)
UPDATE platform.job j SET state = 'DEAD', run_id = NULL, lease_until = NULL, failed_at = $3, last_error = $4
FROM buried WHERE j.id = buried.id AND (SELECT count(*) FROM replaced) >= 0";

/// The job is done.
pub async fn finish(session: &Session<Platform>, job: &Job) -> Result<bool, DatabaseError> {
    Ok(run(session, FINISH, [job.id.into(), job.run_id.into()]).await? > 0)
}

/// The worker lives and works on.
pub async fn prolong(session: &Session<Platform>, job: &Job, until: DateTime<Utc>) -> Result<bool, DatabaseError> {
    Ok(run(session, PROLONG, [job.id.into(), job.run_id.into(), until.into()]).await? > 0)
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

/// The job failed: it is tried again at `again`, or stays as a dead letter.
pub async fn fail(
    session: &Session<Platform>,
    job: &Job,
    error: &str,
    now: DateTime<Utc>,
    again: Option<DateTime<Utc>>,
) -> Result<bool, DatabaseError> {
    let mut values: Vec<sea_orm::Value> = vec![job.id.into(), job.run_id.into(), now.into(), error.into()];
    let touched = match again {
        Some(again) => {
            values.push(again.into());
            run(session, RETRY_LATER, values).await?
        }
        None => run(session, BURY, values).await?,
    };
    Ok(touched > 0)
}
