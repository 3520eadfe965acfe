//! Tax lots: what one purchase opened, and which sales used it.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::id::{AccountId, InstrumentId, TransactionId};
use crate::money::{ArithmeticError, MONEY_SCALE, mul_div, sub};

/// Which open lot a sale uses first. Lots never cross accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LotMethod {
    /// The oldest.
    Fifo,
    /// The newest.
    Lifo,
    /// The one of the highest unit cost in the instrument's currency; of equal ones the oldest.
    Hifo,
}

/// What one purchase opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// The purchase.
    pub opened_by: TransactionId,
    /// Where it is held.
    pub account: AccountId,
    /// What is held.
    pub instrument: InstrumentId,
    /// The purchase's trade date; a split keeps it.
    pub opened_on: NaiveDate,
    /// The day its last unit was sold; `None` while it is open.
    pub closed_on: Option<NaiveDate>,
    /// Units bought, in the share basis after the splits so far; a closed lot keeps that of its closing.
    pub quantity_opened: Decimal,
    /// Units left, in the same basis.
    pub quantity_remaining: Decimal,
    /// What the units left cost in the instrument's currency, fee and tax inside.
    pub cost_local: Decimal,
    /// The same in the base currency at the purchase's rate.
    pub cost_base: Decimal,
}

/// The part of a sale that used one lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LotMatch {
    /// The sale.
    pub sale: TransactionId,
    /// The purchase that opened the lot.
    pub lot: TransactionId,
    /// Where it was held.
    pub account: AccountId,
    /// What was sold.
    pub instrument: InstrumentId,
    /// The purchase's trade date.
    pub opened_on: NaiveDate,
    /// The sale's trade date.
    pub closed_on: NaiveDate,
    /// Units used, in the share basis of the sale.
    pub quantity: Decimal,
    /// What they cost in the instrument's currency.
    pub cost_local: Decimal,
    /// What they cost in the base currency at the purchase's rate.
    pub cost_base: Decimal,
    /// Their share of the proceeds, after fee and tax, in the instrument's currency.
    pub proceeds_local: Decimal,
    /// The same in the base currency at the sale's rate.
    pub proceeds_base: Decimal,
}

/// One amount in the instrument's and in the base currency.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Amounts {
    pub(super) local: Decimal,
    pub(super) base: Decimal,
}

impl Amounts {
    /// The share of `part` in `whole`, rounded to the money scale.
    pub(super) fn share(self, part: Decimal, whole: Decimal) -> Result<Self, ArithmeticError> {
        let share = |amount| Ok(mul_div(amount, part, whole)?.round_dp(MONEY_SCALE));
        Ok(Self { local: share(self.local)?, base: share(self.base)? })
    }

    pub(super) fn minus(self, other: Self) -> Result<Self, ArithmeticError> {
        Ok(Self { local: sub(self.local, other.local)?, base: sub(self.base, other.base)? })
    }
}

impl Lot {
    pub(super) fn is_open(&self) -> bool {
        self.closed_on.is_none()
    }

    /// Uses at most `wanted` units; returns how many, and their cost. The last unit takes the cost that is left, so
    /// that the parts sum to the whole.
    pub(super) fn take(&mut self, wanted: Decimal, date: NaiveDate) -> Result<(Decimal, Amounts), ArithmeticError> {
        let all = Amounts { local: self.cost_local, base: self.cost_base };
        let (quantity, cost) = if wanted < self.quantity_remaining {
            (wanted, all.share(wanted, self.quantity_remaining)?)
        } else {
            self.closed_on = Some(date);
            (self.quantity_remaining, all)
        };
        let left = all.minus(cost)?;
        self.quantity_remaining = sub(self.quantity_remaining, quantity)?;
        (self.cost_local, self.cost_base) = (left.local, left.base);
        Ok((quantity, cost))
    }

    /// Restates the quantities; dates and cost stay.
    pub(super) fn split(&mut self, numerator: Decimal, denominator: Decimal) -> Result<(), ArithmeticError> {
        // Decimals beyond the money scale would make sums of lots inexact; those that the quantity has anyway are kept.
        let restated = |quantity: Decimal| {
            let places = quantity.scale().max(MONEY_SCALE);
            Ok(mul_div(quantity, numerator, denominator)?.round_dp(places).normalize())
        };
        self.quantity_opened = restated(self.quantity_opened)?;
        self.quantity_remaining = restated(self.quantity_remaining)?;
        Ok(())
    }
}

impl LotMethod {
    /// The lot that a sale uses next, among lots in opening order.
    pub(super) fn next(self, lots: &mut [Lot]) -> Option<&mut Lot> {
        let mut open = lots.iter_mut().filter(|lot| lot.is_open());
        match self {
            Self::Fifo => open.next(),
            Self::Lifo => open.next_back(),
            Self::Hifo => open.rev().max_by_key(|lot| lot.unit_cost()),
        }
    }
}

impl Lot {
    fn unit_cost(&self) -> Decimal {
        self.cost_local.checked_div(self.quantity_remaining).unwrap_or_default()
    }
}
