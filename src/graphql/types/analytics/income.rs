//! What came in.

use async_graphql::SimpleObject;

use crate::graphql::scalars::{Date, Decimal};
use crate::graphql::types::money::Money;
use crate::services::analytics::{Book, Received};

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
