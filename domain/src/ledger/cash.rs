//! What an account held of a currency.

use std::collections::HashMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::Postings;
use crate::id::AccountId;
use crate::money::{ArithmeticError, Currency, add, round_to_minor, sub};

/// The end-of-day balance of one currency, from one change to the day before the next.
///
/// The cumulative figures are those of entries that belong to no holding, in the base currency at each trade date's rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CashPeriod {
    /// Where it is held.
    pub account: AccountId,
    /// The currency of `amount`.
    pub currency: Currency,
    /// The first day that this holds at the end of.
    pub valid_from: NaiveDate,
    /// The first day that it no longer holds at the end of; `None` while it does.
    pub valid_until: Option<NaiveDate>,
    /// The balance on trade dates; below zero on margin. A sum of postings, each rounded to the minor unit.
    pub amount: Decimal,
    /// The part of `amount` whose settlement date has not come: receivables minus payables. What the bank has is the rest.
    pub unsettled: Decimal,
    /// Cumulative interest before tax: received minus paid.
    pub interest_base: Decimal,
    /// Cumulative fees: charged minus refunded.
    pub fees_base: Decimal,
    /// Cumulative taxes: charged minus refunded.
    pub taxes_base: Decimal,
}

super::period::period!(CashPeriod, [amount, unsettled, interest_base, fees_base, taxes_base]);

impl CashPeriod {
    /// Whether every figure is zero.
    pub fn is_nothing(&self) -> bool {
        super::period::Period::says_nothing(self)
    }

    pub(super) fn empty(account: AccountId, currency: Currency) -> Self {
        Self {
            account,
            currency,
            valid_from: NaiveDate::MIN,
            valid_until: None,
            amount: Decimal::ZERO,
            unsettled: Decimal::ZERO,
            interest_base: Decimal::ZERO,
            fees_base: Decimal::ZERO,
            taxes_base: Decimal::ZERO,
        }
    }
}

/// A balance: what was moved on each day, in whatever order the days come.
#[derive(Debug)]
pub(super) struct Balance {
    pub(super) account: AccountId,
    pub(super) currency: Currency,
    postings: Postings,
    days: HashMap<NaiveDate, Movement, foldhash::fast::FixedState>,
}

/// What one day changes.
#[derive(Debug, Default)]
pub(super) struct Movement {
    amount: Decimal,
    unsettled: Decimal,
    pub(super) interest_base: Decimal,
    pub(super) fees_base: Decimal,
    pub(super) taxes_base: Decimal,
}

impl Balance {
    pub(super) fn new(account: AccountId, currency: Currency, postings: Postings) -> Self {
        Self { account, currency, postings, days: HashMap::default() }
    }

    pub(super) fn on(&mut self, date: NaiveDate) -> &mut Movement {
        self.days.entry(date).or_default()
    }

    /// Moves the balance by `amount`, rounded as the policy says, and returns what was posted.
    pub(super) fn post(
        &mut self,
        amount: Decimal,
        date: NaiveDate,
        settles: Option<NaiveDate>,
    ) -> Result<Decimal, ArithmeticError> {
        let posted = match self.postings {
            Postings::MinorUnit => round_to_minor(amount, self.currency),
            Postings::Exact => amount,
        };
        let day = self.on(date);
        day.amount = add(day.amount, posted)?;
        if let Some(settles) = settles.filter(|settles| *settles > date) {
            day.unsettled = add(day.unsettled, posted)?;
            let due = self.on(settles);
            due.unsettled = sub(due.unsettled, posted)?;
        }
        Ok(posted)
    }

    /// The rows that the days come to.
    pub(super) fn rows(self) -> Result<Vec<CashPeriod>, ArithmeticError> {
        let mut days: Vec<(NaiveDate, Movement)> = self.days.into_iter().collect();
        days.sort_by_key(|(date, _)| *date);
        let mut state = CashPeriod::empty(self.account, self.currency);
        let mut rows = Vec::with_capacity(days.len());
        for (date, moved) in days {
            state.amount = add(state.amount, moved.amount)?;
            state.unsettled = add(state.unsettled, moved.unsettled)?;
            state.interest_base = add(state.interest_base, moved.interest_base)?;
            state.fees_base = add(state.fees_base, moved.fees_base)?;
            state.taxes_base = add(state.taxes_base, moved.taxes_base)?;
            super::period::record(&mut rows, &state, date);
        }
        Ok(rows)
    }
}
