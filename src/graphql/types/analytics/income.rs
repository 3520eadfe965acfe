//! What came in.

use async_graphql::SimpleObject;

use crate::graphql::scalars::{Date, Decimal};
use crate::graphql::types::figure::FigureReason;
use crate::graphql::types::money::Money;
use crate::services::analytics::{Book, Expected, Received};

/// Dividends, coupons and interest before tax: a dividend in the month of its ex-date, where that is known.
#[derive(Clone, Debug, SimpleObject)]
pub struct Income {
    /// The first day of each month with any, ascending.
    months: Vec<Date>,
    /// What came in each of these months, in the currency of the figures.
    amounts: Vec<Decimal>,
    /// All of it.
    total: Money,
    /// What securities paid in the last twelve months over what the open lots cost, as a fraction. Null for a range of less than a year.
    yield_on_cost: Option<f64>,
    /// The same over what the securities are worth at the end.
    yield_on_value: Option<f64>,
}

/// What is held at the end of the range may be expected to pay in the twelve months after it, before tax, in the currency of the figures
/// at the exchange rates of the end: coupons by the bonds' terms; dividends that are announced, and after them each ordinary one of
/// the last twelve months once more, a year later. An estimate, no promise.
#[derive(Clone, Debug, SimpleObject)]
pub struct ExpectedIncome {
    /// The first day of each month with any, ascending; a dividend counts in the month of its ex-date.
    months: Vec<Date>,
    /// What is expected in each of these months; below zero where dividends of what was sold short are owed.
    amounts: Vec<Decimal>,
    /// All of it.
    total: Money,
    /// What pays in a currency that has no rate on the last day, and is in no amount: empty where nothing does.
    reasons: Vec<FigureReason>,
}

impl ExpectedIncome {
    /// In GraphQL's terms.
    pub fn new(expected: Expected, book: &Book) -> Self {
        let reason = |symbol: &String| {
            FigureReason::new("NO_RATE", format!("what {symbol} pays has no rate to {}", book.currency))
        };
        Self {
            months: expected.months.iter().map(|(month, _)| Date(*month)).collect(),
            amounts: expected.months.iter().map(|(_, amount)| Decimal(amount.normalize())).collect(),
            total: Money::new(expected.total, book.currency),
            reasons: expected.without_rate.iter().map(reason).collect(),
        }
    }
}

impl Income {
    /// In GraphQL's terms.
    pub fn new(received: Received, book: &Book) -> Self {
        Self {
            months: received.months.iter().map(|(month, _)| Date(*month)).collect(),
            amounts: received.months.iter().map(|(_, amount)| Decimal(amount.normalize())).collect(),
            total: Money::new(received.total, book.currency),
            yield_on_cost: received.yield_on_cost,
            yield_on_value: received.yield_on_value,
        }
    }
}
