//! Removing what has ended: nothing that anybody could still ask for.

use chrono::TimeDelta;

use super::{Caller, ServiceError, Services, settle};
use crate::queue::schedule::forget_runs;
use crate::storage;
use crate::tenancy::{Access, Realm, Session};

/// How long a log-in is kept after it has expired.
const EXPIRED_SESSIONS: TimeDelta = TimeDelta::days(7);
/// How long what was answered under a client's key is known.
const ANSWERS: TimeDelta = TimeDelta::days(30);
/// How long runs of jobs are remembered.
const RUNS: TimeDelta = TimeDelta::days(30);
/// How many of them, of one owner.
const MOST_RUNS: u32 = 1_000;

impl Services {
    /// Removes what has ended of a tenant.
    pub async fn housekeeping(&self, caller: &Caller) -> Result<(), ServiceError> {
        let session = self.write(caller).await?;
        let result = self.clean_realm(&session).await;
        settle(session, result).await
    }

    /// Removes what has ended of the platform's realm, and runs of everybody's jobs that are long past.
    pub async fn platform_housekeeping(&self) -> Result<(), ServiceError> {
        let session = self.gateway.platform(Access::Write).await?;
        let result = async {
            self.clean_realm(&session).await?;
            let runs = forget_runs(&session, self.environment.clock.now() - RUNS, MOST_RUNS).await?;
            tracing::debug!(runs, "forgotten");
            Ok(())
        }
        .await;
        settle(session, result).await
    }

    async fn clean_realm<S: Realm>(&self, session: &Session<S>) -> Result<(), ServiceError> {
        let now = self.environment.clock.now();
        let sessions = storage::refresh_token::purge(session, now - EXPIRED_SESSIONS).await?;
        let answers = storage::idempotency::purge(session, now - ANSWERS).await?;
        tracing::debug!(sessions, answers, "removed");
        Ok(())
    }
}
