//! What an account held of an instrument, and what it had brought in by then.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::id::{AccountId, InstrumentId};

/// The end-of-day state of a holding, from one change to the day before the next.
///
/// `…_local` is in the instrument's currency, `…_base` in the base currency at each trade date's rate. The cumulative
/// figures count from the first entry on, and stay after the holding is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PositionPeriod {
    /// Where it is held.
    pub account: AccountId,
    /// What is held.
    pub instrument: InstrumentId,
    /// The first day that this holds at the end of.
    pub valid_from: NaiveDate,
    /// The first day that it no longer holds at the end of; `None` while it does.
    pub valid_until: Option<NaiveDate>,
    /// Units, in the share basis of the day; below zero where they are owed (sold short).
    pub quantity: Decimal,
    /// What the open lots cost; below zero what short sales brought.
    pub cost_local: Decimal,
    /// The same in the base currency.
    pub cost_base: Decimal,
    /// Cumulative proceeds minus cost of what was sold, after fees and taxes of both.
    pub realized_local: Decimal,
    /// The same in the base currency, so that it includes what rates did between the two dates.
    pub realized_base: Decimal,
    /// Cumulative dividends before withholding.
    pub income_local: Decimal,
    /// The same in the base currency.
    pub income_base: Decimal,
    /// Cumulative tax withheld on dividends; part of `taxes_base`.
    pub withholding_base: Decimal,
    /// Cumulative fees of every entry on the holding, those inside cost and proceeds too.
    pub fees_base: Decimal,
    /// Cumulative taxes of every entry on the holding, those inside cost and proceeds too.
    pub taxes_base: Decimal,
    /// The part of `fees_base` and `taxes_base` that is neither in cost nor in proceeds.
    pub expensed_base: Decimal,
}

impl PositionPeriod {
    /// Nothing held, ever.
    pub fn empty(account: AccountId, instrument: InstrumentId) -> Self {
        Self {
            account,
            instrument,
            valid_from: NaiveDate::MIN,
            valid_until: None,
            quantity: Decimal::ZERO,
            cost_local: Decimal::ZERO,
            cost_base: Decimal::ZERO,
            realized_local: Decimal::ZERO,
            realized_base: Decimal::ZERO,
            income_local: Decimal::ZERO,
            income_base: Decimal::ZERO,
            withholding_base: Decimal::ZERO,
            fees_base: Decimal::ZERO,
            taxes_base: Decimal::ZERO,
            expensed_base: Decimal::ZERO,
        }
    }

    /// Whether another day ends with the same figures.
    pub(super) fn shows_as(&self, other: &Self) -> bool {
        let dated = Self { valid_from: self.valid_from, valid_until: self.valid_until, ..other.clone() };
        *self == dated
    }
}
