//! Periods whose books are closed: what is back-dated into one is refused, unless the one entitled says so.
//!
//! A lock is written and read under the portfolio's row lock, which every write of the ledger takes: none slips in beside it.
//! What the market did is booked whatever is locked, since holdings would be wrong without it.

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};
use uuid::Uuid;

use super::idempotency::IdempotencyKey;
use super::ledger::PostError;
use super::transaction::{check_date, check_text};
use super::{Caller, Done, Refusal, RefusalCode, ServiceError, Services, access, settle};
use crate::auth::{Actor, Permission};
use crate::storage;
use crate::storage::period_lock::PeriodLock;
use crate::storage::portfolio::Portfolio;
use crate::tenancy::{Session, Tenant};

/// What a write says of the lock that it may come up against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LockTerms {
    /// Whether to write into a locked period all the same, which needs a permission.
    pub override_lock: bool,
}

impl LockTerms {
    /// Refuses who says more than they may.
    pub(super) fn require(self, actor: &Actor) -> Result<(), ServiceError> {
        if self.override_lock { access::require(actor, Permission::LedgerLock) } else { Ok(()) }
    }
}

/// A write that a lock forbids.
#[derive(Clone, Copy, Debug)]
pub(super) struct Locked {
    /// The earliest day that the write bears on.
    pub date: NaiveDate,
    /// The last day of the locked period.
    pub through: NaiveDate,
}

impl Locked {
    pub(super) fn message(self) -> String {
        format!(
            "bears on {}, and the period through {} is locked: with {} one may say overrideLock",
            self.date,
            self.through,
            Permission::LedgerLock
        )
    }

    pub(super) fn refused(self, field: Vec<String>) -> ServiceError {
        ServiceError::Refused(vec![Refusal::at(RefusalCode::PeriodLocked, field, self.message())])
    }
}

/// The lock that a write went past, if it did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Overridden(Option<NaiveDate>);

impl Done {
    /// The entry with the lock that the change went past.
    pub(super) fn past(mut self, overridden: Overridden) -> Self {
        if let (Some(through), Value::Object(after)) = (overridden.0, self.after.get_or_insert_with(|| json!({}))) {
            after.insert("overriddenLock".to_owned(), json!({ "lockedThrough": through }));
        }
        self
    }
}

impl Services {
    /// Locks a portfolio's books through a day, or opens them again; returns the portfolio since.
    pub async fn portfolio_period_lock(
        &self,
        caller: &Caller,
        id: Uuid,
        locked_through: Option<NaiveDate>,
        note: Option<String>,
        key: Option<IdempotencyKey>,
    ) -> Result<Portfolio, ServiceError> {
        access::require(&caller.actor, Permission::LedgerLock)?;
        let visible = access::require_some_writable(&caller.actor)?;
        let session = self.write(caller).await?;
        let result = async {
            let unknown = || ServiceError::refused(RefusalCode::NotFound, &["id"], "no such portfolio");
            let mut portfolio = storage::portfolio::lock(&session, visible, id).await?.ok_or_else(unknown)?;
            if self.earlier_answer(&session, key.as_ref()).await?.is_some() {
                return Ok(portfolio);
            }
            check_text(&note, &["input", "note"].map(str::to_owned))?;
            if let Some(day) = locked_through
                && let Err(message) = check_date(day, self.environment.clock.today())
            {
                return Err(ServiceError::refused(RefusalCode::FutureDate, &["input", "lockedThrough"], message));
            }
            let before = storage::period_lock::latest(&session, &[id]).await?.pop();
            let now = self.environment.clock.now();
            // Clocks of two servers differ: the order of the entries is told by their times all the same.
            let after_last = |last: &PeriodLock| now.max(last.recorded_at + TimeDelta::microseconds(1));
            let lock = PeriodLock {
                id: self.environment.ids.next(),
                portfolio_id: id,
                locked_through,
                note,
                recorded_at: before.as_ref().map_or(now, after_last),
                recorded_by: caller.actor.user_id,
            };
            storage::period_lock::append(&session, &lock).await?;
            self.touch(&session, &mut portfolio).await?;
            let done = Done {
                action: "portfolioPeriodLock",
                entity_type: "Portfolio",
                entity_id: id,
                before: before.as_ref().map(shown),
                after: Some(shown(&lock)),
            };
            self.audit(&session, caller, done).await?;
            self.remember(&session, key.as_ref(), json!({ "id": id })).await?;
            Ok(portfolio)
        }
        .await;
        let portfolio = settle(session, result).await?;
        self.announce(caller, portfolio.id, portfolio.version);
        Ok(portfolio)
    }

    /// The locks in force of portfolios that the caller has been shown.
    pub async fn period_locks(
        &self,
        session: &Session<Tenant>,
        portfolios: &[Uuid],
    ) -> Result<Vec<PeriodLock>, ServiceError> {
        let mut locks = storage::period_lock::latest(session, portfolios).await?;
        locks.retain(|lock| lock.locked_through.is_some());
        Ok(locks)
    }

    /// Refuses a write that bears on a locked period, from its earliest day on. The portfolio is locked by the caller.
    pub(super) async fn check_lock(
        &self,
        session: &Session<Tenant>,
        portfolio: Uuid,
        earliest: Option<NaiveDate>,
        terms: LockTerms,
    ) -> Result<Overridden, PostError> {
        terms.require(session.actor())?;
        let lock = storage::period_lock::latest(session, &[portfolio]).await?.pop();
        let through = lock.and_then(|lock| lock.locked_through);
        match (earliest, through) {
            (Some(date), Some(through)) if date <= through && !terms.override_lock => {
                Err(PostError::Locked(Locked { date, through }))
            }
            (Some(date), Some(through)) if date <= through => Ok(Overridden(Some(through))),
            _ => Ok(Overridden(None)),
        }
    }
}

fn shown(lock: &PeriodLock) -> Value {
    json!({ "lockedThrough": lock.locked_through, "note": lock.note })
}
