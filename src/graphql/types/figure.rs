//! Figures that know what they lack.

use async_graphql::{Enum, SimpleObject};
use domain::pricing::{Lookup, Status};
use domain::valuation::{Known, MissingInput, MissingLine, Subject};

use super::money::Money;
use crate::graphql::scalars::{Currency, Date, Decimal};

/// How good the data behind a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Enum)]
pub enum DataStatus {
    /// Every input is of the day, or nothing newer could exist.
    Complete,
    /// Some input is older than the day, though within its allowed age.
    Stale,
    /// Some input is missing: the figure is null, its known part is given beside it.
    Missing,
}

/// Why a figure is null, or what to know about it.
#[derive(Clone, Debug, SimpleObject)]
pub struct FigureReason {
    /// A stable code, such as `NO_PRICE`, `NO_RATE`, `UNDER_ONE_YEAR`, `TOO_FEW_OBSERVATIONS`, `MULTIPLE_ROOTS`.
    code: String,
    /// The reason in words, with the values that led to it.
    message: String,
}

impl FigureReason {
    /// A reason.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }

    /// The same reason, with the days on which it held.
    pub fn over(self, first: chrono::NaiveDate, last: chrono::NaiveDate) -> Self {
        let days = if first == last { format!("on {first}") } else { format!("from {first} to {last}") };
        Self { message: format!("{} ({days})", self.message), ..self }
    }
}

/// The part of a figure that is known, whatever is missing.
#[derive(Clone, Debug, SimpleObject)]
pub struct KnownPart {
    /// The figure over everything that has a value.
    value: Money,
    /// The share of holdings and cash balances, by count, that have a value: a fraction from 0 to 1.
    coverage: f64,
    /// What has no value, by symbol or currency.
    missing: Vec<String>,
}

impl KnownPart {
    /// The known part, with the names of what is missing.
    pub fn new(known: &Known, currency: domain::money::Currency, name: impl Fn(&MissingLine) -> String) -> Self {
        Self {
            value: Money::new(known.value, currency),
            coverage: known.coverage,
            missing: known.missing.iter().map(name).collect(),
        }
    }
}

/// An amount of money that may be unknown.
#[derive(Clone, Debug, SimpleObject)]
pub struct MoneyFigure {
    /// The amount; null where an input is missing. Never a partial sum.
    pub value: Option<Money>,
    /// How good the data behind it is.
    pub status: DataStatus,
    /// Why it is null; empty where it is not.
    pub reasons: Vec<FigureReason>,
}

/// A price as it was quoted, or why there is none.
#[derive(Clone, Debug, SimpleObject)]
pub struct Quote {
    /// The price as quoted: per unit, for bonds per 100 of face. Null where there is none.
    pub amount: Option<Decimal>,
    /// The currency it is quoted in.
    pub currency: Currency,
    /// The day it was observed: on the day asked for or before, never after.
    pub date: Option<Date>,
    /// How good it is.
    pub status: DataStatus,
    /// How many calendar days it is older than the day asked for, where a newer one could exist.
    pub stale_days: Option<i32>,
    /// Why there is none; empty where there is one.
    pub reasons: Vec<FigureReason>,
}

impl Quote {
    /// What a look-up found.
    pub fn new(lookup: Lookup, currency: domain::money::Currency) -> Self {
        let base = Self {
            amount: None,
            currency: Currency(currency),
            date: None,
            status: DataStatus::Missing,
            stale_days: None,
            reasons: Vec::new(),
        };
        match lookup {
            Lookup::Known { value, date, status } => {
                let (status, stale_days) = match status {
                    Status::Complete => (DataStatus::Complete, None),
                    Status::Stale { days } => (DataStatus::Stale, i32::try_from(days).ok()),
                };
                Self { amount: Some(Decimal(value.normalize())), date: Some(Date(date)), status, stale_days, ..base }
            }
            Lookup::Missing { reason } => {
                Self { reasons: vec![FigureReason::new("NO_PRICE", reason.to_string())], ..base }
            }
        }
    }
}

/// The reason that a missing input comes to; `name` is what people call its subject.
pub fn missing_reason(input: &MissingInput, name: &str) -> FigureReason {
    match input.subject {
        Subject::Instrument(_) => FigureReason::new("NO_PRICE", format!("no price of {name}: {}", input.reason)),
        Subject::Currency(currency) => FigureReason::new("NO_RATE", format!("no {currency} rate: {}", input.reason)),
    }
}
