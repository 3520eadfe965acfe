//! Reference rates against one currency (the euro, as the ECB states them), and conversion through it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Cursor, Lookup, MaxAge, MissingReason, Series};
use crate::money::{ArithmeticError, Currency, div, mul_div};

/// Calendar days that a reference rate stands in for later days.
pub const FX_MAX_AGE_DAYS: u32 = 7;

/// Reference rates: per currency, 1 unit of the pivot = rate units. The default is what the ECB states: the pivot is the
/// euro, and a rate is at most [`FX_MAX_AGE_DAYS`] old.
#[derive(Clone, Debug)]
pub struct FxRates {
    pivot: Currency,
    max_age: MaxAge<'static>,
    per_pivot: BTreeMap<Currency, Series>,
}

/// A series that cannot be a currency's rates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRate {
    /// A rate is zero or negative.
    #[error("1 {pivot} = {rate} {currency} on {date} is no rate")]
    NotPositive {
        /// What the rates are against.
        pivot: Currency,
        /// The currency of the series.
        currency: Currency,
        /// The day of the rate.
        date: NaiveDate,
        /// The rate as given.
        rate: Decimal,
    },
    /// The pivot against itself.
    #[error("{currency} has no rate against itself")]
    Pivot {
        /// The pivot.
        currency: Currency,
    },
}

/// A conversion that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FxError {
    /// No rate is known for the day.
    #[error("no {currency} rate for {date}: {reason}")]
    MissingRate {
        /// The currency without a rate against the pivot.
        currency: Currency,
        /// The day asked for.
        date: NaiveDate,
        /// Why there is none.
        reason: MissingReason,
    },
    /// The converted amount is too large.
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
}

/// The rate from one currency to another on a day, kept as the two published rates so that a conversion rounds once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The pivot in the target currency, and in the source currency; `None` from a currency to itself.
    legs: Option<(Decimal, Decimal)>,
    date: NaiveDate,
}

impl Rate {
    /// The day of the observation: the older one of the two published rates, or the day asked for where none is needed.
    pub fn date(self) -> NaiveDate {
        self.date
    }

    /// Units of the target currency for one unit of the source currency, to 28 significant digits.
    ///
    /// # Errors
    /// [`ArithmeticError`] for a quotient that is too large.
    pub fn value(self) -> Result<Decimal, ArithmeticError> {
        self.legs.map_or(Ok(Decimal::ONE), |(to, from)| div(to, from))
    }

    /// `amount × r_to ÷ r_from`, rounded once; an amount in its own currency comes back as it is.
    ///
    /// # Errors
    /// [`ArithmeticError`] for a result that is too large.
    pub fn convert(self, amount: Decimal) -> Result<Decimal, ArithmeticError> {
        match self.legs {
            Some((to, from)) if !amount.is_zero() => mul_div(amount, to, from),
            _ => Ok(amount),
        }
    }
}

impl Default for FxRates {
    fn default() -> Self {
        Self::around(Currency::EUR, MaxAge::Days(FX_MAX_AGE_DAYS))
    }
}

impl FxRates {
    /// No rates yet, to be stated against `pivot`, each good for later days up to `max_age`.
    pub fn around(pivot: Currency, max_age: MaxAge<'static>) -> Self {
        Self { pivot, max_age, per_pivot: BTreeMap::new() }
    }

    /// Adds (or replaces) the rates of a currency: 1 unit of the pivot = value units.
    ///
    /// # Errors
    /// [`InvalidRate`] for a rate that is not positive, or rates of the pivot itself.
    pub fn insert(&mut self, currency: Currency, per_pivot: Series) -> Result<(), InvalidRate> {
        let pivot = self.pivot;
        if currency == pivot {
            return Err(InvalidRate::Pivot { currency });
        }
        for (&date, &rate) in per_pivot.dates().iter().zip(per_pivot.values()) {
            if rate <= Decimal::ZERO {
                return Err(InvalidRate::NotPositive { pivot, currency, date, rate });
            }
        }
        self.per_pivot.insert(currency, per_pivot);
        Ok(())
    }

    /// The rate on `date`, each leg at most as old as the rates may be.
    ///
    /// # Errors
    /// [`FxError::MissingRate`] that names the currency; never a rate of one in its place.
    pub fn rate(&self, from: Currency, to: Currency, date: NaiveDate) -> Result<Rate, FxError> {
        self.cursor(from, to).at(date)
    }

    /// `amount` of `from` in `to` at the rate of `date`, triangulated through the pivot and rounded once.
    ///
    /// # Errors
    /// [`FxError`] for a missing rate or a result that is too large.
    pub fn convert(&self, amount: Decimal, from: Currency, to: Currency, date: NaiveDate) -> Result<Decimal, FxError> {
        Ok(self.rate(from, to, date)?.convert(amount)?)
    }

    /// A reader for many days of one pair.
    pub fn cursor(&self, from: Currency, to: Currency) -> FxCursor<'_> {
        let leg = |currency| match currency == self.pivot {
            true => Leg::Pivot,
            false => Leg::Quoted(currency, self.per_pivot.get(&currency).map(|series| series.cursor(self.max_age))),
        };
        FxCursor { legs: (from != to).then(|| (leg(to), leg(from))) }
    }
}

/// A place in the rates of one pair, moved forward by ascending days.
#[derive(Clone, Debug)]
pub struct FxCursor<'a> {
    legs: Option<(Leg<'a>, Leg<'a>)>,
}

#[derive(Clone, Debug)]
enum Leg<'a> {
    Pivot,
    Quoted(Currency, Option<Cursor<'a>>),
}

impl FxCursor<'_> {
    /// As [`FxRates::rate`].
    ///
    /// # Errors
    /// [`FxError::MissingRate`].
    pub fn at(&mut self, date: NaiveDate) -> Result<Rate, FxError> {
        let Some((to, from)) = &mut self.legs else {
            return Ok(Rate { legs: None, date });
        };
        let (to, to_date) = to.at(date)?;
        let (from, from_date) = from.at(date)?;
        Ok(Rate { legs: Some((to, from)), date: to_date.min(from_date) })
    }
}

impl Leg<'_> {
    fn at(&mut self, date: NaiveDate) -> Result<(Decimal, NaiveDate), FxError> {
        let (currency, lookup) = match self {
            Self::Pivot => return Ok((Decimal::ONE, date)),
            Self::Quoted(currency, Some(cursor)) => (*currency, cursor.as_of(date)),
            Self::Quoted(currency, None) => (*currency, Lookup::Missing { reason: MissingReason::NoData }),
        };
        match lookup {
            Lookup::Known { value, date, .. } => Ok((value, date)),
            Lookup::Missing { reason } => Err(FxError::MissingRate { currency, date, reason }),
        }
    }
}
