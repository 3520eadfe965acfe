//! Dividends that accounts report, and the market's that they are the payments of.
//!
//! The market's books nothing by itself. An account's row is linked with it: the row's ex-date is taken from it where the row
//! gives none, what it pays is compared with what is due for the units held before that day, and a second row of the account
//! for the same dividend is doubted.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{Days, NaiveDate};
use domain::id::InstrumentId;
use domain::ledger::{Booking, Transaction, TransactionKind, UnitsHeld};
use domain::money::{ArithmeticError, Currency};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::blame;
use super::corporate_action::Doubt;
use super::ledger::PostError;
use super::{ServiceError, Services};
use crate::storage;
use crate::storage::instrument::Dividend;
use crate::storage::portfolio::Portfolio;
use crate::storage::transaction::held::{ActionFigure, HeldReason, MarketFigure};
use crate::storage::transaction::{Activity, Dates, LedgerRow};
use crate::tenancy::{Session, Tenant};

/// Days that a dividend is looked for before its payment, where neither its ex-date nor the market's pay date tells which one it
/// is: most are paid within two months, and those of the quarter before went ex earlier.
const PAID_WITHIN: Days = Days::new(60);

/// A dividend of an account.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwnDividend {
    pub account: Uuid,
    pub instrument: InstrumentId,
    /// The day that it counts from, and its others.
    pub from: NaiveDate,
    pub dates: Dates,
    pub amount: Decimal,
    pub currency: Currency,
}

impl OwnDividend {
    /// The dividend of an account, where it is one. One of no possible amount is not: the ledger refuses it.
    pub(super) fn new(account: Uuid, from: NaiveDate, dates: Dates, kind: &TransactionKind) -> Option<Self> {
        let &TransactionKind::Dividend { instrument, amount, currency, .. } = kind else {
            return None;
        };
        (amount > Decimal::ZERO).then_some(Self { account, instrument, from, dates, amount, currency })
    }

    pub(super) fn of_row(row: &LedgerRow) -> Option<Self> {
        match &row.activity {
            Activity::Event(kind) => Self::new(row.account_id, row.trade_date, row.dates, kind),
            Activity::Reversal { .. } => None,
        }
    }
}

/// A dividend to be judged, by a name of the caller's.
pub(super) struct Judged<K> {
    pub key: K,
    pub own: OwnDividend,
    /// Whether it stands, whatever the market knows.
    pub stands: bool,
}

/// What a dividend is found to be.
pub(super) enum Verdict {
    /// The payment of this dividend of the market.
    Is(Uuid),
    Doubted(Box<Doubt>),
}

/// A row that is the payment of a dividend of the market.
#[derive(Clone, Copy, Debug)]
struct Payment {
    /// The row, where it is recorded.
    transaction: Option<Uuid>,
    from: NaiveDate,
    amount: Decimal,
    currency: Currency,
}

impl Payment {
    fn of(own: &OwnDividend, transaction: Option<Uuid>) -> Self {
        Self { transaction, from: own.from, amount: own.amount, currency: own.currency }
    }
}

/// What dividends are checked against: the market's, and their payments that the ledger has already.
pub(super) struct KnownDividends {
    market: BTreeMap<Uuid, Arc<Vec<Dividend>>>,
    paid: HashMap<(Uuid, Uuid), Payment>,
}

impl KnownDividends {
    fn of(&self, instrument: InstrumentId) -> &[Dividend] {
        self.market.get(&instrument.uuid()).map_or(&[], |dividends| dividends.as_slice())
    }

    /// The market's ex-date of the dividend that one without an ex-date is the payment of: of the one that the market knows to be
    /// paid on its pay date; else of the last one that went ex within the sixty days before.
    pub(super) fn ex_date(&self, own: &OwnDividend) -> Option<NaiveDate> {
        if own.dates.ex.is_some() {
            return None;
        }
        let paid_on = own.dates.pay.unwrap_or(own.from);
        // It counts from the ex-date on, which has come.
        let gone_ex = || self.of(own.instrument).iter().filter(|known| known.ex_date <= own.from);
        let by_pay_date = gone_ex().rfind(|known| known.pay_date == Some(paid_on));
        let earliest = paid_on.checked_sub_days(PAID_WITHIN).unwrap_or(NaiveDate::MIN);
        by_pay_date.or_else(|| gone_ex().rfind(|known| known.ex_date >= earliest)).map(|known| known.ex_date)
    }

    /// Whether the market knows a dividend of the ex-date.
    pub(super) fn knows(&self, own: &OwnDividend) -> bool {
        self.of(own.instrument).iter().any(|known| own.dates.ex == Some(known.ex_date))
    }

    /// What dividends are, one after another; those that the market does not know are left out. `units` are those held.
    ///
    /// Of an ordinary and a special dividend of one day it is the one that the account does not have yet and that fits.
    pub(super) fn judge<K>(
        &self,
        units: &UnitsHeld<'_>,
        dividends: impl IntoIterator<Item = Judged<K>>,
    ) -> Result<Vec<(K, Verdict)>, ArithmeticError> {
        let mut paid: HashMap<(Uuid, Uuid), Payment> = HashMap::new();
        let mut verdicts = Vec::new();
        for Judged { key, own, stands } in dividends {
            let mut best: Option<((bool, bool), &Dividend, Decimal)> = None;
            for known in self.of(own.instrument).iter().filter(|known| own.dates.ex == Some(known.ex_date)) {
                let held = units.before(own.account.into(), own.instrument, known.ex_date);
                let due = known.terms.due(held)?;
                let differs = known.terms.differs(due, own.amount, own.currency)?;
                let place = (own.account, known.id);
                let rank = (self.paid.contains_key(&place) || paid.contains_key(&place), differs);
                if best.is_none_or(|(other, ..)| rank < other) {
                    best = Some((rank, known, due));
                }
            }
            let Some(((is_paid, differs), known, due)) = best else { continue };
            let place = (own.account, known.id);
            let earlier = self.paid.get(&place).or_else(|| paid.get(&place)).filter(|_| is_paid);
            let verdict = match earlier {
                Some(earlier) if !stands => Verdict::Doubted(again(&own, known, due, earlier)),
                _ if differs && !stands => {
                    let held = units.before(own.account.into(), own.instrument, known.ex_date);
                    Verdict::Doubted(another(&own, known, due, held))
                }
                _ => {
                    paid.entry(place).or_insert(Payment::of(&own, None));
                    Verdict::Is(known.id)
                }
            };
            verdicts.push((key, verdict));
        }
        Ok(verdicts)
    }

    /// The ex-date and the gross amount that the market's dividend comes to of which one of an account is the payment.
    pub(super) fn due(
        &self,
        units: &UnitsHeld<'_>,
        own: &OwnDividend,
    ) -> Result<Option<(Decimal, Currency)>, ArithmeticError> {
        let mut best: Option<(bool, Decimal, Currency)> = None;
        for known in self.of(own.instrument).iter().filter(|known| own.dates.ex == Some(known.ex_date)) {
            let is_paid = self.paid.contains_key(&(own.account, known.id));
            if best.is_none_or(|(other, ..)| !is_paid && other) {
                let due = known.terms.due(units.before(own.account.into(), own.instrument, known.ex_date))?;
                best = Some((is_paid, due, known.terms.currency));
            }
        }
        Ok(best.map(|(_, due, currency)| (due, currency)))
    }
}

fn figure(known: &Dividend, due: Decimal) -> MarketFigure {
    MarketFigure { ex_date: known.ex_date, figure: ActionFigure::Amount(due, known.terms.currency) }
}

fn again(own: &OwnDividend, known: &Dividend, due: Decimal, earlier: &Payment) -> Box<Doubt> {
    let message = format!(
        "{} {}: the account has the market's dividend of {} already, by the transaction of {} over {} {}; with KEEP_MINE both stand",
        own.amount.normalize(),
        own.currency,
        known.ex_date,
        earlier.from,
        earlier.amount.normalize(),
        earlier.currency
    );
    Box::new(Doubt {
        reason: HeldReason::AlreadyApplied,
        message,
        part: blame::TRADE_DATE,
        market: Some(figure(known, due)),
        earlier: earlier.transaction,
    })
}

fn another(own: &OwnDividend, known: &Dividend, due: Decimal, held: Decimal) -> Box<Doubt> {
    let is_currency = own.currency != known.terms.currency;
    let message = format!(
        "{} {}: the market's dividend of {} is {} {} for the {} units held before, {} each; with KEEP_MINE the row stands",
        own.amount.normalize(),
        own.currency,
        known.ex_date,
        due.normalize(),
        known.terms.currency,
        held.normalize(),
        known.terms.amount.normalize()
    );
    Box::new(Doubt {
        reason: HeldReason::ActionDiffers,
        message,
        part: if is_currency { blame::CURRENCY } else { blame::AMOUNT },
        market: Some(figure(known, due)),
        earlier: None,
    })
}

impl Services {
    /// What new dividends on instruments are checked against; nothing where the market knows none. `but` is a row that they stand
    /// in the place of.
    pub(super) async fn known_dividends(
        &self,
        session: &Session<Tenant>,
        portfolio: Uuid,
        instruments: BTreeSet<InstrumentId>,
        but: Option<Uuid>,
    ) -> Result<Option<KnownDividends>, ServiceError> {
        if instruments.is_empty() {
            return Ok(None);
        }
        let view = self.market.view(session).await?;
        let mut market = view.dividends(session, instruments.iter().map(|id| id.uuid())).await?;
        market.retain(|_, dividends| !dividends.is_empty());
        if market.is_empty() {
            return Ok(None);
        }
        let ids: Vec<Uuid> = market.values().flat_map(|dividends| dividends.iter().map(|known| known.id)).collect();
        let rows = storage::transaction::payments(session, portfolio, &ids).await?;
        let mut paid = HashMap::new();
        for row in rows.iter().filter(|row| Some(row.id) != but) {
            if let Some((own, action)) = OwnDividend::of_row(row).zip(row.dates.action) {
                paid.entry((row.account_id, action)).or_insert(Payment::of(&own, Some(row.id)));
            }
        }
        Ok(Some(KnownDividends { market, paid }))
    }

    /// The part of a ledger that tells how many units paid the dividends among new rows that the market knows: booked until the
    /// last of their ex-dates, without the row `but`. Nothing where the market knows none.
    pub(super) async fn booked_before_dividends(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        known: &KnownDividends,
        new: &[&LedgerRow],
        but: Option<Uuid>,
    ) -> Result<Option<Booking>, PostError> {
        let entries: Vec<Transaction> = new.iter().filter_map(|row| row.transaction()).collect();
        let paid = new.iter().filter_map(|row| OwnDividend::of_row(row)).filter(|own| known.knows(own));
        let paid: BTreeMap<InstrumentId, Option<NaiveDate>> = paid.fold(BTreeMap::new(), |mut paid, own| {
            let last = paid.entry(own.instrument).or_default();
            *last = own.dates.ex.max(*last);
            paid
        });
        let Some(last) = paid.values().copied().max().flatten() else {
            return Ok(None);
        };
        let kinds = entries.iter().map(|entry| &entry.kind).filter(|kind| {
            let links = kind.counter_instrument().is_some()
                || matches!(kind, TransactionKind::OptionExercise(_) | TransactionKind::OptionAssignment(_));
            links || kind.instrument().is_some_and(|id| paid.contains_key(&id))
        });
        let kinds: Vec<TransactionKind> = kinds.cloned().collect();
        let part = self.part(session, portfolio.id, &kinds).await?;
        let recorded = storage::transaction::of_instruments(session, portfolio.id, &part).await?;
        let recorded = recorded.into_iter().filter(|entry| Some(entry.id.uuid()) != but);
        let of_part = |kind: &TransactionKind| kind.instrument().is_some_and(|id| part.contains(&id.uuid()));
        let entries = entries.into_iter().filter(|entry| of_part(&entry.kind));
        let before = recorded.chain(entries).filter(|entry| entry.trade_date < last).collect();
        self.booked(session, portfolio, before).await.map(Some)
    }
}
