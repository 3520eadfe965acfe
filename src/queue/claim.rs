//! Taking the next job: whose owner waits longest, within what one owner may run at once.

use chrono::{DateTime, Utc};
use sea_orm::{DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

use super::run;
use crate::tenancy::{DatabaseError, Platform, Session};

/// Serialises claims across processes, so that each sees what the one before it took.
const CLAIM_LOCK: &str = "SELECT pg_advisory_xact_lock(8102073519)";

/// Who claims, and on what terms.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Names the run.
    pub run: Uuid,
    /// The kinds that the worker has handlers of.
    pub kinds: Vec<&'static str>,
    /// The time by the worker's clock.
    pub now: DateTime<Utc>,
    /// Until when the job is the worker's unless it is prolonged.
    pub lease_until: DateTime<Utc>,
    /// How many jobs of one tenant run at once.
    pub per_tenant: u32,
    /// How many jobs of the installation run at once.
    pub installation: u32,
    /// How often a job is begun before it is given up.
    pub max_attempts: u32,
}

/// A job that a worker has taken.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Job {
    /// Its id.
    pub id: Uuid,
    /// Whose it is: a tenant's, or the installation's where there is none.
    pub tenant_id: Option<Uuid>,
    /// Which handler does it.
    pub kind: String,
    /// Of what.
    pub key: String,
    /// How often it was begun, this time included.
    pub attempts: i32,
    /// The run that holds it.
    pub run_id: Uuid,
}

/// A run whose worker fell silent for the last time. Nothing else says what happened to it.
const GIVE_UP: &str = "
WITH lost AS (
    SELECT *, format('its worker ended without a word, %s times', attempts) AS said FROM platform.job
    WHERE state = 'RUNNING' AND lease_until <= $1 AND attempts >= $2 AND cancel_requested_at IS NULL
), replaced AS (
    DELETE FROM platform.job d USING lost
    WHERE d.state = 'DEAD' AND (d.owner_id, d.kind, d.key) = (lost.owner_id, lost.kind, lost.key)
    RETURNING d.id
), noted AS (
    INSERT INTO platform.job_run (id, job_id, tenant_id, kind, key, outcome, attempt, begun_at, ended_at, error, message,
        progress_phase, progress_done, progress_total)
    SELECT run_id, id, tenant_id, kind, key, 'DEAD', attempts, begun_at, $1, said, said, progress_phase, progress_done,
        progress_total
    FROM lost
)
UPDATE platform.job j SET state = 'DEAD', run_id = NULL, lease_until = NULL, failed_at = $1, begun_at = NULL,
    last_error = format('%s; before that: %s', lost.said, coalesce(j.last_error, 'nothing')), last_message = lost.said
FROM lost WHERE j.id = lost.id AND (SELECT count(*) FROM replaced) >= 0";

/// A run that was to be cancelled and whose worker fell silent before it was.
const CANCEL_LOST: &str = "
WITH lost AS (
    DELETE FROM platform.job WHERE state = 'RUNNING' AND lease_until <= $1 AND cancel_requested_at IS NOT NULL RETURNING *
)
INSERT INTO platform.job_run (id, job_id, tenant_id, kind, key, outcome, attempt, begun_at, ended_at, error, message,
    progress_phase, progress_done, progress_total, cancelled_by)
SELECT run_id, id, tenant_id, kind, key, 'CANCELLED', attempts, begun_at, $1, last_error, last_message, progress_phase,
    progress_done, progress_total, cancel_requested_by
FROM lost";

/// Tenants take turns, and the installation is one of them: of those that may run one more, the one served longest ago. A key that runs is left alone, unless
/// its lease is over. What waits under the same key is done by the same run: requests that are due, and earlier failures.
const TAKE: &str = "
WITH busy AS (
    SELECT owner_id, count(*) AS running FROM platform.job
    WHERE state = 'RUNNING' AND lease_until > $1 GROUP BY owner_id
), next AS (
    SELECT j.id, j.owner_id, j.kind, j.key
    FROM platform.job j
    LEFT JOIN platform.tenant t ON t.id = j.tenant_id
    LEFT JOIN busy b ON b.owner_id = j.owner_id
    LEFT JOIN platform.job_turn u ON u.owner_id = j.owner_id
    WHERE j.kind = ANY (string_to_array($2, ','))
        AND ((j.state = 'WAITING' AND j.run_at <= $1) OR (j.state = 'RUNNING' AND j.lease_until <= $1))
        AND (j.tenant_id IS NULL OR t.status = 'ACTIVE')
        AND coalesce(b.running, 0) < CASE WHEN j.tenant_id IS NULL THEN $6 ELSE $3 END
        AND NOT EXISTS (
            SELECT FROM platform.job o
            WHERE o.state = 'RUNNING' AND o.id <> j.id
                AND (o.owner_id, o.kind, o.key) = (j.owner_id, j.kind, j.key)
        )
    ORDER BY coalesce(b.running, 0), u.turn NULLS FIRST, j.run_at, j.id
    LIMIT 1
), merged AS (
    DELETE FROM platform.job w USING next n
    WHERE w.state = 'WAITING' AND w.id <> n.id
        AND (w.owner_id, w.kind, w.key) = (n.owner_id, n.kind, n.key)
        AND (w.run_at <= $1 OR w.attempts > 0)
    RETURNING w.attempts, w.last_error, w.last_message
), turned AS (
    INSERT INTO platform.job_turn (owner_id, turn)
    SELECT n.owner_id, (SELECT coalesce(max(turn), 0) + 1 FROM platform.job_turn) FROM next n
    ON CONFLICT (owner_id) DO UPDATE SET turn = excluded.turn
)
UPDATE platform.job j SET state = 'RUNNING', run_id = $4, started_at = $1, lease_until = $5,
    begun_at = coalesce(j.begun_at, $1),
    attempts = greatest(j.attempts, (SELECT max(attempts) FROM merged)) + 1,
    last_error = coalesce(j.last_error, (SELECT max(last_error) FROM merged)),
    last_message = coalesce(j.last_message, (SELECT max(last_message) FROM merged))
FROM next n WHERE j.id = n.id
RETURNING j.id, j.tenant_id, j.kind, j.key, j.attempts, j.run_id";

/// Takes the next job that is due, or one whose worker has let its lease run out. It is taken when the session commits.
pub async fn claim(session: &Session<Platform>, claim: &Claim) -> Result<Option<Job>, DatabaseError> {
    run(session, CLAIM_LOCK, []).await?;
    run(session, CANCEL_LOST, [claim.now.into()]).await?;
    run(session, GIVE_UP, [claim.now.into(), i64::from(claim.max_attempts).into()]).await?;
    let values = [
        claim.now.into(),
        claim.kinds.join(",").into(),
        i64::from(claim.per_tenant).into(),
        claim.run.into(),
        claim.lease_until.into(),
        i64::from(claim.installation).into(),
    ];
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, TAKE, values);
    Ok(Job::find_by_statement(statement).one(session).await?)
}
