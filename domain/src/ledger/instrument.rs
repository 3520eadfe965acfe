//! What booking and valuation must know about an instrument.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::id::InstrumentId;
use crate::money::Currency;

/// The terms that turn a quantity and a quoted price into money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstrumentTerms {
    name: String,
    currency: Currency,
    multiplier: Decimal,
}

/// Terms by instrument.
pub type Instruments = BTreeMap<InstrumentId, InstrumentTerms>;

/// A price multiplier that is not above zero.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the price multiplier of {name} is {multiplier}: it must be above zero")]
pub struct InvalidMultiplier {
    /// The instrument's name.
    pub name: String,
    /// The multiplier as given.
    pub multiplier: Decimal,
}

impl InstrumentTerms {
    /// Terms of an instrument that messages call `name`, quoted in `currency`.
    ///
    /// `multiplier` is the money per unit of quantity and price: 1 for shares, 0.01 for a bond quoted per 100 of face,
    /// 100 for an option on 100 shares.
    ///
    /// # Errors
    /// [`InvalidMultiplier`] unless it is above zero.
    pub fn new(name: String, currency: Currency, multiplier: Decimal) -> Result<Self, InvalidMultiplier> {
        if multiplier <= Decimal::ZERO {
            return Err(InvalidMultiplier { name, multiplier });
        }
        Ok(Self { name, currency, multiplier })
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The currency that it is traded and priced in.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Money per unit of quantity and price.
    pub fn multiplier(&self) -> Decimal {
        self.multiplier
    }
}
