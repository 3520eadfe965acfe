//! The cash of a ledger that is booked part by part: what the parts come to together.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{CashChange, CashPeriod};
use crate::id::AccountId;
use crate::money::{ArithmeticError, Currency, add, sub};

/// Adds up the balances of bookings. What it holds grows with accounts, currencies and days, not with entries.
#[derive(Clone, Debug, Default)]
pub struct CashSum {
    balances: BTreeMap<(AccountId, Currency), BTreeMap<NaiveDate, Figures>>,
}

/// What a day changes of each figure of a balance.
type Figures = [Decimal; 5];

const NOTHING: Figures = [Decimal::ZERO; 5];

impl CashSum {
    /// Adds what a booking's balances come to: its rows, of each balance by day.
    ///
    /// # Errors
    /// [`ArithmeticError`] where a sum is too large.
    pub fn add(&mut self, rows: &[CashPeriod]) -> Result<(), ArithmeticError> {
        self.combine(rows, add)
    }

    /// Takes away what a booking's balances come to.
    ///
    /// # Errors
    /// [`ArithmeticError`] where a difference is too large.
    pub fn subtract(&mut self, rows: &[CashPeriod]) -> Result<(), ArithmeticError> {
        self.combine(rows, sub)
    }

    fn combine(
        &mut self,
        rows: &[CashPeriod],
        by: fn(Decimal, Decimal) -> Result<Decimal, ArithmeticError>,
    ) -> Result<(), ArithmeticError> {
        let mut last: Option<&CashPeriod> = None;
        for row in rows {
            let same = last.filter(|last| (last.account, last.currency) == (row.account, row.currency));
            let before = same.map_or(NOTHING, CashPeriod::figures);
            let day = self.balances.entry((row.account, row.currency)).or_default();
            let sums = day.entry(row.valid_from).or_insert(NOTHING);
            for ((sum, now), before) in sums.iter_mut().zip(row.figures()).zip(before) {
                *sum = by(*sum, sub(now, before)?)?;
            }
            last = Some(row);
        }
        Ok(())
    }

    /// What all of it changes, by account and currency; a balance that ends as it was is left out.
    ///
    /// # Errors
    /// [`ArithmeticError`] where a sum is too large.
    pub fn changes(self) -> Result<Vec<CashChange>, ArithmeticError> {
        let mut changes = Vec::new();
        for ((account, currency), days) in self.balances {
            let mut state = CashPeriod::empty(account, currency);
            let mut steps = Vec::with_capacity(days.len());
            for (day, [amount, unsettled, interest, fees, taxes]) in days {
                state.amount = add(state.amount, amount)?;
                state.unsettled = add(state.unsettled, unsettled)?;
                state.interest_base = add(state.interest_base, interest)?;
                state.fees_base = add(state.fees_base, fees)?;
                state.taxes_base = add(state.taxes_base, taxes)?;
                state.record(&mut steps, day);
            }
            if !steps.is_empty() {
                changes.push(CashChange { account, currency, steps });
            }
        }
        Ok(changes)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2024, 3, day).expect("a day")
    }

    fn row(account: u128, from: u32, until: Option<u32>, amount: i64, fees: i64) -> CashPeriod {
        CashPeriod {
            valid_from: day(from),
            valid_until: until.map(day),
            amount: amount.into(),
            fees_base: fees.into(),
            ..CashPeriod::empty(Uuid::from_u128(account).into(), Currency::EUR)
        }
    }

    #[test]
    fn balances_add_up_by_day_whatever_part_they_come_from() {
        let one = [row(1, 1, Some(4), 100, 0), row(1, 4, None, 90, 1), row(2, 2, None, 5, 0)];
        let other = [row(1, 1, Some(2), -30, 0), row(1, 2, None, -20, 0)];
        let mut sum = CashSum::default();
        sum.add(&one).expect("a sum");
        sum.add(&other).expect("a sum");
        let changes = sum.clone().changes().expect("changes");
        let of = |at: usize| changes[at].steps.clone();
        assert_eq!(changes.len(), 2);
        assert_eq!(of(0), [row(1, 1, Some(2), 70, 0), row(1, 2, Some(4), 80, 0), row(1, 4, None, 70, 1)]);
        assert_eq!(of(1), [row(2, 2, None, 5, 0)]);
        assert_eq!(changes[0].applied(&[]), Ok(of(0)), "nothing was there before");
        sum.subtract(&one).expect("a difference");
        let left = sum.changes().expect("changes");
        assert_eq!(left.len(), 1, "what is taken away again leaves nothing");
        assert_eq!(left[0].steps, other);
    }
}
