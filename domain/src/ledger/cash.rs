//! What an account held of a currency.

use std::collections::BTreeMap;

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
    /// The balance on trade dates; below zero on margin. A sum of postings, each rounded as the policy says.
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

super::period::period!(CashPeriod);

/// A balance and the rows it left behind.
#[derive(Debug)]
pub(super) struct Balance {
    pub(super) state: CashPeriod,
    rows: Vec<CashPeriod>,
    /// What settles on later days.
    pending: BTreeMap<NaiveDate, Decimal>,
    postings: Postings,
}

impl Balance {
    pub(super) fn new(account: AccountId, currency: Currency, postings: Postings) -> Self {
        let state = CashPeriod {
            account,
            currency,
            valid_from: NaiveDate::MIN,
            valid_until: None,
            amount: Decimal::ZERO,
            unsettled: Decimal::ZERO,
            interest_base: Decimal::ZERO,
            fees_base: Decimal::ZERO,
            taxes_base: Decimal::ZERO,
        };
        Self { state, rows: Vec::new(), pending: BTreeMap::new(), postings }
    }

    /// Moves the balance by `amount`, rounded as the policy says, and returns what was posted. Changes of the state's other
    /// figures count with it, so they come between [`Balance::reach`] and this.
    pub(super) fn post(
        &mut self,
        amount: Decimal,
        date: NaiveDate,
        settles: Option<NaiveDate>,
    ) -> Result<Decimal, ArithmeticError> {
        let posted = match self.postings {
            Postings::MinorUnit => round_to_minor(amount, self.state.currency),
            Postings::Exact => amount,
        };
        self.state.amount = add(self.state.amount, posted)?;
        if let Some(settles) = settles.filter(|settles| *settles > date) {
            self.state.unsettled = add(self.state.unsettled, posted)?;
            let due = self.pending.entry(settles).or_default();
            *due = add(*due, posted)?;
        }
        super::period::record(&mut self.rows, &self.state, date);
        Ok(posted)
    }

    /// Settles what is due until `date`.
    pub(super) fn reach(&mut self, date: NaiveDate) -> Result<(), ArithmeticError> {
        while let Some(due) = self.pending.first_entry().filter(|due| *due.key() <= date) {
            let (day, amount) = due.remove_entry();
            self.state.unsettled = sub(self.state.unsettled, amount)?;
            super::period::record(&mut self.rows, &self.state, day);
        }
        Ok(())
    }

    /// The rows, everything settled on its day.
    pub(super) fn close(mut self) -> Result<Vec<CashPeriod>, ArithmeticError> {
        self.reach(NaiveDate::MAX)?;
        Ok(self.rows)
    }
}
