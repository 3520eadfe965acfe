//! The ledger of a portfolio: recording, reversing, showing.
//!
//! A write locks the portfolio, lets the domain book the whole ledger as it would stand, and stores rows and projections
//! only if every rule holds.

pub(super) mod check;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use domain::ledger::{LedgerError, Trade, TradeValue, TransactionKind, UnitsHeld};
use domain::money::Currency;
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

pub use self::check::Days;
pub(super) use self::check::check_date;
use self::check::{Known, MAX_TEXT, Wrong};
use super::blame::{self, Part};
use super::corporate_action::{Doubt, OwnSplit};
use super::error::ledger_refusal;
use super::event::{self, LegOf, Shape};
use super::idempotency::IdempotencyKey;
use super::import;
use super::ledger::{PostError, bears_from};
use super::market_dividend::{Judged, KnownDividends, OwnDividend, Verdict};
use super::period_lock::{LockTerms, Overridden};
use super::{Caller, Done, Refusal, RefusalCode, ServiceError, Services, access, settle};
use crate::storage;
use crate::storage::Page;
use crate::storage::portfolio::Portfolio;
use crate::storage::transaction::{Activity, Dates, ExternalId, Filter, LedgerRow, RowColumns};
use crate::tenancy::{Session, Tenant};

/// Legs of an event at the most.
const MAX_LEGS: usize = 100;

/// A transaction to record.
#[derive(Clone, Debug)]
pub struct NewTransaction {
    /// The account it happens in.
    pub account: Uuid,
    /// Its days.
    pub days: Days,
    /// What happens.
    pub kind: TransactionKind,
    /// Whether a split or dividend stands that the market knows otherwise, or that the account has already.
    pub keeps_mine: bool,
    /// The source's own id for it.
    pub external_id: Option<String>,
    /// A remark.
    pub note: Option<String>,
    /// The file that brought it, and what it is recognised by there.
    pub imported: Option<(Uuid, String)>,
}

/// A transaction of an event, and where the input says it.
#[derive(Clone, Debug)]
pub struct Leg {
    /// The transaction.
    pub new: NewTransaction,
    /// The path of the transaction in the input.
    pub field: Vec<String>,
    /// The name of the activity there.
    pub activity: &'static str,
}

/// Rows that were added, and the portfolio since.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The rows: the legs of one event in their order, or their reversals, the one that was asked for first.
    pub rows: Vec<LedgerRow>,
    /// The portfolio with its new version.
    pub portfolio: Portfolio,
}

impl Services {
    /// Records the legs of one event: all of them or none.
    pub async fn transactions_record(
        &self,
        caller: &Caller,
        action: &'static str,
        legs: Vec<Leg>,
        terms: LockTerms,
        key: Option<IdempotencyKey>,
    ) -> Result<Recorded, ServiceError> {
        let visible = access::require_some_writable(&caller.actor)?;
        let session = self.write(caller).await?;
        let result = async {
            if let Some(answer) = self.earlier_answer(&session, key.as_ref()).await? {
                return self.recorded(&session, &answer).await;
            }
            let first = legs.first().filter(|_| legs.len() <= MAX_LEGS).ok_or_else(|| {
                let message = format!("{} transactions: 1 to {MAX_LEGS} are needed", legs.len());
                ServiceError::refused(RefusalCode::InvalidInput, &["input", "transactions"], message)
            })?;
            let account = storage::account::by_id(&session, first.new.account).await?;
            let account = account.ok_or_else(|| first.no_account())?;
            let portfolio = storage::portfolio::lock(&session, visible, account.portfolio_id).await?;
            let portfolio = portfolio.ok_or_else(|| first.no_account())?;
            let (recorded, _) = self.record_legs(&session, caller, action, portfolio, &legs, terms).await?;
            let ids: Vec<Uuid> = recorded.rows.iter().map(|row| row.id).collect();
            self.remember(&session, key.as_ref(), json!({ "ids": ids })).await?;
            Ok(recorded)
        }
        .await;
        let recorded = settle(session, result).await?;
        self.announce(caller, recorded.portfolio.id, recorded.portfolio.version);
        Ok(recorded)
    }

    /// Records legs in a portfolio that is locked by the caller, with an audit entry each.
    pub(super) async fn record_legs(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        action: &'static str,
        portfolio: Portfolio,
        legs: &[Leg],
        terms: LockTerms,
    ) -> Result<(Recorded, Overridden), ServiceError> {
        let rows = self.rows_of(session, caller, &portfolio, legs, None).await?;
        let ids: Vec<Uuid> = rows.iter().map(|(_, row)| row.id).collect();
        let new = rows.iter().map(|(_, row)| row.clone()).collect();
        let posted = self.post(session, portfolio, new, &[], terms).await.map_err(|error| match error {
            PostError::Service(error) => error,
            PostError::Locked(locked) => {
                let leg = rows.iter().find(|(_, row)| bears_from(row) <= locked.through);
                let leg = leg.map_or(&legs[0], |(leg, _)| &legs[*leg]);
                locked.refused(leg.path(Some(blame::TRADE_DATE)))
            }
            PostError::Ledger(error) => {
                let Some(broken) = error.transaction().map(|id| id.uuid()) else {
                    // What became too large with the new rows is nobody else's fault.
                    return legs[0].breaks(&error);
                };
                match rows.iter().find(|(_, row)| row.id == broken) {
                    Some((leg, _)) => legs[*leg].breaks(&error),
                    None => later_breaks(&error, &legs[0].path(Some(blame::TRADE_DATE))),
                }
            }
        })?;
        let rows = self.rows_by_ids(session, &ids).await?;
        for row in &rows {
            self.audit(session, caller, done(action, row).past(posted.overridden)).await?;
        }
        Ok((Recorded { rows, portfolio: posted.portfolio }, posted.overridden))
    }

    /// The rows that the legs come to, each with the leg that it stands for.
    async fn rows_of(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        portfolio: &Portfolio,
        legs: &[Leg],
        corrects: Option<Uuid>,
    ) -> Result<Vec<(usize, LedgerRow)>, ServiceError> {
        let mut dated = self.check_legs(session, portfolio, legs).await?;
        let shaped: Vec<LegOf<'_>> = legs
            .iter()
            .zip(&dated)
            .map(|(leg, (date, _))| LegOf { account: leg.new.account, date: *date, kind: &leg.new.kind })
            .collect();
        let instruments = self.terms(session, legs.iter().map(|leg| &leg.new.kind)).await?;
        // A leg alone is no event whose legs could be out of balance.
        let shape = if legs.len() == 1 { Ok(Shape::AsGiven) } else { event::shape(&shaped, &instruments) };
        let shape = shape
            .map_err(|wrong| legs[wrong.leg].refused(Wrong::new(RefusalCode::UnbalancedEvent, None, wrong.message)))?;
        let kinds: Vec<(usize, TransactionKind)> = match shape {
            Shape::AsGiven => legs.iter().map(|leg| leg.new.kind.clone()).enumerate().collect(),
            Shape::Transfer { out, kind, .. } => vec![(out, kind)],
        };
        let mut actions = self.actions_of(session, portfolio, legs, &dated, corrects).await?;
        let known = self.dividends_of(session, portfolio, legs, &mut dated, corrects).await?;
        let mut rows: Vec<(usize, LedgerRow)> = Vec::with_capacity(kinds.len());
        for (offset, (at, kind)) in (1..).zip(kinds) {
            let (leg, (date, dates)) = (&legs[at], dated[at]);
            let row = self.row(caller, portfolio, leg.new.account, date, Activity::Event(kind), offset);
            let event_id = rows.first().map_or(row.id, |(_, first)| first.id);
            let dates = Dates { action_ex: actions.remove(&at), ..dates };
            let (external_id, note) = (leg.new.external_id.clone(), leg.new.note.clone());
            let (import_batch_id, import_key) = leg.new.imported.clone().unzip();
            rows.push((at, LedgerRow { event_id, dates, import_batch_id, import_key, external_id, note, ..row }));
        }
        if let Some(known) = known {
            self.link_dividends(session, portfolio, &known, legs, &mut rows, corrects).await?;
        }
        self.check_external_ids(session, portfolio, legs, &rows, corrects).await?;
        Ok(rows)
    }

    /// What the legs' dividends are checked against; those without an ex-date count from the market's.
    async fn dividends_of(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        legs: &[Leg],
        dated: &mut [(NaiveDate, Dates)],
        corrects: Option<Uuid>,
    ) -> Result<Option<KnownDividends>, ServiceError> {
        let own = |leg: &Leg, (from, dates)| OwnDividend::new(leg.new.account, from, dates, &leg.new.kind);
        let paid_on = legs.iter().zip(dated.iter()).filter_map(|(leg, days)| own(leg, *days));
        let paid_on = paid_on.map(|own| own.instrument).collect();
        let known = self.known_dividends(session, portfolio.id, paid_on, corrects).await?;
        if let Some(known) = &known {
            for (leg, days) in legs.iter().zip(dated) {
                if let Some(ex) = own(leg, *days).and_then(|own| known.ex_date(&own)) {
                    *days = (ex, days.1.accrued(days.0, ex));
                }
            }
        }
        Ok(known)
    }

    /// Links rows that are dividends with the market's.
    async fn link_dividends(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        known: &KnownDividends,
        legs: &[Leg],
        rows: &mut [(usize, LedgerRow)],
        corrects: Option<Uuid>,
    ) -> Result<(), ServiceError> {
        let new: Vec<&LedgerRow> = rows.iter().map(|(_, row)| row).collect();
        let booked = match self.booked_before_dividends(session, portfolio, known, &new, corrects).await {
            Ok(Some(booked)) => booked,
            // Nothing to link; or rows that cannot be booked, which is told when they are.
            Ok(None) | Err(PostError::Ledger(_) | PostError::Locked(_)) => return Ok(()),
            Err(PostError::Service(error)) => return Err(error),
        };
        let judged = rows.iter().enumerate().filter_map(|(key, (leg, row))| {
            Some(Judged { key, own: OwnDividend::of_row(row)?, stands: legs[*leg].new.keeps_mine })
        });
        for (at, verdict) in known.judge(&UnitsHeld::of(&booked.positions), judged)? {
            let (leg, row) = &mut rows[at];
            match verdict {
                Verdict::Is(action) => row.dates.action = Some(action),
                Verdict::Doubted(doubt) => return Err(legs[*leg].doubted(*doubt)),
            }
        }
        Ok(())
    }

    /// Refuses what the account has already by the source's own id, whatever the way that it came in. Legs of one event may share
    /// one.
    async fn check_external_ids(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        legs: &[Leg],
        rows: &[(usize, LedgerRow)],
        corrects: Option<Uuid>,
    ) -> Result<(), ServiceError> {
        let id = |row: &LedgerRow| {
            let id = row.external_id.clone()?;
            Some(ExternalId { account: row.account_id, import_key: import::key_of(&id), id })
        };
        let ids: Vec<ExternalId> = rows.iter().filter_map(|(_, row)| id(row)).collect();
        let Some(earlier) = storage::transaction::by_external_ids(session, portfolio.id, &ids, corrects).await? else {
            return Ok(());
        };
        let again = |row: &LedgerRow| (row.account_id, &row.external_id) == (earlier.account_id, &earlier.external_id);
        let leg = rows.iter().find(|(_, row)| again(row)).map_or(0, |(leg, _)| *leg);
        let message = format!(
            "the account has \"{}\" already: the {} of {}, txn_{}",
            earlier.external_id.as_deref().unwrap_or_default(),
            RowColumns::of(&earlier.activity).code,
            earlier.trade_date,
            // As the API shows it.
            earlier.id.simple()
        );
        let field = legs.get(leg).map(|leg| leg.below("externalId")).unwrap_or_default();
        Err(ServiceError::Refused(vec![Refusal::at(RefusalCode::AlreadyExists, field, message)]))
    }

    /// Checks each leg by itself; the day that each counts from, and its others.
    async fn check_legs(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        legs: &[Leg],
    ) -> Result<Vec<(NaiveDate, Dates)>, ServiceError> {
        let kinds = || legs.iter().map(|leg| &leg.new.kind);
        let currencies: BTreeSet<Currency> = kinds().flat_map(TransactionKind::currencies).collect();
        let named = kinds().flat_map(|kind| [kind.instrument(), kind.counter_instrument()]).flatten();
        let named: BTreeSet<Uuid> = named.map(|id| id.uuid()).collect();
        let known = Known {
            currencies: storage::instrument::known_currencies(session, &currencies).await?,
            instruments: self.market.view(session).await?.instruments(session, named).await?,
            accounts: storage::account::of_portfolios(session, &[portfolio.id]).await?,
        };
        let today = self.environment.clock.today();
        let mut dated = Vec::with_capacity(legs.len());
        for leg in legs {
            if !known.accounts.iter().any(|account| account.id == leg.new.account) {
                return Err(leg.no_account());
            }
            let (date, dates) = leg.new.days.settled(today).map_err(|wrong| leg.refused(wrong))?;
            check_text(&leg.new.note, &leg.below("note"))?;
            check_text(&leg.new.external_id, &leg.below("externalId"))?;
            let checked = check::of_kind(&leg.new.kind, date).and_then(|()| known.check(&leg.new.kind));
            checked.map_err(|wrong| leg.refused(wrong))?;
            dated.push((date, dates));
        }
        Ok(dated)
    }

    /// The market's splits that the legs' own ones are, by leg.
    async fn actions_of(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        legs: &[Leg],
        dated: &[(NaiveDate, Dates)],
        corrects: Option<Uuid>,
    ) -> Result<HashMap<usize, NaiveDate>, ServiceError> {
        let own = legs.iter().zip(dated).map(|(leg, (date, _))| OwnSplit::new(leg.new.account, *date, &leg.new.kind));
        let own: Vec<(usize, OwnSplit)> = own.enumerate().filter_map(|(at, own)| Some((at, own?))).collect();
        let mut actions = HashMap::new();
        if own.is_empty() {
            return Ok(actions);
        }
        let named = own.iter().map(|(_, split)| split.instrument).collect();
        let mut known = self.known_splits(session, portfolio.id, named, corrects).await?;
        for (at, split) in own {
            let action = known.take(split, legs[at].new.keeps_mine).map_err(|doubt| legs[at].doubted(*doubt))?;
            actions.extend(action.map(|action| (at, action)));
        }
        Ok(actions)
    }

    /// Makes a row of the ledger no longer count, with every other leg of its event. All stay to be seen.
    pub async fn transaction_reverse(
        &self,
        caller: &Caller,
        id: Uuid,
        note: Option<String>,
        terms: LockTerms,
        key: Option<IdempotencyKey>,
    ) -> Result<Recorded, ServiceError> {
        let visible = access::require_some_writable(&caller.actor)?;
        let session = self.write(caller).await?;
        let result = async {
            if let Some(answer) = self.earlier_answer(&session, key.as_ref()).await? {
                return self.recorded(&session, &answer).await;
            }
            check_text(&note, &["note".to_owned()])?;
            let unknown = || ServiceError::refused(RefusalCode::NotFound, &["id"], "no such transaction");
            let row = storage::transaction::by_ids(&session, &[id]).await?.pop().ok_or_else(unknown)?;
            let portfolio = storage::portfolio::lock(&session, visible, row.portfolio_id).await?.ok_or_else(unknown)?;
            if matches!(row.activity, Activity::Reversal { .. }) {
                let message = "a reversal cannot be reversed: record the transaction again";
                return Err(ServiceError::refused(RefusalCode::InvalidInput, &["id"], message));
            }
            let mut legs = storage::transaction::legs(&session, row.event_id).await?;
            legs.sort_by_key(|leg| leg.id != id);
            let ids: Vec<Uuid> = legs.iter().map(|leg| leg.id).collect();
            let corrected = storage::transaction::corrections(&session, &ids, None).await?;
            if corrected.iter().any(|(corrected, _)| *corrected == id) {
                return Err(already_corrected());
            }
            legs.retain(|leg| !corrected.iter().any(|(corrected, _)| *corrected == leg.id));
            let reversed = storage::transaction::reversals(&session, &ids, None).await?;
            if reversed.iter().any(|(reversed, _)| *reversed == id) {
                let message = "the transaction was reversed before: its reversedById says by which";
                return Err(ServiceError::refused(RefusalCode::AlreadyReversed, &["id"], message));
            }
            legs.retain(|leg| !reversed.iter().any(|(reversed, _)| *reversed == leg.id));
            let reversals: Vec<LedgerRow> = (1..)
                .zip(&legs)
                .map(|(offset, leg)| {
                    let activity = Activity::Reversal { of: leg.id };
                    let row = self.row(caller, &portfolio, leg.account_id, leg.trade_date, activity, offset);
                    LedgerRow { note: note.clone(), event_id: leg.event_id, ..row }
                })
                .collect();
            let posted = self.post(&session, portfolio, reversals.clone(), &legs, terms).await;
            let posted = posted.map_err(|error| match error {
                PostError::Service(error) => error,
                PostError::Locked(locked) => locked.refused(vec!["id".to_owned()]),
                PostError::Ledger(error) => later_breaks(&error, &["id".to_owned()]),
            })?;
            for reversal in &reversals {
                self.audit(&session, caller, done("transactionReverse", reversal).past(posted.overridden)).await?;
            }
            let ids: Vec<Uuid> = reversals.iter().map(|reversal| reversal.id).collect();
            self.remember(&session, key.as_ref(), json!({ "ids": ids })).await?;
            let rows = self.rows_by_ids(&session, &ids).await?;
            Ok(Recorded { rows, portfolio: posted.portfolio })
        }
        .await;
        let recorded = settle(session, result).await?;
        self.announce(caller, recorded.portfolio.id, recorded.portfolio.version);
        Ok(recorded)
    }

    /// Records a transaction in the place of one that was recorded wrongly. Both stay to be seen, and only the new one counts.
    pub async fn transaction_correct(
        &self,
        caller: &Caller,
        id: Uuid,
        legs: Vec<Leg>,
        terms: LockTerms,
        key: Option<IdempotencyKey>,
    ) -> Result<Recorded, ServiceError> {
        let visible = access::require_some_writable(&caller.actor)?;
        let session = self.write(caller).await?;
        let result = async {
            if let Some(answer) = self.earlier_answer(&session, key.as_ref()).await? {
                return self.recorded(&session, &answer).await;
            }
            let unknown = || ServiceError::refused(RefusalCode::NotFound, &["id"], "no such transaction");
            let old = storage::transaction::by_ids(&session, &[id]).await?.pop().ok_or_else(unknown)?;
            let portfolio = storage::portfolio::lock(&session, visible, old.portfolio_id).await?.ok_or_else(unknown)?;
            self.check_correctable(&session, &old).await?;
            if legs.len() != 1 {
                let message = "the place of one transaction is taken by one: reverse it and record the event";
                return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", "activity"], message));
            }
            let rows = self.rows_of(&session, caller, &portfolio, &legs, Some(old.id)).await?;
            let place = old.place();
            let rows: Vec<LedgerRow> = rows
                .into_iter()
                .map(|(_, row)| LedgerRow {
                    event_id: old.event_id,
                    booking_sequence: (row.trade_date == old.trade_date).then_some(place),
                    supersedes: Some(old.id),
                    // The source knows it by this one, whoever corrects it.
                    external_id: row.external_id.or_else(|| old.external_id.clone()),
                    ..row
                })
                .collect();
            let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
            let posted = self.post(&session, portfolio, rows.clone(), std::slice::from_ref(&old), terms).await;
            let posted = posted.map_err(|error| match error {
                PostError::Service(error) => error,
                PostError::Locked(locked) => {
                    // What is corrected may stand in the period that is locked, or what takes its place.
                    let leg = legs.first().filter(|_| bears_from(&old) > locked.through);
                    locked.refused(leg.map_or_else(|| vec!["id".to_owned()], |leg| leg.path(Some(blame::TRADE_DATE))))
                }
                PostError::Ledger(error) => {
                    let own = error.transaction().is_none_or(|broken| ids.contains(&broken.uuid()));
                    match (legs.first(), rows.first()) {
                        (Some(leg), _) if own => leg.breaks(&error),
                        // The other one was possible with what is corrected: what is new is to blame.
                        (Some(leg), Some(row)) if row.trade_date != old.trade_date => {
                            later_breaks(&error, &leg.path(Some(blame::TRADE_DATE)))
                        }
                        (Some(leg), _) => later_breaks(&error, &leg.path(blame::quantity(&leg.new.kind))),
                        (None, _) => later_breaks(&error, &["id".to_owned()]),
                    }
                }
            })?;
            for row in &rows {
                let before = done("transactionCorrect", &old).after;
                let correction = Done { before, ..done("transactionCorrect", row) };
                self.audit(&session, caller, correction.past(posted.overridden)).await?;
            }
            self.remember(&session, key.as_ref(), json!({ "ids": ids })).await?;
            let rows = self.rows_by_ids(&session, &ids).await?;
            Ok(Recorded { rows, portfolio: posted.portfolio })
        }
        .await;
        let recorded = settle(session, result).await?;
        self.announce(caller, recorded.portfolio.id, recorded.portfolio.version);
        Ok(recorded)
    }

    /// What no longer counts cannot be corrected, nor one leg of several, which must fit the others.
    async fn check_correctable(&self, session: &Session<Tenant>, row: &LedgerRow) -> Result<(), ServiceError> {
        let refused = |code, message: &str| Err(ServiceError::refused(code, &["id"], message));
        if matches!(row.activity, Activity::Reversal { .. }) {
            return refused(RefusalCode::InvalidInput, "a reversal cannot be corrected: record the transaction again");
        }
        if !storage::transaction::reversals(session, &[row.id], None).await?.is_empty() {
            return refused(
                RefusalCode::AlreadyReversed,
                "the transaction was reversed: its reversedById says by which",
            );
        }
        if !storage::transaction::corrections(session, &[row.id], None).await?.is_empty() {
            return Err(already_corrected());
        }
        let legs = storage::transaction::legs(session, row.event_id).await?;
        let ids: Vec<Uuid> = legs.iter().map(|leg| leg.id).collect();
        let corrected = storage::transaction::corrections(session, &ids, None).await?;
        if ids.iter().any(|id| *id != row.id && !corrected.iter().any(|(corrected, _)| corrected == id)) {
            return refused(
                RefusalCode::InvalidInput,
                "the transaction is one of several of its event: reverse the event and record it again",
            );
        }
        Ok(())
    }

    /// Rows of a portfolio that the caller has been shown, the latest first.
    pub async fn transaction_page(
        &self,
        session: &Session<Tenant>,
        portfolio: Uuid,
        filter: &Filter,
        page: Page<(NaiveDate, i64)>,
    ) -> Result<Vec<LedgerRow>, ServiceError> {
        Ok(storage::transaction::page(session, portfolio, filter, page).await?)
    }

    /// How many rows a filter leaves of a portfolio that the caller has been shown.
    pub async fn transaction_count(
        &self,
        session: &Session<Tenant>,
        portfolio: Uuid,
        filter: &Filter,
    ) -> Result<u64, ServiceError> {
        Ok(storage::transaction::count(session, portfolio, filter).await?)
    }

    /// Those of these rows whose portfolios the caller may read.
    pub async fn transactions(&self, session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<LedgerRow>, ServiceError> {
        let rows = storage::transaction::by_ids(session, ids).await?;
        let portfolios: Vec<Uuid> = rows.iter().map(|row| row.portfolio_id).collect();
        let readable = self.portfolios(session, &portfolios).await?;
        Ok(rows.into_iter().filter(|row| readable.iter().any(|portfolio| portfolio.id == row.portfolio_id)).collect())
    }

    /// Which of these rows were reversed, and by which row, of what had been recorded at a time.
    pub async fn reversals(
        &self,
        session: &Session<Tenant>,
        ids: &[Uuid],
        known_at: Option<DateTime<Utc>>,
    ) -> Result<Vec<(Uuid, Uuid)>, ServiceError> {
        Ok(storage::transaction::reversals(session, ids, known_at).await?)
    }

    /// Which of these rows were corrected, and by which row, of what had been recorded at a time.
    pub async fn corrections(
        &self,
        session: &Session<Tenant>,
        ids: &[Uuid],
        known_at: Option<DateTime<Utc>>,
    ) -> Result<Vec<(Uuid, Uuid)>, ServiceError> {
        Ok(storage::transaction::corrections(session, ids, known_at).await?)
    }

    /// The day of each portfolio's first transaction, of what had been recorded at a time.
    pub async fn first_dates(
        &self,
        session: &Session<Tenant>,
        portfolios: &[Uuid],
        known_at: Option<DateTime<Utc>>,
    ) -> Result<Vec<(Uuid, NaiveDate)>, ServiceError> {
        Ok(storage::transaction::first_dates(session, portfolios, known_at).await?)
    }

    async fn recorded(&self, session: &Session<Tenant>, answer: &serde_json::Value) -> Result<Recorded, ServiceError> {
        let corrupt = || ServiceError::Internal("a stored answer names no transaction".to_owned());
        // Answers of before events had several legs name one row.
        let ids = match &answer["ids"] {
            serde_json::Value::Array(ids) => ids.as_slice(),
            _ => std::slice::from_ref(&answer["id"]),
        };
        let ids: Option<Vec<Uuid>> = ids.iter().map(|id| id.as_str()?.parse().ok()).collect();
        let rows = self.rows_by_ids(session, &ids.ok_or_else(corrupt)?).await?;
        let visible = access::readable(session.actor());
        let portfolio = rows.first().ok_or_else(corrupt)?.portfolio_id;
        let portfolio = storage::portfolio::by_ids(session, visible, &[portfolio]).await?.pop();
        let portfolio = portfolio.ok_or_else(|| {
            ServiceError::refused(RefusalCode::NotFound, &["idempotencyKey"], "its portfolio is no longer yours to see")
        })?;
        Ok(Recorded { rows, portfolio })
    }

    /// The rows with these ids, in their order.
    pub(super) async fn rows_by_ids(
        &self,
        session: &Session<Tenant>,
        ids: &[Uuid],
    ) -> Result<Vec<LedgerRow>, ServiceError> {
        let mut found = storage::transaction::by_ids(session, ids).await?;
        found.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
        if found.len() != ids.len() {
            return Err(ServiceError::Internal(format!("of the transactions {ids:?} {} are there", found.len())));
        }
        Ok(found)
    }

    /// A row for this portfolio; `offset` counts the rows of one change from 1.
    pub(super) fn row(
        &self,
        caller: &Caller,
        portfolio: &Portfolio,
        account: Uuid,
        trade_date: NaiveDate,
        activity: Activity,
        offset: i64,
    ) -> LedgerRow {
        let id = self.environment.ids.next();
        LedgerRow {
            id,
            portfolio_id: portfolio.id,
            account_id: account,
            event_id: id,
            trade_date,
            dates: Dates::default(),
            sequence: portfolio.last_sequence + offset,
            booking_sequence: None,
            supersedes: None,
            activity,
            import_batch_id: None,
            import_key: None,
            external_id: None,
            note: None,
            recorded_at: self.environment.clock.now(),
            recorded_by: caller.actor.user_id,
        }
    }
}

/// A dividend, and the purchase of so many units for what it brings after tax and fee.
pub fn reinvested(leg: Leg, quantity: Decimal) -> Result<Vec<Leg>, ServiceError> {
    let TransactionKind::Dividend { instrument, amount, withheld, fee, currency } = leg.new.kind else {
        return Ok(vec![leg]);
    };
    let activity = "dividendReinvested";
    let dividend = Leg { activity, ..leg };
    let net = event::net_of(amount, withheld, fee, currency)?;
    if net <= Decimal::ZERO {
        let message = format!("the dividend brings {net}: there is nothing to reinvest");
        return Err(dividend.refused(Wrong::new(RefusalCode::InvalidInput, blame::AMOUNT, message)));
    }
    let trade = Trade { value: TradeValue::Total(net), ..Trade::at_price(instrument, quantity, net, currency) };
    let days = Days { ex: None, pay: None, ..dividend.new.days };
    let external_id = None;
    let new = NewTransaction { kind: TransactionKind::Buy(trade), days, external_id, ..dividend.new.clone() };
    let purchase = Leg { new, ..dividend.clone() };
    Ok(vec![dividend, purchase])
}

impl Leg {
    /// A transaction that stands at a path of the input.
    pub fn new(new: NewTransaction, field: &[&str]) -> Self {
        let activity = blame::activity(&new.kind);
        Self { new, field: field.iter().map(|&part| part.to_owned()).collect(), activity }
    }

    fn below(&self, name: &str) -> Vec<String> {
        self.field.iter().cloned().chain([name.to_owned()]).collect()
    }

    /// The path of a part of the transaction; of the whole activity where no single part is to blame.
    fn path(&self, part: Option<Part>) -> Vec<String> {
        let mut path = self.field.clone();
        if !part.is_some_and(|part| part.of_row) {
            path.extend(["activity", self.activity].map(str::to_owned));
        }
        path.extend(part.map_or(&[][..], |part| part.path).iter().map(|&name| name.to_owned()));
        path
    }

    fn refused(&self, wrong: Wrong) -> ServiceError {
        ServiceError::Refused(vec![Refusal::at(wrong.code, self.path(wrong.part), wrong.message)])
    }

    fn doubted(&self, doubt: Doubt) -> ServiceError {
        let refusal = Refusal::at(doubt.code(), self.path(Some(doubt.part)), doubt.message);
        ServiceError::Refused(vec![Refusal { transaction: doubt.earlier, ..refusal }])
    }

    fn no_account(&self) -> ServiceError {
        let refusal = Refusal::at(RefusalCode::NotFound, self.below("accountId"), "no such account");
        ServiceError::Refused(vec![refusal])
    }

    /// The refusal of a leg that breaks a rule.
    fn breaks(&self, error: &LedgerError) -> ServiceError {
        let field = self.path(blame::blamed(error, &self.new.kind));
        ServiceError::Refused(vec![Refusal { field, ..ledger_refusal(error, &[]) }])
    }
}

fn already_corrected() -> ServiceError {
    let message = "the transaction was corrected before: its supersededById says by which";
    ServiceError::refused(RefusalCode::AlreadyCorrected, &["id"], message)
}

pub(super) fn check_text(text: &Option<String>, field: &[String]) -> Result<(), ServiceError> {
    match text {
        Some(text) if text.chars().count() > MAX_TEXT => {
            let message = format!("{} characters: {MAX_TEXT} at the most", text.chars().count());
            Err(ServiceError::Refused(vec![Refusal::at(RefusalCode::InvalidInput, field.to_vec(), message)]))
        }
        _ => Ok(()),
    }
}

/// The refusal of a change that another row of the ledger does not survive.
fn later_breaks(error: &LedgerError, field: &[String]) -> ServiceError {
    let refusal = ledger_refusal(error, &[]);
    let message = format!("another transaction would no longer be possible: it {}", refusal.message);
    ServiceError::Refused(vec![Refusal { message, field: field.to_vec(), ..refusal }])
}

fn done(action: &'static str, row: &LedgerRow) -> Done {
    let mut after = json!({
        "portfolio": row.portfolio_id,
        "account": row.account_id,
        "event": row.event_id,
        "tradeDate": row.trade_date,
        "activity": storage::transaction::describe(&row.activity),
    });
    let dates = row.dates;
    let named = [
        ("settlementDate", dates.settlement),
        ("exDate", dates.ex),
        ("payDate", dates.pay),
        ("actionExDate", dates.action_ex),
    ];
    for (name, day) in named {
        if let Some(day) = day {
            after[name] = json!(day);
        }
    }
    if let Some(action) = dates.action {
        after["marketDividend"] = json!(action);
    }
    Done { action, entity_type: "Transaction", entity_id: row.id, before: None, after: Some(after) }
}
