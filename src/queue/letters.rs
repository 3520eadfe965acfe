//! The queue and the schedules of every owner, as whoever commands the machine sees them.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

use crate::tenancy::{DatabaseError, Platform, Session};

/// A job as it stands.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Listed {
    /// Its id.
    pub id: Uuid,
    /// The short name of the tenant; `-` for what is the installation's own.
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
SELECT j.id, coalesce(t.slug, '-') AS tenant, j.kind, j.key, j.state, j.attempts, j.enqueued_at, j.run_at, j.last_error
FROM platform.job j LEFT JOIN platform.tenant t ON t.id = j.tenant_id
WHERE $1 = '' OR j.state = $1
ORDER BY array_position(ARRAY['DEAD', 'RUNNING', 'WAITING'], j.state), j.run_at, j.id
LIMIT $2";

/// Jobs, dead letters first; only those of one state where it is given.
pub async fn list(session: &Session<Platform>, state: Option<&str>, limit: u32) -> Result<Vec<Listed>, DatabaseError> {
    let values = [state.unwrap_or_default().into(), i64::from(limit).into()];
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, LIST, values);
    Ok(Listed::find_by_statement(statement).all(session).await?)
}

/// Whose a job is, and whether it is there at all.
pub async fn owner_of(session: &Session<Platform>, id: Uuid) -> Result<Option<Option<Uuid>>, DatabaseError> {
    let owner = "SELECT tenant_id FROM platform.job WHERE id = $1";
    let row = session.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, owner, [id.into()])).await?;
    Ok(row.map(|row| row.try_get("", "tenant_id")).transpose()?)
}

/// A schedule as it stands.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Scheduled {
    /// Its id.
    pub id: Uuid,
    /// The short name of the tenant; `-` for what is the installation's own.
    pub tenant: String,
    /// What people call it.
    pub name: String,
    /// Which handler does what it asks for.
    pub kind: String,
    /// The cron pattern.
    pub cron: String,
    /// The IANA time zone.
    pub time_zone: String,
    /// Whether it fires.
    pub is_enabled: bool,
    /// When it fires next.
    pub next_run_at: Option<DateTime<Utc>>,
    /// When it last fired.
    pub last_fired_at: Option<DateTime<Utc>>,
    /// How many earlier times came to the same run.
    pub last_missed: i32,
}

const SCHEDULES: &str = "
SELECT s.id, coalesce(t.slug, '-') AS tenant, s.name, s.kind, s.cron, s.time_zone, s.is_enabled, s.next_run_at,
    s.last_fired_at, s.last_missed
FROM platform.schedule s LEFT JOIN platform.tenant t ON t.id = s.tenant_id
ORDER BY t.slug NULLS FIRST, s.name LIMIT $1";

/// Schedules, those of the installation first.
pub async fn schedules(session: &Session<Platform>, limit: u32) -> Result<Vec<Scheduled>, DatabaseError> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, SCHEDULES, [i64::from(limit).into()]);
    Ok(Scheduled::find_by_statement(statement).all(session).await?)
}
