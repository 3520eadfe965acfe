//! What the market did to the instruments that a ledger names: it is applied by itself, once, and an account's own row
//! takes its place.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use domain::id::{AccountId, InstrumentId};
use domain::ledger::{Instruments, LotScope, MarketSplit, Policy, Transaction, TransactionKind};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::blame::{self, Part};
use super::{RefusalCode, ServiceError, Services};
use crate::storage;
use crate::storage::instrument::Split;
use crate::storage::transaction::held::{ActionFigure, HeldReason, MarketFigure};
use crate::storage::transaction::{Activity, LedgerRow};
use crate::tenancy::{Session, Tenant};

/// Days by which the same split may be dated apart in two sources.
const SAME_ACTION_DAYS: u64 = 7;

/// An account's own split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OwnSplit {
    pub account: Uuid,
    pub instrument: InstrumentId,
    pub ex_date: NaiveDate,
    pub ratio: (Decimal, Decimal),
    /// The ex-date of the market's split that it is known to be.
    pub action: Option<NaiveDate>,
    /// Its row, where it is recorded.
    pub row: Option<Uuid>,
}

impl OwnSplit {
    /// The split of an account, where it is one. One of no possible ratio is not: the ledger refuses it.
    pub(super) fn new(account: Uuid, ex_date: NaiveDate, kind: &TransactionKind) -> Option<Self> {
        let &TransactionKind::Split { instrument, numerator, denominator } = kind else {
            return None;
        };
        if numerator <= Decimal::ZERO || denominator <= Decimal::ZERO {
            return None;
        }
        Some(Self { account, instrument, ex_date, ratio: (numerator, denominator), action: None, row: None })
    }

    fn of_row(row: &LedgerRow) -> Option<Self> {
        let Activity::Event(kind) = &row.activity else {
            return None;
        };
        let split = Self::new(row.account_id, row.trade_date, kind)?;
        Some(Self { action: row.dates.action_ex, row: Some(row.id), ..split })
    }
}

/// Why what an account says of a corporate action is not taken as it is.
#[derive(Clone, Debug)]
pub(super) struct Doubt {
    pub reason: HeldReason,
    /// Why, with both figures.
    pub message: String,
    /// What is to blame.
    pub part: Part,
    /// What the market says; nothing where it knows no such action, and the account's own row is repeated.
    pub market: Option<MarketFigure>,
    /// The row that is the same action, where one is.
    pub earlier: Option<Uuid>,
}

impl Doubt {
    pub(super) fn code(&self) -> RefusalCode {
        match self.reason {
            HeldReason::ActionDiffers => RefusalCode::ActionDiffers,
            HeldReason::AlreadyApplied => RefusalCode::AlreadyApplied,
        }
    }
}

/// What own splits are checked against: the market's, and those that the ledger has already.
pub(super) struct KnownSplits {
    market: Vec<Split>,
    own: Vec<OwnSplit>,
}

impl KnownSplits {
    /// The market's split that an account's own one is, or differs from.
    pub(super) fn market_of(&self, split: &OwnSplit) -> Option<&Split> {
        nearest(&self.market, split.instrument.uuid(), split.ex_date)
    }

    /// The ex-date of the market's split that an account's own one is; the next one that is checked finds it applied.
    ///
    /// `stands` says that a split which differs from the market's is to take its place all the same.
    pub(super) fn take(&mut self, split: OwnSplit, stands: bool) -> Result<Option<NaiveDate>, Box<Doubt>> {
        let ours = |other: &&OwnSplit| other.account == split.account && other.instrument == split.instrument;
        let action = nearest(&self.market, split.instrument.uuid(), split.ex_date);
        let market = action.map(|action| MarketFigure {
            ex_date: action.ex_date,
            figure: ActionFigure::Ratio(action.numerator, action.denominator),
        });
        let again = |other: &OwnSplit, message| {
            let (reason, earlier) = (HeldReason::AlreadyApplied, other.row);
            Box::new(Doubt { reason, message, part: blame::TRADE_DATE, market, earlier })
        };
        if let Some(other) = self.own.iter().filter(ours).find(|other| other.ex_date == split.ex_date) {
            return Err(again(other, format!("the split of {} is in the ledger already", split.ex_date)));
        }
        let Some(action) = action else {
            self.own.push(split);
            return Ok(None);
        };
        let is_taken = |other: &OwnSplit| other.action.unwrap_or(other.ex_date) == action.ex_date;
        if let Some(other) = self.own.iter().filter(ours).find(|other| is_taken(other)) {
            let message = format!(
                "the market's split of {} is in the ledger already, by the row of {}",
                action.ex_date, other.ex_date
            );
            return Err(again(other, message));
        }
        let is_date = action.ex_date != split.ex_date;
        if !stands && (is_date || !same_ratio(split.ratio, (action.numerator, action.denominator))) {
            let message = format!(
                "{} for {} on {}: the market knows {} for {} on {}, which is applied by itself; \
                 with KEEP_MINE the row takes its place",
                split.ratio.0.normalize(),
                split.ratio.1.normalize(),
                split.ex_date,
                action.numerator.normalize(),
                action.denominator.normalize(),
                action.ex_date
            );
            let part = if is_date { blame::TRADE_DATE } else { blame::RATIO };
            let reason = HeldReason::ActionDiffers;
            return Err(Box::new(Doubt { reason, message, part, market, earlier: None }));
        }
        self.own.push(OwnSplit { action: Some(action.ex_date), ..split });
        Ok(Some(action.ex_date))
    }
}

/// The split of the market that is dated nearest, if it is near enough to be the same.
fn nearest(market: &[Split], instrument: Uuid, date: NaiveDate) -> Option<&Split> {
    let apart = |split: &&Split| split.ex_date.signed_duration_since(date).num_days().unsigned_abs();
    let of_instrument = market.iter().filter(|split| split.instrument_id == instrument);
    of_instrument.filter(|split| apart(split) <= SAME_ACTION_DAYS).min_by_key(apart)
}

/// Whether two ratios are equal. One that no exact decimal can tell is not.
fn same_ratio(one: (Decimal, Decimal), other: (Decimal, Decimal)) -> bool {
    let across = one.0.checked_mul(other.1).zip(other.0.checked_mul(one.1));
    across.is_some_and(|(left, right)| left == right)
}

/// The market's splits as they act on a ledger.
pub(super) fn placed(known: &[Split], policy: &Policy, ledger: &[Transaction]) -> Vec<MarketSplit> {
    if known.is_empty() {
        return Vec::new();
    }
    let own: Vec<OwnSplit> =
        ledger.iter().filter_map(|entry| OwnSplit::new(entry.account.uuid(), entry.trade_date, &entry.kind)).collect();
    let accounts: BTreeSet<AccountId> =
        ledger.iter().flat_map(|entry| [Some(entry.account), entry.kind.counter_account()]).flatten().collect();
    known.iter().flat_map(|split| in_place(split, policy, known, &own, &accounts)).collect()
}

impl Services {
    /// The market's splits of the instruments that a ledger is booked with. Where an account's own row of another day is the
    /// same split, the market's acts on the other accounts only.
    pub(super) async fn market_splits(
        &self,
        session: &Session<Tenant>,
        policy: &Policy,
        ledger: &[Transaction],
        instruments: &Instruments,
    ) -> Result<Vec<MarketSplit>, ServiceError> {
        Ok(placed(&self.splits_known(session, instruments).await?, policy, ledger))
    }

    /// The market's splits of instruments, which ledgers are booked with by [`placed`].
    pub(super) async fn splits_known(
        &self,
        session: &Session<Tenant>,
        instruments: &Instruments,
    ) -> Result<Vec<Split>, ServiceError> {
        let market = self.market.view(session).await?;
        let known = market.splits(session, instruments.keys().map(|id| id.uuid())).await?;
        Ok(known.values().flat_map(|splits| splits.iter().cloned()).collect())
    }

    /// What new splits of a portfolio are checked against; `but` is a row that they stand in the place of.
    pub(super) async fn known_splits(
        &self,
        session: &Session<Tenant>,
        portfolio: Uuid,
        instruments: BTreeSet<InstrumentId>,
        but: Option<Uuid>,
    ) -> Result<KnownSplits, ServiceError> {
        let market = self.market.view(session).await?;
        let known = market.splits(session, instruments.iter().map(|id| id.uuid())).await?;
        let own = storage::transaction::splits(session, portfolio).await?;
        Ok(KnownSplits {
            market: known.values().flat_map(|splits| splits.iter().cloned()).collect(),
            own: own.iter().filter(|row| Some(row.id) != but).filter_map(OwnSplit::of_row).collect(),
        })
    }
}

/// A split of the market as it is booked: for every account, or for those that have no row of another day for it. A row of
/// the same day is the domain's to see.
fn in_place(
    split: &Split,
    policy: &Policy,
    market: &[Split],
    own: &[OwnSplit],
    accounts: &BTreeSet<AccountId>,
) -> Vec<MarketSplit> {
    let as_booked = |account: Option<AccountId>| MarketSplit {
        instrument: split.instrument_id.into(),
        account,
        ex_date: split.ex_date,
        numerator: split.numerator,
        denominator: split.denominator,
    };
    let replacing: BTreeSet<AccountId> = own
        .iter()
        .filter(|row| row.instrument.uuid() == split.instrument_id && row.ex_date != split.ex_date)
        .filter(|row| {
            let meant = nearest(market, split.instrument_id, row.ex_date);
            meant.is_some_and(|meant| meant.ex_date == split.ex_date)
        })
        .map(|row| row.account.into())
        .collect();
    if replacing.is_empty() {
        return vec![as_booked(None)];
    }
    // Lots that are pooled are split by one account's row for all of them.
    if policy.scope == LotScope::Portfolio {
        return Vec::new();
    }
    accounts.difference(&replacing).map(|account| as_booked(Some(*account))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn own(account: u128, ex_date: &str, numerator: i64, denominator: i64) -> OwnSplit {
        let (numerator, denominator) = (Decimal::from(numerator), Decimal::from(denominator));
        let kind = TransactionKind::Split { instrument: Uuid::from_u128(7).into(), numerator, denominator };
        OwnSplit::new(Uuid::from_u128(account), day(ex_date), &kind).expect("a split")
    }

    fn known() -> KnownSplits {
        let (numerator, denominator) = (Decimal::TWO, Decimal::ONE);
        let instrument_id = Uuid::from_u128(7);
        KnownSplits {
            market: vec![Split { instrument_id, ex_date: day("2024-02-01"), numerator, denominator }],
            own: Vec::new(),
        }
    }

    #[test]
    fn an_own_split_is_the_markets_or_differs_or_is_another() {
        let is_date = |doubt: &Doubt| doubt.part == blame::TRADE_DATE;
        let taken = |split, stands| known().take(split, stands).map_err(|doubt| (doubt.code(), is_date(&doubt)));
        assert_eq!(taken(own(1, "2024-02-01", 4, 2), false), Ok(Some(day("2024-02-01"))));
        assert_eq!(taken(own(1, "2024-02-01", 3, 1), false), Err((RefusalCode::ActionDiffers, false)));
        assert_eq!(taken(own(1, "2024-02-01", 3, 1), true), Ok(Some(day("2024-02-01"))));
        assert_eq!(taken(own(1, "2024-02-08", 2, 1), false), Err((RefusalCode::ActionDiffers, true)));
        assert_eq!(taken(own(1, "2024-01-25", 2, 1), true), Ok(Some(day("2024-02-01"))));
        assert_eq!(taken(own(1, "2024-02-09", 2, 1), false), Ok(None), "eight days apart is another split");
    }

    #[test]
    fn what_is_applied_is_not_applied_again() {
        let mut known = known();
        let applied = Some(RefusalCode::AlreadyApplied);
        assert!(known.take(own(1, "2024-02-03", 2, 1), true).is_ok());
        for again in [own(1, "2024-02-03", 2, 1), own(1, "2024-02-01", 2, 1), own(1, "2024-02-04", 2, 1)] {
            assert_eq!(known.take(again, true).err().map(|doubt| doubt.code()), applied, "{again:?}");
        }
        assert!(known.take(own(2, "2024-02-01", 2, 1), false).is_ok(), "another account");
    }

    #[test]
    fn the_markets_split_leaves_out_accounts_with_a_row_of_another_day() {
        let split = &known().market[0];
        let accounts: BTreeSet<AccountId> = [1, 2].map(|id| Uuid::from_u128(id).into()).into();
        let mut policy = Policy::new(domain::money::Currency::EUR);
        let booked = |policy: &Policy, own: &[OwnSplit]| -> Vec<Option<AccountId>> {
            let known = known();
            in_place(split, policy, &known.market, own, &accounts).into_iter().map(|split| split.account).collect()
        };
        assert_eq!(booked(&policy, &[]), [None]);
        assert_eq!(booked(&policy, &[own(1, "2024-02-01", 2, 1)]), [None]);
        let late = [own(1, "2024-02-02", 2, 1)];
        assert_eq!(booked(&policy, &late), [Some(Uuid::from_u128(2).into())]);
        policy.scope = LotScope::Portfolio;
        assert_eq!(booked(&policy, &late), []);
    }
}
