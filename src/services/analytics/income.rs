//! What holdings and cash have brought in.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use domain::money;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::super::ServiceError;
use super::Book;

/// Income of a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// By month, the first day of each; months without any are left out.
    pub months: Vec<(NaiveDate, Decimal)>,
    /// All of it.
    pub total: Decimal,
    /// What securities paid in the last year of the range over what the open lots cost; nothing for a range of less than a year.
    pub yield_on_cost: Option<f64>,
    /// The same over what the securities are worth.
    pub yield_on_value: Option<f64>,
}

impl Book {
    /// Dividends, coupons and interest before tax, in the month that they count from.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] for sums that are too large.
    pub fn income(&self) -> Result<Received, ServiceError> {
        let range = self.range();
        let year_ago = range.end.checked_sub_months(chrono::Months::new(12)).filter(|day| *day >= range.opening);
        let (mut months, mut total, mut of_year) = (BTreeMap::new(), Decimal::ZERO, Decimal::ZERO);
        for (day, instrument, amount) in self.received()? {
            let month = months.entry(day.with_day(1).unwrap_or(day)).or_insert(Decimal::ZERO);
            *month = money::add(*month, amount)?;
            total = money::add(total, amount)?;
            if instrument.is_some() && year_ago.is_some_and(|from| day > from) {
                of_year = money::add(of_year, amount)?;
            }
        }
        let lines = &self.ends[1].positions;
        let cost = lines.iter().try_fold(Decimal::ZERO, |sum, line| money::add(sum, line.cost_base))?;
        let worth: Option<Vec<Decimal>> = lines.iter().map(|line| line.market_value).collect();
        let worth = worth.map(|worth| worth.into_iter().try_fold(Decimal::ZERO, money::add)).transpose()?;
        let share = |whole: Option<Decimal>| {
            let whole = whole.filter(|whole| *whole > Decimal::ZERO && year_ago.is_some())?;
            money::div(of_year, whole).ok()?.to_f64()
        };
        let months = months.into_iter().collect();
        Ok(Received { months, total, yield_on_cost: share(Some(cost)), yield_on_value: share(worth) })
    }
}
