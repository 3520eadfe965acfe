//! What an account held of a currency.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use super::Postings;
use super::fixed::Money;
use crate::id::AccountId;
use crate::money::{ArithmeticError, Currency};

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

impl CashPeriod {
    /// Whether both say the same, whenever they do.
    fn says_the_same(&self, other: &Self) -> bool {
        self.figures() == other.figures()
    }

    pub(super) fn figures(&self) -> [Decimal; 5] {
        [self.amount, self.unsettled, self.interest_base, self.fees_base, self.taxes_base]
    }

    /// Makes it what holds at the end of `date` and after. Dates come in ascending order; of one day the last state stays.
    ///
    /// There is a row for each day at whose end something else holds than at the end of the day before, and no other: rows
    /// depend on what holds, not on how it came about.
    pub(super) fn record(&self, rows: &mut Vec<Self>, date: NaiveDate) {
        if rows.last().is_some_and(|last| last.valid_from == date) {
            rows.pop();
        }
        match rows.last_mut() {
            Some(last) if last.says_the_same(self) => last.valid_until = None,
            None if self.is_nothing() => {}
            last => {
                if let Some(last) = last {
                    last.valid_until = Some(date);
                }
                rows.push(Self { valid_from: date, valid_until: None, ..self.clone() });
            }
        }
    }

    /// Whether every figure is zero.
    pub fn is_nothing(&self) -> bool {
        self.figures().iter().all(Decimal::is_zero)
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

const PAGE_BITS: i32 = 5;
const PAGE: i32 = 1 << PAGE_BITS;

/// A balance: what was moved on each day, in whatever order the days come.
#[derive(Debug)]
pub(super) struct Balance {
    pub(super) account: AccountId,
    pub(super) currency: Currency,
    postings: Postings,
    minor_unit: u32,
    /// Where in `days` each page of [`PAGE`] days is that something moved on.
    pages: HashMap<i32, usize, foldhash::fast::FixedState>,
    days: Vec<[Movement; PAGE as usize]>,
    /// The page that was last found: the next entry mostly is of the same day or the next.
    last: Option<(i32, usize)>,
}

/// What one day changes.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Movement {
    amount: Money,
    unsettled: Money,
    pub(super) interest_base: Money,
    pub(super) fees_base: Money,
    pub(super) taxes_base: Money,
}

impl Balance {
    pub(super) fn new(account: AccountId, currency: Currency, postings: Postings) -> Self {
        Self {
            account,
            currency,
            postings,
            minor_unit: currency.minor_unit(),
            pages: HashMap::default(),
            days: Vec::new(),
            last: None,
        }
    }

    pub(super) fn on(&mut self, date: NaiveDate) -> &mut Movement {
        let day = date.num_days_from_ce();
        let (page, at) = (day >> PAGE_BITS, day & (PAGE - 1));
        let index = match self.last {
            Some((last, index)) if last == page => index,
            _ => *self.pages.entry(page).or_insert_with(|| {
                self.days.push(Default::default());
                self.days.len() - 1
            }),
        };
        self.last = Some((page, index));
        &mut self.days[index][at as usize]
    }

    /// Moves the balance by `amount`, rounded as the policy says, and returns what was posted.
    pub(super) fn post(
        &mut self,
        amount: Money,
        date: NaiveDate,
        settles: Option<NaiveDate>,
    ) -> Result<Money, ArithmeticError> {
        let posted = match self.postings {
            Postings::MinorUnit => amount.round(self.minor_unit),
            Postings::Exact => amount,
        };
        let day = self.on(date);
        day.amount = day.amount.plus(posted)?;
        if let Some(settles) = settles.filter(|settles| *settles > date) {
            day.unsettled = day.unsettled.plus(posted)?;
            let due = self.on(settles);
            due.unsettled = due.unsettled.minus(posted)?;
        }
        Ok(posted)
    }

    /// The rows that the days come to.
    pub(super) fn rows(self) -> Result<Vec<CashPeriod>, ArithmeticError> {
        let mut pages: Vec<(i32, usize)> = self.pages.into_iter().collect();
        pages.sort_unstable();
        let mut state = CashPeriod::empty(self.account, self.currency);
        let mut sum = Movement::default();
        let mut rows = Vec::new();
        for (page, index) in pages {
            let days = (page << PAGE_BITS..).zip(&self.days[index]);
            for (day, moved) in days.filter(|(_, moved)| **moved != Movement::default()) {
                sum.amount = sum.amount.plus(moved.amount)?;
                sum.unsettled = sum.unsettled.plus(moved.unsettled)?;
                sum.interest_base = sum.interest_base.plus(moved.interest_base)?;
                sum.fees_base = sum.fees_base.plus(moved.fees_base)?;
                sum.taxes_base = sum.taxes_base.plus(moved.taxes_base)?;
                state.amount = sum.amount.decimal();
                state.unsettled = sum.unsettled.decimal();
                state.interest_base = sum.interest_base.decimal();
                state.fees_base = sum.fees_base.decimal();
                state.taxes_base = sum.taxes_base.decimal();
                let date = NaiveDate::from_num_days_from_ce_opt(day).unwrap_or_default();
                state.record(&mut rows, date);
            }
        }
        Ok(rows)
    }
}
