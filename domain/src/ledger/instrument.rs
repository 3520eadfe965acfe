//! What booking and valuation must know about an instrument.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::id::InstrumentId;
use crate::money::Currency;

/// The terms that turn a quantity and a quoted price into money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstrumentTerms {
    name: String,
    currency: Currency,
    multiplier: Decimal,
    is_priced_by_unit: bool,
    option: Option<OptionTerms>,
}

/// What a contract of an option is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionTerms {
    /// What is bought or sold when it is exercised.
    pub underlying: InstrumentId,
    /// Whether its holder may buy or sell.
    pub right: OptionRight,
    /// The price of a unit of the underlying, in the option's currency; zero or more.
    pub strike: Decimal,
    /// Units of the underlying per contract, above zero.
    pub units_per_contract: Decimal,
    /// The last day it can be exercised on.
    pub expiry: NaiveDate,
}

/// Whether an option's holder may buy or sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OptionRight {
    /// To buy the underlying.
    Call,
    /// To sell the underlying.
    Put,
}

/// Terms by instrument.
pub type Instruments = BTreeMap<InstrumentId, InstrumentTerms>;

/// Terms that no instrument can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {field} of {name} is {value}: it must be above zero")]
pub struct InvalidTerms {
    /// The instrument's name.
    pub name: String,
    /// Which of its terms.
    pub field: &'static str,
    /// The term as given.
    pub value: Decimal,
}

impl InstrumentTerms {
    /// Terms of an instrument that messages call `name`, quoted in `currency`.
    ///
    /// `multiplier` is the money per unit of quantity and price: 1 for shares, 0.01 for a bond quoted per 100 of face,
    /// 100 for an option on 100 shares.
    ///
    /// # Errors
    /// [`InvalidTerms`] unless it is above zero.
    pub fn new(name: String, currency: Currency, multiplier: Decimal) -> Result<Self, InvalidTerms> {
        if multiplier <= Decimal::ZERO {
            return Err(InvalidTerms { name, field: "price multiplier", value: multiplier });
        }
        let is_priced_by_unit = multiplier == Decimal::ONE;
        Ok(Self { name, currency, multiplier, is_priced_by_unit, option: None })
    }

    /// The same for an option.
    ///
    /// # Errors
    /// [`InvalidTerms`] for contracts of no units, or a strike below zero.
    pub fn with_option(self, option: OptionTerms) -> Result<Self, InvalidTerms> {
        let wrong = |field, value| InvalidTerms { name: self.name.clone(), field, value };
        if option.units_per_contract <= Decimal::ZERO {
            return Err(wrong("units per contract", option.units_per_contract));
        }
        if option.strike < Decimal::ZERO {
            return Err(wrong("strike", option.strike));
        }
        Ok(Self { option: Some(option), ..self })
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

    /// Whether the multiplier is 1.
    pub(super) fn is_priced_by_unit(&self) -> bool {
        self.is_priced_by_unit
    }

    /// What its contracts are about, for an option.
    pub fn option(&self) -> Option<&OptionTerms> {
        self.option.as_ref()
    }
}
