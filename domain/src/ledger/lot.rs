//! Tax lots: what one entry opened, and which disposals used it.

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use super::fixed::{Money, Units};
use crate::id::{AccountId, InstrumentId, TransactionId};
use crate::money::{ArithmeticError, MONEY_SCALE, add, mul_div, sub};

/// What one entry opened: units held, or units owed where quantities and cost are below zero (a short lot, whose cost is
/// what it brought).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// The entry that first opened it; a transfer, spin-off or merger keeps it.
    pub opened_by: TransactionId,
    /// Where it is held.
    pub account: AccountId,
    /// What is held.
    pub instrument: InstrumentId,
    /// Tells lots of one holding apart that one entry opened: 0, 1, … in the order in which they came to the holding.
    pub ordinal: u32,
    /// The day it was first opened on; splits, transfers, spin-offs and mergers keep it.
    pub opened_on: NaiveDate,
    /// The day its last unit left; `None` while it is open.
    pub closed_on: Option<NaiveDate>,
    /// Units that it began with, in the share basis after the splits so far; a closed lot keeps that of its closing.
    pub quantity_opened: Decimal,
    /// Units left, in the same basis.
    pub quantity_remaining: Decimal,
    /// What the units left cost in the instrument's currency.
    pub cost_local: Decimal,
    /// The same in the base currency at the rate of the day it was opened on.
    pub cost_base: Decimal,
}

/// The part of a disposal that used one lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LotMatch {
    /// The entry that closed.
    pub sale: TransactionId,
    /// Which of that entry's matches in the holding: 0, 1, …
    pub ordinal: u32,
    /// The entry that first opened the lot; `None` for units that were sold without being there.
    pub lot: Option<TransactionId>,
    /// The account of the lot, that of the disposal unless lots are pooled; no meaning without a lot.
    pub lot_account: AccountId,
    /// Which of the lots that its entry opened there; no meaning without a lot.
    pub lot_ordinal: u32,
    /// Where it was held.
    pub account: AccountId,
    /// What was disposed of.
    pub instrument: InstrumentId,
    /// The day the lot was first opened on; that of the sale for units that were not there.
    pub opened_on: NaiveDate,
    /// The day of the disposal.
    pub closed_on: NaiveDate,
    /// Units used, in the share basis of the disposal: below zero where a short lot was covered, zero where only money was
    /// taken out of the lot (return of capital beyond cost, cash in a merger).
    pub quantity: Decimal,
    /// What they cost in the instrument's currency; of a short lot what it brought, below zero.
    pub cost_local: Decimal,
    /// The same in the base currency at the rate of the day the lot was opened on.
    pub cost_base: Decimal,
    /// Their share of the proceeds in the instrument's currency; of a cover what was paid, below zero.
    pub proceeds_local: Decimal,
    /// The same in the base currency at the rate of the disposal.
    pub proceeds_base: Decimal,
}

impl LotMatch {
    /// Proceeds − cost in the instrument's currency.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn gain_local(&self) -> Result<Decimal, ArithmeticError> {
        sub(self.proceeds_local, self.cost_local)
    }

    /// Proceeds − cost in the base currency, so that it includes what rates did between the two days.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn gain_base(&self) -> Result<Decimal, ArithmeticError> {
        sub(self.proceeds_base, self.cost_base)
    }

    /// Whether it was closed after the anniversary of its opening. A lot of 29 February has its anniversary on 1 March. What
    /// was owed (a short lot) is never held for long.
    pub fn is_long_term(&self) -> bool {
        !self.is_short() && is_after_anniversary(self.opened_on, self.closed_on)
    }

    /// Whether the lot was owed. Where only money moved (cash in a merger), it was paid instead of received.
    fn is_short(&self) -> bool {
        self.quantity < Decimal::ZERO || (self.quantity.is_zero() && self.proceeds_local < Decimal::ZERO)
    }

    /// Whether it used this lot.
    pub fn used(&self, lot: &Lot) -> bool {
        self.lot == Some(lot.opened_by)
            && (self.lot_account, self.instrument, self.lot_ordinal) == (lot.account, lot.instrument, lot.ordinal)
    }

    /// Calendar days from opening to disposal.
    pub fn days_held(&self) -> i64 {
        (self.closed_on - self.opened_on).num_days()
    }

    /// Base currency per unit of the instrument's at the opening; `None` where nothing was paid.
    pub fn opening_rate(&self) -> Option<Decimal> {
        rate(self.cost_base, self.cost_local)
    }

    /// Base currency per unit of the instrument's at the disposal; `None` where nothing was received.
    pub fn closing_rate(&self) -> Option<Decimal> {
        rate(self.proceeds_base, self.proceeds_local)
    }
}

/// A lot of 29 February has its anniversary on 1 March.
fn is_after_anniversary(opened_on: NaiveDate, day: NaiveDate) -> bool {
    let next_year = opened_on.year() + 1;
    let anniversary = opened_on.with_year(next_year).or_else(|| NaiveDate::from_ymd_opt(next_year, 3, 1));
    anniversary.is_some_and(|anniversary| day > anniversary)
}

/// Cost per unit, rounded to the money scale; zero for no units.
pub(super) fn unit_cost(cost: Decimal, units: Decimal) -> Decimal {
    cost.checked_div(units).unwrap_or_default().round_dp(MONEY_SCALE)
}

/// The rate that two figures of one amount stand for, as far as the money scale tells it.
fn rate(base: Decimal, local: Decimal) -> Option<Decimal> {
    base.checked_div(local).map(|rate| rate.round_dp(MONEY_SCALE))
}

/// One amount in the instrument's and in the base currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amounts {
    pub(super) local: Money,
    pub(super) base: Money,
}

impl Amounts {
    /// In one currency both figures are the same.
    fn each(self, by: impl Fn(Money) -> Result<Money, ArithmeticError>) -> Result<Self, ArithmeticError> {
        let local = by(self.local)?;
        Ok(Self { local, base: if self.base == self.local { local } else { by(self.base)? } })
    }

    /// The share of `part` in `whole`, rounded to the money scale.
    pub(super) fn share(self, part: Units, whole: Units) -> Result<Self, ArithmeticError> {
        self.each(|amount| amount.share(part, whole))
    }

    /// The amounts × `fraction`, rounded to the money scale.
    pub(super) fn fraction(self, fraction: Decimal) -> Result<Self, ArithmeticError> {
        self.each(|amount| amount.fraction(fraction))
    }

    #[inline]
    pub(super) fn plus(self, other: Self) -> Result<Self, ArithmeticError> {
        Ok(Self { local: self.local.plus(other.local)?, base: self.base.plus(other.base)? })
    }

    #[inline]
    pub(super) fn minus(self, other: Self) -> Result<Self, ArithmeticError> {
        Ok(Self { local: self.local.minus(other.local)?, base: self.base.minus(other.base)? })
    }

    pub(super) fn negated(self) -> Self {
        Self { local: self.local.negated(), base: self.base.negated() }
    }

    /// The larger of each figure and zero.
    pub(super) fn at_least_zero(self) -> Self {
        Self { local: self.local.max(Money::ZERO), base: self.base.max(Money::ZERO) }
    }

    pub(super) fn abs(self) -> Self {
        Self { local: self.local.abs(), base: self.base.abs() }
    }

    pub(super) fn min(self, other: Self) -> Self {
        Self { local: self.local.min(other.local), base: self.base.min(other.base) }
    }

    pub(super) fn is_zero(self) -> bool {
        self.local.is_zero() && self.base.is_zero()
    }
}

impl Lot {
    /// Whether a sale on this day, or the disposal that closed it, comes after the anniversary of its opening. What is owed
    /// (a short lot) is never held for long.
    pub fn is_long_term(&self, day: NaiveDate) -> bool {
        self.quantity_opened >= Decimal::ZERO && is_after_anniversary(self.opened_on, self.closed_on.unwrap_or(day))
    }

    /// Calendar days from its opening until this day, or until it was closed.
    pub fn days_held(&self, day: NaiveDate) -> i64 {
        (self.closed_on.unwrap_or(day) - self.opened_on).num_days()
    }

    /// Base currency per unit of the instrument's in the cost of what is left; `None` where that cost is zero.
    pub fn opening_rate(&self) -> Option<Decimal> {
        rate(self.cost_base, self.cost_local)
    }

    /// Cost per unit in the instrument's currency, rounded to the money scale; zero where nothing is left.
    pub fn unit_cost(&self) -> Decimal {
        unit_cost(self.cost_local, self.quantity_remaining)
    }
}

/// Restates the quantities of lots one after another, so that they sum to what their sum becomes: three lots of one unit
/// are one unit after a split of 1 for 3, not three times 0.333333333333.
pub(super) struct Restating {
    pub(super) numerator: Decimal,
    pub(super) denominator: Decimal,
    before: Decimal,
    after: Decimal,
}

impl Restating {
    pub(super) fn new(numerator: Decimal, denominator: Decimal) -> Self {
        Self { numerator, denominator, before: Decimal::ZERO, after: Decimal::ZERO }
    }

    /// What the next lot's quantity becomes.
    pub(super) fn next(&mut self, quantity: Decimal) -> Result<Decimal, ArithmeticError> {
        self.before = add(self.before, quantity)?;
        let after = restated(self.before, self.numerator, self.denominator)?;
        let part = sub(after, self.after)?;
        self.after = after;
        Ok(part.normalize())
    }
}

/// A quantity after a split. Decimals beyond the money scale would make sums of lots inexact; those that the quantity has
/// anyway are kept.
pub(super) fn restated(
    quantity: Decimal,
    numerator: Decimal,
    denominator: Decimal,
) -> Result<Decimal, ArithmeticError> {
    let places = quantity.scale().max(MONEY_SCALE);
    Ok(mul_div(quantity, numerator, denominator)?.round_dp(places).normalize())
}
