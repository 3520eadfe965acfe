//! Keeping the books of a portfolio: what a change of its ledger does to lots, positions and cash, in the change's own
//! transaction.
//!
//! An entry touches its instrument and those that entries link to it. That part of the ledger is booked as it stood and as it
//! will stand; what differs is stored. `rebuild` books everything and gives the same.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use domain::id::InstrumentId;
use domain::ledger::{self, Booking, Change, LedgerError, Transaction, TransactionKind};
use uuid::Uuid;

use super::period_lock::{LockTerms, Locked, Overridden};
use super::{Caller, Done, ServiceError, Services, access, settle};
use crate::storage;
use crate::storage::booked::Of;
use crate::storage::portfolio::Portfolio;
use crate::storage::projection::ChangeError;
use crate::storage::transaction::LedgerRow;
use crate::tenancy::{Session, Tenant};

/// Why a ledger would not balance with the new rows.
pub(super) enum PostError {
    /// A rule of the ledger is broken.
    Ledger(LedgerError),
    /// The period is locked.
    Locked(Locked),
    /// Anything else.
    Service(ServiceError),
}

impl<E: Into<ServiceError>> From<E> for PostError {
    fn from(error: E) -> Self {
        Self::Service(error.into())
    }
}

/// What adding rows came to.
pub(super) struct Posted {
    /// The portfolio since.
    pub portfolio: Portfolio,
    /// The lock that the rows went past, for the audit entry.
    pub overridden: Overridden,
}

/// A portfolio whose books were made anew.
#[derive(Clone, Debug)]
pub struct Rebuilt {
    /// The portfolio.
    pub portfolio: Uuid,
    /// Entries that count.
    pub entries: usize,
}

impl Services {
    /// Adds rows to the ledger, `gone` being the rows that no longer count because of them; stores what that changes in the
    /// books, and returns the portfolio as it is since. The portfolio is locked by the caller.
    pub(super) async fn post(
        &self,
        session: &Session<Tenant>,
        mut portfolio: Portfolio,
        new: Vec<LedgerRow>,
        gone: &[LedgerRow],
        terms: LockTerms,
    ) -> Result<Posted, PostError> {
        let earliest = new.iter().chain(gone).map(bears_from).min();
        let overridden = self.check_lock(session, portfolio.id, earliest, terms).await?;
        let kinds: Vec<TransactionKind> =
            new.iter().chain(gone).filter_map(LedgerRow::transaction).map(|entry| entry.kind).collect();
        let touched = self.part(session, portfolio.id, &kinds).await?;
        let version = self.market.view(session).await?.version();
        let mut behind = storage::booked::behind_of(session, portfolio.id, version, Of::These(&touched)).await?;
        if behind.is_some() {
            // What is stored is not what booking the ledger as it stood gives: a difference to that would not fit it.
            behind = storage::booked::behind_of(session, portfolio.id, version, Of::All).await?;
            self.post_to_outdated(session, &portfolio, version, &new, gone).await?;
        } else {
            self.post_to_part(session, &portfolio, &touched, &new, gone).await?;
        }
        // Not their number: rows that were refused have left gaps.
        portfolio.last_sequence = new.iter().map(|row| row.sequence).fold(portfolio.last_sequence, i64::max);
        self.touch(session, &mut portfolio).await?;
        self.mark_dirty(session, portfolio.id, behind.into_iter().chain(earliest).min()).await?;
        Ok(Posted { portfolio, overridden })
    }

    /// Adds rows and stores what differs in the books of the instruments that they touch.
    async fn post_to_part(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        touched: &BTreeSet<Uuid>,
        new: &[LedgerRow],
        gone: &[LedgerRow],
    ) -> Result<(), PostError> {
        let mut before = storage::transaction::of_instruments(session, portfolio.id, touched).await?;
        let gone: Vec<Transaction> = gone.iter().filter_map(LedgerRow::transaction).collect();
        let stays = |entry: &&Transaction| !gone.iter().any(|other| other.id == entry.id);
        let mut after: Vec<Transaction> = before.iter().filter(stays).cloned().collect();
        after.extend(new.iter().filter_map(LedgerRow::transaction));
        // What concerns no instrument stands for itself.
        let alone = gone.iter().filter(|entry| !before.iter().any(|other| other.id == entry.id));
        before.extend(alone.cloned().collect::<Vec<_>>());
        let change = self.change(session, portfolio, before, after).await?;
        storage::transaction::append(session, new).await?;
        storage::projection::change(session, portfolio.id, &change).await.map_err(|error| {
            match (error, new.first()) {
                // The sum of a balance that other entries moved too.
                (ChangeError::Balance(source), Some(row)) => {
                    PostError::Ledger(LedgerError::Overflow { transaction: row.id.into(), source })
                }
                (error, _) => error.into(),
            }
        })
    }

    /// What makes the books of one part of a ledger those of another.
    async fn change(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        before: Vec<Transaction>,
        after: Vec<Transaction>,
    ) -> Result<Change, PostError> {
        let policy = self.policy(session, portfolio).await?;
        let instruments = self.terms(session, before.iter().chain(&after).map(|entry| &entry.kind)).await?;
        let splits = [
            self.market_splits(session, &policy, &before, &instruments).await?,
            self.market_splits(session, &policy, &after, &instruments).await?,
        ];
        let fx = self.market.view(session).await?.fx(session).await?;
        // Off the threads that serve requests: a large part takes its time.
        let changed = tokio::task::spawn_blocking(move || {
            let [splits_before, splits_after] = splits;
            // What the new rows break is told first.
            let after = ledger::book(&policy, &after, &splits_after, &instruments, &fx).map_err(Box::new)?;
            let before = ledger::book(&policy, &before, &splits_before, &instruments, &fx).map_err(Box::new)?;
            Ok::<_, Box<LedgerError>>(Change::between(&before, &after))
        });
        let changed = changed.await.map_err(|error| ServiceError::Internal(error.to_string()))?;
        Ok(changed.map_err(|error| PostError::Ledger(*error))??)
    }

    /// Adds rows to a ledger whose books lack what the market has done since, and makes them anew.
    async fn post_to_outdated(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        version: i64,
        new: &[LedgerRow],
        gone: &[LedgerRow],
    ) -> Result<(), PostError> {
        let rows = storage::transaction::effective(session, &[portfolio.id], None, None).await?;
        let rows = rows.iter().filter(|row| !gone.iter().any(|other| other.id == row.id)).chain(new);
        let booking = self.booked(session, portfolio, rows.filter_map(LedgerRow::transaction).collect()).await?;
        storage::transaction::append(session, new).await?;
        storage::projection::replace(session, portfolio.id, &booking).await?;
        Ok(storage::booked::put(session, portfolio.id, version).await?)
    }

    /// Books a portfolio's whole ledger and puts that in place of its books, which differ from `since` on at the earliest. The
    /// portfolio is locked by the caller.
    pub(super) async fn rebook(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        since: Option<NaiveDate>,
    ) -> Result<Rebuilt, PostError> {
        // Read first: what is booked by a later version is booked again at the worst.
        let version = self.market.view(session).await?.version();
        let rows = storage::transaction::effective(session, &[portfolio.id], None, None).await?;
        let transactions: Vec<Transaction> = rows.iter().filter_map(LedgerRow::transaction).collect();
        let (entries, first) = (transactions.len(), transactions.first().map(|entry| entry.trade_date));
        let booking = self.booked(session, portfolio, transactions).await?;
        storage::projection::replace(session, portfolio.id, &booking).await?;
        storage::booked::put(session, portfolio.id, version).await?;
        self.mark_dirty(session, portfolio.id, first.map(|first| since.map_or(first, |since| since.max(first))))
            .await?;
        Ok(Rebuilt { portfolio: portfolio.id, entries })
    }

    /// Books a portfolio anew by a command on the machine.
    pub async fn rebuild(&self, caller: &Caller, portfolio: Uuid) -> Result<Rebuilt, ServiceError> {
        let visible = access::require_some_writable(&caller.actor)?;
        let session = self.write(caller).await?;
        let result = async {
            let found = storage::portfolio::lock(&session, visible, portfolio).await?;
            let mut portfolio =
                found.ok_or_else(|| ServiceError::BadInput(format!("there is no portfolio {portfolio}")))?;
            let rebuilt = self.made_anew(&session, caller, &mut portfolio, None).await?;
            Ok((rebuilt, portfolio.version))
        }
        .await;
        let (rebuilt, version) = settle(session, result).await?;
        self.announce(caller, rebuilt.portfolio, version);
        Ok(rebuilt)
    }

    /// Books a portfolio anew in the system's name, with an audit entry. No lock keeps it from that: its books follow from its
    /// ledger and the market, and are made of nothing else.
    pub(super) async fn made_anew(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        portfolio: &mut Portfolio,
        since: Option<NaiveDate>,
    ) -> Result<Rebuilt, ServiceError> {
        let rebuilt = self.rebook(session, portfolio, since).await.map_err(|error| match error {
            PostError::Service(error) => error,
            PostError::Ledger(error) => ServiceError::BadInput(format!("the ledger cannot be booked: it {error}")),
            PostError::Locked(locked) => ServiceError::BadInput(locked.message()),
        })?;
        self.touch(session, portfolio).await?;
        let after = serde_json::json!({ "entries": rebuilt.entries, "marketActionsSince": since });
        let done = Done {
            action: "portfolioRebuild",
            entity_type: "Portfolio",
            entity_id: portfolio.id,
            before: None,
            after: Some(after),
        };
        self.audit(session, caller, done).await?;
        Ok(rebuilt)
    }

    pub(super) async fn touch(&self, session: &Session<Tenant>, portfolio: &mut Portfolio) -> Result<(), ServiceError> {
        portfolio.version += 1;
        portfolio.updated_at = self.environment.clock.now();
        Ok(storage::portfolio::update(session, portfolio).await?)
    }

    /// The instruments whose books entries bear on: those that they name, and those that the ledger links to them.
    pub(super) async fn part(
        &self,
        session: &Session<Tenant>,
        portfolio: Uuid,
        kinds: &[TransactionKind],
    ) -> Result<BTreeSet<Uuid>, ServiceError> {
        let named = |kind: &TransactionKind| [kind.instrument(), kind.counter_instrument()];
        let seeds: BTreeSet<InstrumentId> = kinds.iter().flat_map(named).flatten().collect();
        if seeds.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut links: Vec<(InstrumentId, InstrumentId)> =
            kinds.iter().filter_map(|kind| Some((kind.instrument()?, kind.counter_instrument()?))).collect();
        let stored = storage::transaction::links(session, portfolio).await?;
        links.extend(stored.iter().filter_map(|(one, other)| Some(((*one).into(), (*other)?.into()))));
        // An option's underlying stands in its terms.
        let options = stored.iter().filter(|(_, other)| other.is_none()).map(|(one, _)| *one);
        let named = options.chain(seeds.iter().map(|id| id.uuid()));
        let terms = self.terms_of(session, named.collect()).await?;
        links.extend(terms.iter().filter_map(|(id, terms)| Some((*id, terms.option()?.underlying))));
        Ok(ledger::linked(&links, seeds).into_iter().map(|id| id.uuid()).collect())
    }

    pub(super) async fn booked(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        transactions: Vec<Transaction>,
    ) -> Result<Booking, PostError> {
        let policy = self.policy(session, portfolio).await?;
        let instruments = self.terms(session, transactions.iter().map(|entry| &entry.kind)).await?;
        let splits = self.market_splits(session, &policy, &transactions, &instruments).await?;
        let fx = self.market.view(session).await?.fx(session).await?;
        // Off the threads that serve requests: a large ledger takes its time.
        let booking = tokio::task::spawn_blocking(move || {
            ledger::book(&policy, &transactions, &splits, &instruments, &fx).map_err(Box::new)
        });
        let booking = booking.await.map_err(|error| ServiceError::Internal(error.to_string()))?;
        booking.map_err(|error| PostError::Ledger(*error))
    }
}

/// The first day that a row bears on: an account's own split in place of the market's also on what that one did.
pub(super) fn bears_from(row: &LedgerRow) -> NaiveDate {
    row.dates.action_ex.map_or(row.trade_date, |ex| ex.min(row.trade_date))
}
