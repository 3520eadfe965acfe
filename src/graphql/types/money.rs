//! An amount with its currency.

use async_graphql::SimpleObject;
use domain::money::round_to_minor;
use rust_decimal::Decimal;

use crate::graphql::scalars;

/// An amount of money.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct Money {
    /// The exact amount, not rounded to the currency's minor unit.
    amount: scalars::Decimal,
    /// The amount for display: rounded half-even to the currency's minor unit (cents for USD, whole yen for JPY). Sum exact
    /// amounts, not these.
    rounded: scalars::Decimal,
    /// The currency of `amount` and `rounded`.
    currency: scalars::Currency,
}

impl Money {
    /// An amount in a currency.
    pub fn new(amount: Decimal, currency: domain::money::Currency) -> Self {
        Self {
            amount: scalars::Decimal(amount.normalize()),
            rounded: scalars::Decimal(round_to_minor(amount, currency)),
            currency: scalars::Currency(currency),
        }
    }
}
