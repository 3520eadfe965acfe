//! What a portfolio's settings mean for its books: the one place that says so.

use domain::ledger::Policy;

use crate::storage::portfolio::Portfolio;

/// The rules that the portfolio is booked by.
pub fn of(portfolio: &Portfolio) -> Policy {
    Policy::new(portfolio.base_currency)
}
