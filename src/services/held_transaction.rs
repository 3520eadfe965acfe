//! Imported rows that differ from what the market knows, or that the account has already: they wait until somebody decides.

use chrono::NaiveDate;
use domain::ledger::{TransactionKind, UnitsHeld};
use domain::money::Currency;
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use super::corporate_action::{Doubt, OwnSplit};
use super::error::ledger_refusal;
use super::idempotency::IdempotencyKey;
use super::ledger::PostError;
use super::market_dividend::OwnDividend;
use super::period_lock::LockTerms;
use super::transaction::{Days, Leg, NewTransaction, Recorded};
use super::{Caller, Done, Refusal, RefusalCode, ServiceError, Services, access, settle};
use crate::storage;
use crate::storage::Page;
use crate::storage::portfolio::Portfolio;
use crate::storage::transaction::held::{HeldDecision, HeldTransaction, MarketFigure};
use crate::storage::transaction::{Activity, LedgerRow, describe};
use crate::tenancy::{Session, Tenant};

/// What becomes of held rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// They are recorded as they are.
    KeepMine,
    /// They are recorded with the market's figures.
    UseMarket,
    /// They are not recorded.
    Discard,
}

impl Decision {
    fn code(self) -> &'static str {
        match self {
            Self::KeepMine => "KEEP_MINE",
            Self::UseMarket => "USE_MARKET",
            Self::Discard => "DISCARD",
        }
    }
}

/// The rows of an event of a file, of which one is doubted.
pub(super) struct HeldEvent {
    /// The lines that they stand for.
    pub lines: Vec<u64>,
    /// As the file gives them.
    pub rows: Vec<LedgerRow>,
    /// The place of the one that is doubted, and its line.
    pub doubtful: (usize, u64),
    pub doubt: Box<Doubt>,
    pub market: MarketFigure,
}

/// A row that was linked with a dividend of the market as it was given, for `given` where that is another day.
pub(super) fn unlinked(row: LedgerRow, given: Option<NaiveDate>) -> LedgerRow {
    let mut row = row;
    if let Some(given) = given {
        row.dates = row.dates.as_given(given, row.trade_date);
        row.trade_date = given;
    }
    row.dates.action = None;
    row
}

impl Services {
    /// Stores what a file holds for a decision; how many of its lines that are.
    pub(super) async fn hold(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        (portfolio, batch): (Uuid, Uuid),
        events: Vec<HeldEvent>,
    ) -> Result<usize, ServiceError> {
        let lines = events.iter().map(|event| event.lines.len()).sum();
        let held = events.into_iter().map(|event| HeldTransaction {
            id: self.environment.ids.next(),
            portfolio_id: portfolio,
            import_batch_id: batch,
            line: event.doubtful.1,
            reason: event.doubt.reason,
            message: event.doubt.message,
            rows: event.rows,
            doubtful: event.doubtful.0,
            market: event.market,
            held_at: self.environment.clock.now(),
            held_by: caller.actor.user_id,
        });
        storage::transaction::held::insert(session, &held.collect::<Vec<_>>()).await?;
        Ok(lines)
    }

    /// What waits for a decision in a portfolio that the caller has been shown.
    pub async fn held_page(
        &self,
        session: &Session<Tenant>,
        portfolio: Uuid,
        page: Page<Uuid>,
    ) -> Result<Vec<HeldTransaction>, ServiceError> {
        Ok(storage::transaction::held::page(session, portfolio, page).await?)
    }

    /// How many wait in a portfolio that the caller has been shown.
    pub async fn held_count(&self, session: &Session<Tenant>, portfolio: Uuid) -> Result<u64, ServiceError> {
        Ok(storage::transaction::held::count(session, portfolio).await?)
    }

    /// Records held rows, or discards them: once.
    pub async fn held_transaction_decide(
        &self,
        caller: &Caller,
        id: Uuid,
        decision: Decision,
        terms: LockTerms,
        key: Option<IdempotencyKey>,
    ) -> Result<Recorded, ServiceError> {
        let visible = access::require_some_writable(&caller.actor)?;
        terms.require(&caller.actor)?;
        let session = self.write(caller).await?;
        let result = async {
            let unknown = || ServiceError::refused(RefusalCode::NotFound, &["id"], "no such held transaction");
            let held = storage::transaction::held::by_id(&session, id).await?.ok_or_else(unknown)?;
            let portfolio =
                storage::portfolio::lock(&session, visible, held.portfolio_id).await?.ok_or_else(unknown)?;
            if let Some(answer) = self.earlier_answer(&session, key.as_ref()).await? {
                let corrupt = || ServiceError::Internal("a stored answer names no transactions".to_owned());
                let ids: Vec<Uuid> = serde_json::from_value(answer["ids"].clone()).map_err(|_| corrupt())?;
                let rows = self.rows_by_ids(&session, &ids).await?;
                return Ok(Recorded { rows, portfolio });
            }
            if let Some((earlier, at)) = storage::transaction::held::decision(&session, id).await? {
                let message = format!("{earlier} was decided on {}", at.format("%Y-%m-%d"));
                return Err(ServiceError::refused(RefusalCode::AlreadyDecided, &["id"], message));
            }
            let recorded = match decision {
                Decision::Discard => Recorded { rows: Vec::new(), portfolio },
                Decision::KeepMine | Decision::UseMarket => {
                    let legs = self.held_legs(&session, &portfolio, &held, decision).await?;
                    self.record_legs(&session, caller, "heldTransactionDecide", portfolio, &legs, terms)
                        .await
                        .map_err(of_held)?
                        .0
                }
            };
            let ids: Vec<Uuid> = recorded.rows.iter().map(|row| row.id).collect();
            let decided = HeldDecision {
                held: id,
                decision: decision.code(),
                decided_at: self.environment.clock.now(),
                decided_by: caller.actor.user_id,
            };
            storage::transaction::held::decide(&session, &decided).await?;
            let rows: Vec<_> = held.rows.iter().map(|row| describe(&row.activity)).collect();
            let done = Done {
                action: "heldTransactionDecide",
                entity_type: "HeldTransaction",
                entity_id: id,
                before: Some(json!({ "portfolio": held.portfolio_id, "why": held.message, "rows": rows })),
                after: Some(json!({ "decision": decision.code(), "transactions": ids })),
            };
            self.audit(&session, caller, done).await?;
            self.remember(&session, key.as_ref(), json!({ "ids": ids })).await?;
            Ok(recorded)
        }
        .await;
        let recorded = settle(session, result).await?;
        if !recorded.rows.is_empty() {
            self.announce(caller, recorded.portfolio.id, recorded.portfolio.version);
        }
        Ok(recorded)
    }

    /// Held rows as legs of an event to record.
    async fn held_legs(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        held: &HeldTransaction,
        decision: Decision,
    ) -> Result<Vec<Leg>, ServiceError> {
        let mut legs = Vec::with_capacity(held.rows.len());
        for row in &held.rows {
            let Activity::Event(kind) = &row.activity else {
                return Err(ServiceError::Internal(format!("the held transaction {} is a reversal", held.id)));
            };
            let mut kind = kind.clone();
            // The day that it counts from as the trade date, with the day its cash moves on: settled again it comes to the same.
            let mut days = Days {
                trade: row.trade_date,
                settlement: Some(row.dates.settlement.unwrap_or(row.trade_date)),
                ex: row.dates.ex,
                pay: row.dates.pay,
            };
            if decision == Decision::UseMarket {
                self.use_market(session, portfolio, row, &mut kind, &mut days).await?;
            }
            let new = NewTransaction {
                account: row.account_id,
                days,
                kind,
                keeps_mine: decision == Decision::KeepMine,
                external_id: row.external_id.clone(),
                note: row.note.clone(),
                imported: Some(held.import_batch_id).zip(row.import_key.clone()),
            };
            legs.push(Leg::new(new, &["input"]));
        }
        Ok(legs)
    }

    /// Puts the market's figures, as it knows them now, in the place of a row's own.
    async fn use_market(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        row: &LedgerRow,
        kind: &mut TransactionKind,
        days: &mut Days,
    ) -> Result<(), ServiceError> {
        let split = OwnSplit::new(row.account_id, row.trade_date, kind);
        match kind {
            TransactionKind::Split { instrument, numerator, denominator } => {
                let known = self.known_splits(session, portfolio.id, [*instrument].into(), None).await?;
                if let Some(action) = split.and_then(|split| known.market_of(&split)) {
                    (*numerator, *denominator) = (action.numerator, action.denominator);
                    *days = Days::on(action.ex_date);
                }
            }
            TransactionKind::Dividend { amount, currency, withheld, fee, .. } => {
                if let Some((due, in_currency)) = self.due_of(session, portfolio, row).await? {
                    let has_charges = !withheld.is_zero() || !fee.is_zero();
                    if in_currency != *currency && has_charges {
                        let message = format!(
                            "the market's dividend is in {in_currency}, and what was withheld of it in {currency}: \
                             record it by hand"
                        );
                        return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", "decision"], message));
                    }
                    (*amount, *currency) = (due, in_currency);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What the market's dividend comes to of which a row is the payment.
    async fn due_of(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        row: &LedgerRow,
    ) -> Result<Option<(Decimal, Currency)>, ServiceError> {
        let Some(mut own) = OwnDividend::of_row(row) else {
            return Ok(None);
        };
        let Some(known) = self.known_dividends(session, portfolio.id, [own.instrument].into(), None).await? else {
            return Ok(None);
        };
        let mut row = row.clone();
        if let Some(ex) = known.ex_date(&own) {
            row.dates = row.dates.accrued(row.trade_date, ex);
            row.trade_date = ex;
            own = OwnDividend { from: ex, dates: row.dates, ..own };
        }
        let booked = self.booked_before_dividends(session, portfolio, &known, &[&row], None).await;
        let booked = booked.map_err(|error| match error {
            PostError::Service(error) => error,
            PostError::Ledger(error) => ServiceError::Refused(vec![ledger_refusal(&error, &["id"])]),
            PostError::Locked(locked) => locked.refused(vec!["id".to_owned()]),
        })?;
        match booked {
            Some(booked) => Ok(known.due(&UnitsHeld::of(&booked.positions), &own)?),
            None => Ok(None),
        }
    }
}

/// What keeps held rows from being recorded is no field of the input's but themselves.
fn of_held(error: ServiceError) -> ServiceError {
    match error {
        ServiceError::Refused(refusals) => {
            let field = || vec!["id".to_owned()];
            ServiceError::Refused(refusals.into_iter().map(|refusal| Refusal { field: field(), ..refusal }).collect())
        }
        other => other,
    }
}
