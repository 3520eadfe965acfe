//! Removing what has ended: nothing that anybody could still ask for. And signing each day where the audit log is.

use chrono::TimeDelta;

use uuid::Uuid;

use super::{Caller, ServiceError, Services, settle, throttle};
use crate::queue::schedule::forget_runs;
use crate::storage;
use crate::storage::pipeline::staging;
use crate::tenancy::{Access, Market, MarketDoor, Realm, Session};

/// How long a log-in is kept after it has expired.
const EXPIRED_SESSIONS: TimeDelta = TimeDelta::days(7);
/// How long what was answered under a client's key is known.
const ANSWERS: TimeDelta = TimeDelta::days(30);
/// How long simulations are kept after they last changed.
const SIMULATIONS: TimeDelta = TimeDelta::days(90);
/// How long mails that were sent, and tokens that expired, are known.
const MAILS: TimeDelta = TimeDelta::days(30);
/// How long runs of jobs are remembered.
const RUNS: TimeDelta = TimeDelta::days(30);
/// How many of them, of one owner.
const MOST_RUNS: u32 = 1_000;
/// How long what a delivery staged is kept, unless the settings say otherwise.
pub(super) const KEEP_STAGED: TimeDelta = TimeDelta::days(30);
/// Staged rows that are deleted in one transaction.
const STAGED_AT_ONCE: u32 = 10_000;
/// Such transactions in one go; the next one does what is left.
const MOST_TRANSACTIONS: u32 = 20_000;

impl Services {
    /// Removes what has ended of a tenant.
    pub async fn housekeeping(&self, caller: &Caller) -> Result<(), ServiceError> {
        let session = self.write(caller).await?;
        let result = async {
            self.clean_realm(&session).await?;
            let before = self.environment.clock.now() - SIMULATIONS;
            let simulations = storage::simulation::purge(&session, before).await?;
            let mails = storage::mail::purge(&session, self.environment.clock.now() - MAILS).await?;
            tracing::debug!(simulations, mails, "removed");
            Ok(())
        }
        .await;
        settle(session, result).await
    }

    /// Removes what has ended of the platform's realm, runs of everybody's jobs that are long past, and what was staged long ago.
    pub async fn platform_housekeeping(&self) -> Result<(), ServiceError> {
        self.platform_realm().await?;
        self.clear_staging().await
    }

    async fn platform_realm(&self) -> Result<(), ServiceError> {
        let session = self.gateway.platform(Access::Write).await?;
        let result = async {
            self.clean_realm(&session).await?;
            let runs = forget_runs(&session, self.environment.clock.now() - RUNS, MOST_RUNS).await?;
            let now = self.environment.clock.now();
            let attempts = storage::throttle::purge(&session, now - throttle::COUNTED, now - throttle::KNOWN).await?;
            let keys = self.erase_retired_keys(&session).await?;
            tracing::debug!(runs, attempts, keys, "forgotten");
            Ok(())
        }
        .await;
        settle(session, result).await
    }

    /// Deletes what runs staged that began longer ago than it is kept, but rows that wait for a decision: some at a time, so that no
    /// delivery waits for long.
    async fn clear_staging(&self) -> Result<(), ServiceError> {
        let (mut after, mut rows) = (None, 0);
        for _ in 0..MOST_TRANSACTIONS {
            let session = self.gateway.market(Access::Write).await?;
            let result = self.clear_some(&session, after).await;
            let Some((run, deleted)) = settle(session, result).await? else { break };
            rows += deleted;
            // Of a run with more there is another turn.
            if deleted < u64::from(STAGED_AT_ONCE) {
                after = Some(run);
            }
        }
        tracing::debug!(rows, "staged rows removed");
        Ok(())
    }

    /// The run that was cleared, and how many rows of it; nothing if there is none.
    async fn clear_some(
        &self,
        session: &Session<Market>,
        after: Option<Uuid>,
    ) -> Result<Option<(Uuid, u64)>, ServiceError> {
        let now = self.environment.clock.now();
        let Some(run) = staging::next(session, now - self.keep_staged, after).await? else { return Ok(None) };
        let deleted = staging::clear(session, &run, STAGED_AT_ONCE).await?;
        if deleted < u64::from(STAGED_AT_ONCE) {
            staging::cleared(session, &run, now).await?;
        }
        Ok(Some((run.id, deleted)))
    }

    async fn clean_realm<S: Realm>(&self, session: &Session<S>) -> Result<(), ServiceError> {
        let now = self.environment.clock.now();
        let sessions = storage::refresh_token::purge(session, now - EXPIRED_SESSIONS).await?;
        let answers = storage::idempotency::purge(session, now - ANSWERS).await?;
        tracing::debug!(sessions, answers, "removed");
        self.seal_reads(session).await?;
        self.daily_checkpoint(session).await
    }
}
