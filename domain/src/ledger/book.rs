//! Books transactions in the order of their days.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::cash::Balance;
use super::entries::{Charge, Side};
use super::holding::Holding;
use super::{
    CashPeriod, Instruments, LedgerError, Lot, LotMatch, LotMethod, PositionPeriod, Transaction, TransactionKind,
};
use crate::id::{AccountId, InstrumentId};
use crate::money::{Currency, MONEY_SCALE};
use crate::pricing::FxRates;

/// What the transactions come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The currency of every `…_base` figure.
    pub base: Currency,
    /// Every lot, open or closed, by account, instrument and order of opening.
    pub lots: Vec<Lot>,
    /// Every use of a lot, by account, instrument and order of closing.
    pub matches: Vec<LotMatch>,
    /// By account, instrument and day of change; a holding that was sold keeps a last row of quantity zero.
    pub positions: Vec<PositionPeriod>,
    /// By account, currency and day of change.
    pub cash: Vec<CashPeriod>,
    /// Deposits and withdrawals, in booking order.
    pub flows: Vec<Flow>,
}

/// Cash that crossed the border of an account from or to the outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The account it crossed into or out of.
    pub account: AccountId,
    /// The trade date.
    pub date: NaiveDate,
    /// The currency of `amount`.
    pub currency: Currency,
    /// Above zero into the account, below out of it; as posted, so rounded to the minor unit.
    pub amount: Decimal,
    /// The same in the base currency at the day's rate.
    pub amount_base: Decimal,
}

/// Books `transactions`, given in any order: by trade date, splits first, then by sequence.
///
/// Purchases cost quantity × price × multiplier + fee + tax, sales bring the same minus fee and tax; both are converted to
/// `base` at the trade date's rate. Figures are rounded half-even to [`MONEY_SCALE`], posted cash to the currency's minor
/// unit, and nothing else. Cash may go below zero, securities may not.
///
/// # Errors
/// [`LedgerError`] for the first rule that is broken, in booking order.
pub fn book(
    base: Currency,
    method: LotMethod,
    transactions: &[Transaction],
    instruments: &Instruments,
    fx: &FxRates,
) -> Result<Booking, LedgerError> {
    let mut ordered: Vec<&Transaction> = transactions.iter().collect();
    ordered.sort_by_key(|transaction| {
        let is_split = matches!(transaction.kind, TransactionKind::Split { .. });
        (transaction.trade_date, !is_split, transaction.sequence, transaction.id)
    });
    let mut books =
        Books { base, method, instruments, fx, holdings: BTreeMap::new(), cash: BTreeMap::new(), flows: Vec::new() };
    for transaction in ordered {
        books.apply(transaction)?;
    }
    Ok(books.close())
}

/// The books while they are being written.
pub(super) struct Books<'a> {
    base: Currency,
    pub(super) method: LotMethod,
    pub(super) instruments: &'a Instruments,
    fx: &'a FxRates,
    pub(super) holdings: BTreeMap<(AccountId, InstrumentId), Holding>,
    cash: BTreeMap<(AccountId, Currency), Balance>,
    pub(super) flows: Vec<Flow>,
}

impl Books<'_> {
    fn apply(&mut self, entry: &Transaction) -> Result<(), LedgerError> {
        match &entry.kind {
            TransactionKind::Buy(trade) => self.trade(entry, trade, Side::Buy),
            TransactionKind::Sell(trade) => self.trade(entry, trade, Side::Sell),
            &TransactionKind::Dividend { instrument, amount, withheld, fee, currency } => {
                self.dividend(entry, instrument, [amount, withheld, fee], currency)
            }
            &TransactionKind::Interest { instrument: Some(bond), amount, tax, currency } => {
                self.dividend(entry, bond, [amount, tax, Decimal::ZERO], currency)
            }
            &TransactionKind::Interest { instrument: None, amount, tax, currency } => {
                self.interest(entry, amount, tax, currency)
            }
            &TransactionKind::Fee { amount, currency, instrument } => {
                self.charge(entry, Charge::Fee, amount, currency, instrument)
            }
            &TransactionKind::Tax { amount, currency, instrument } => {
                self.charge(entry, Charge::Tax, amount, currency, instrument)
            }
            &TransactionKind::Deposit { amount, currency } => {
                entry.positive("amount", amount)?;
                self.flow(entry, amount, currency)
            }
            &TransactionKind::Withdrawal { amount, currency } => {
                entry.positive("amount", amount)?;
                self.flow(entry, -amount, currency)
            }
            &TransactionKind::Split { instrument, numerator, denominator } => {
                self.split(entry, instrument, numerator, denominator)
            }
            TransactionKind::FxConversion(conversion) => self.fx_conversion(entry, conversion),
        }
    }

    pub(super) fn holding(&mut self, account: AccountId, instrument: InstrumentId) -> &mut Holding {
        self.holdings.entry((account, instrument)).or_insert_with(|| Holding::new(account, instrument))
    }

    pub(super) fn balance(&mut self, account: AccountId, currency: Currency) -> &mut Balance {
        self.cash.entry((account, currency)).or_insert_with(|| Balance::new(account, currency))
    }

    /// Moves cash of the entry's account on its day, and returns what was posted.
    pub(super) fn post(
        &mut self,
        entry: &Transaction,
        amount: Decimal,
        currency: Currency,
    ) -> Result<Decimal, LedgerError> {
        self.balance(entry.account, currency).post(amount, entry.trade_date).map_err(LedgerError::overflow(entry.id))
    }

    /// An amount in the base currency at the entry's day.
    pub(super) fn to_base(
        &self,
        entry: &Transaction,
        amount: Decimal,
        currency: Currency,
    ) -> Result<Decimal, LedgerError> {
        self.convert(entry, amount, currency, self.base)
    }

    /// An amount in another currency at the entry's day, rounded to the money scale.
    pub(super) fn convert(
        &self,
        entry: &Transaction,
        amount: Decimal,
        from: Currency,
        to: Currency,
    ) -> Result<Decimal, LedgerError> {
        let converted = self.fx.convert(amount, from, to, entry.trade_date);
        Ok(converted.map_err(LedgerError::conversion(entry.id))?.round_dp(MONEY_SCALE))
    }

    fn close(self) -> Booking {
        let mut booking = Booking {
            base: self.base,
            lots: Vec::new(),
            matches: Vec::new(),
            positions: Vec::new(),
            cash: self.cash.into_values().flat_map(|balance| balance.rows).collect(),
            flows: self.flows,
        };
        for holding in self.holdings.into_values() {
            booking.lots.extend(holding.lots);
            booking.matches.extend(holding.matches);
            booking.positions.extend(holding.rows);
        }
        booking
    }
}
