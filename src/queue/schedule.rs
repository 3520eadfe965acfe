//! Schedules as workers see them: those of the program are kept, those that are due put their jobs into the queue.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::{DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

use super::{Recurrence, run};
use crate::tenancy::{DatabaseError, Platform, Session};

/// Schedules that fire in one transaction.
const AT_ONCE: i64 = 200;

/// Whose a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The installation's own.
    Installation,
    /// A tenant's.
    Tenant,
}

/// A schedule that the program brings with it.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Whose: one schedule of the installation, or one of each tenant.
    pub owner: Owner,
    /// What people call it.
    pub name: &'static str,
    /// Which handler does what it asks for.
    pub kind: &'static str,
    /// When, as a cron pattern.
    pub cron: &'static str,
    /// By the clocks of this IANA time zone.
    pub time_zone: &'static str,
}

/// A schedule that nobody has changed follows the program's list, one that somebody has stays as they want it.
const KEEP_INSTALLATION: &str = "
INSERT INTO platform.schedule AS s (id, tenant_id, name, kind, is_standing, cron, time_zone, is_enabled, next_run_at, created_at)
VALUES ($1, NULL, $2, $3, true, $4, $5, true, $6, $7)
ON CONFLICT (owner_id, name) DO UPDATE SET kind = excluded.kind, cron = excluded.cron, time_zone = excluded.time_zone,
    next_run_at = excluded.next_run_at
WHERE s.is_standing AND s.changed_at IS NULL
    AND (s.kind, s.cron, s.time_zone) <> (excluded.kind, excluded.cron, excluded.time_zone)";

/// The same of every tenant. Those that have it as it stands in the list are not touched.
const KEEP_TENANTS: &str = "
INSERT INTO platform.schedule AS s (id, tenant_id, name, kind, is_standing, cron, time_zone, is_enabled, next_run_at, created_at)
SELECT md5($1::text || t.id::text)::uuid, t.id, $2, $3, true, $4, $5, true, $6, $7
FROM platform.tenant t
WHERE NOT EXISTS (
    SELECT FROM platform.schedule h WHERE h.owner_id = t.id AND h.name = $2
        AND (NOT h.is_standing OR h.changed_at IS NOT NULL OR (h.kind, h.cron, h.time_zone) = ($3, $4, $5))
)
ON CONFLICT (owner_id, name) DO UPDATE SET kind = excluded.kind, cron = excluded.cron, time_zone = excluded.time_zone,
    next_run_at = excluded.next_run_at
WHERE s.is_standing AND s.changed_at IS NULL";

/// Keeps a standing schedule, from `now` on; `id` names what is new. Returns how many were made or brought up to date.
pub async fn keep(
    session: &Session<Platform>,
    standing: &Standing,
    next: Option<DateTime<Utc>>,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<u64, DatabaseError> {
    let Standing { owner, name, kind, cron, time_zone } = *standing;
    let statement = match owner {
        Owner::Installation => KEEP_INSTALLATION,
        Owner::Tenant => KEEP_TENANTS,
    };
    let values = [id.into(), name.into(), kind.into(), cron.into(), time_zone.into(), next.into(), now.into()];
    run(session, statement, values).await
}

#[derive(FromQueryResult)]
struct DueRow {
    id: Uuid,
    cron: String,
    time_zone: String,
    next_run_at: DateTime<Utc>,
}

/// Each is one worker's at a time: another passes over it, and finds it advanced afterwards.
const DUE: &str = "
SELECT s.id, s.cron, s.time_zone, s.next_run_at
FROM platform.schedule s LEFT JOIN platform.tenant t ON t.id = s.tenant_id
WHERE s.next_run_at <= $1 AND s.is_enabled AND s.kind = ANY (string_to_array($2, ','))
    AND (s.tenant_id IS NULL OR t.status = 'ACTIVE')
ORDER BY s.next_run_at, s.id LIMIT $3
FOR UPDATE OF s SKIP LOCKED";

/// A key that waits already is not asked for once more: what stands still for long makes no heap of jobs.
const FIRE: &str = "
WITH fired AS (
    SELECT id::uuid, job_id::uuid, next_run_at::timestamptz, missed::integer
    FROM unnest(string_to_array($1, ','), string_to_array($2, ','), string_to_array($3, ',', '-'), string_to_array($4, ','))
        AS f (id, job_id, next_run_at, missed)
), advanced AS (
    UPDATE platform.schedule s SET last_due_at = s.next_run_at, last_fired_at = $5, last_missed = f.missed,
        next_run_at = f.next_run_at
    FROM fired f WHERE s.id = f.id
    RETURNING s.owner_id, s.tenant_id, s.kind, s.key, f.job_id
)
INSERT INTO platform.job (id, tenant_id, kind, key, state, enqueued_at, run_at)
SELECT a.job_id, a.tenant_id, a.kind, a.key, 'WAITING', $5, $5 FROM advanced a
WHERE NOT EXISTS (
    SELECT FROM platform.job w
    WHERE w.state = 'WAITING' AND (w.owner_id, w.kind, w.key) = (a.owner_id, a.kind, a.key) AND w.run_at <= $5
)";

/// Puts the jobs of schedules that are due into the queue and moves these on to their next time, in the session's
/// transaction. Returns how many there were, which is fewer than there may be where `AT_ONCE` were due.
pub async fn fire(
    session: &Session<Platform>,
    kinds: &[&'static str],
    now: DateTime<Utc>,
    mut new_id: impl FnMut() -> Uuid,
) -> Result<usize, DatabaseError> {
    let values = [now.into(), kinds.join(",").into(), AT_ONCE.into()];
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, DUE, values);
    let rows = DueRow::find_by_statement(statement).all(session).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let (mut ids, mut jobs, mut nexts, mut missed) =
        (List::default(), List::default(), List::default(), List::default());
    for row in &rows {
        let due = match Recurrence::parse(&row.cron, &row.time_zone) {
            Ok(recurrence) => recurrence.due(row.next_run_at, now),
            Err(error) => {
                tracing::error!(schedule = %row.id, %error, "a schedule fires for the last time: it cannot be read");
                super::recurrence::Due { missed: 0, next: None }
            }
        };
        ids.add(row.id);
        jobs.add(new_id());
        match due.next {
            Some(next) => nexts.add(next.to_rfc3339_opts(SecondsFormat::Micros, true)),
            None => nexts.add('-'),
        }
        missed.add(due.missed);
    }
    run(session, FIRE, [ids.0.into(), jobs.0.into(), nexts.0.into(), missed.0.into(), now.into()]).await?;
    Ok(rows.len())
}

/// Several values as one parameter.
#[derive(Default)]
struct List(String);

impl List {
    fn add(&mut self, value: impl std::fmt::Display) {
        let separator = if self.0.is_empty() { "" } else { "," };
        // Writing into a text cannot fail.
        let _ = write!(self.0, "{separator}{value}");
    }
}

/// Removes what has run and ended before an instant, and of each owner all but the latest; returns how many.
const FORGET_RUNS: &str = "
DELETE FROM platform.job_run r USING (
    SELECT id, row_number() OVER (PARTITION BY owner_id ORDER BY ended_at DESC, id DESC) AS position FROM platform.job_run
) p WHERE p.id = r.id AND (r.ended_at < $1 OR p.position > $2)";

/// Forgets runs that ended before an instant, and of each owner all but so many.
pub async fn forget_runs(session: &Session<Platform>, before: DateTime<Utc>, most: u32) -> Result<u64, DatabaseError> {
    run(session, FORGET_RUNS, [before.into(), i64::from(most).into()]).await
}
