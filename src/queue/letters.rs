//! The queue as an operator sees it, and what they can do about dead letters.

use chrono::{DateTime, Utc};
use sea_orm::{DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

use super::run;
use crate::tenancy::{DatabaseError, Platform, Session};

/// A job as it stands.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Listed {
    /// Its id.
    pub id: Uuid,
    /// The short name of the tenant.
    pub tenant: String,
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
    /// Why it failed, when it last did.
    pub last_error: Option<String>,
}

const LIST: &str = "
SELECT j.id, t.slug AS tenant, j.kind, j.key, j.state, j.attempts, j.enqueued_at, j.run_at, j.last_error
FROM platform.job j JOIN platform.tenant t ON t.id = j.tenant_id
WHERE $1 = '' OR j.state = $1
ORDER BY array_position(ARRAY['DEAD', 'RUNNING', 'WAITING'], j.state), j.run_at, j.id
LIMIT $2";

const RETRY: &str =
    "UPDATE platform.job SET state = 'WAITING', attempts = 0, run_at = $2 WHERE id = $1 AND state = 'DEAD'";
const DISCARD: &str = "DELETE FROM platform.job WHERE id = $1 AND state = 'DEAD'";

/// Jobs, dead letters first; only those of one state where it is given.
pub async fn list(session: &Session<Platform>, state: Option<&str>, limit: u32) -> Result<Vec<Listed>, DatabaseError> {
    let values = [state.unwrap_or_default().into(), i64::from(limit).into()];
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, LIST, values);
    Ok(Listed::find_by_statement(statement).all(session).await?)
}

/// Puts a dead letter back into the queue. Whether there was one.
pub async fn retry(session: &Session<Platform>, id: Uuid, now: DateTime<Utc>) -> Result<bool, DatabaseError> {
    Ok(run(session, RETRY, [id.into(), now.into()]).await? > 0)
}

/// Takes a dead letter away. Whether there was one.
pub async fn discard(session: &Session<Platform>, id: Uuid) -> Result<bool, DatabaseError> {
    Ok(run(session, DISCARD, [id.into()]).await? > 0)
}
