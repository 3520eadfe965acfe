//! The parts that entries share: trades, booked conversions, chosen lots.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::id::{InstrumentId, TransactionId};
use crate::money::Currency;

/// Units that change hands for money: a purchase, a sale, a short sale, a cover, a redemption, a delivery at a given cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    /// What is traded.
    pub instrument: InstrumentId,
    /// How much, above zero.
    pub quantity: Decimal,
    /// What it is worth.
    pub value: TradeValue,
    /// Fee in the trade's currency, zero or more.
    pub fee: Decimal,
    /// Tax in the trade's currency, zero or more.
    pub tax: Decimal,
    /// Interest accrued since the last coupon, zero or more, beside the value: paid by the buyer, received by the seller. It
    /// is income (negative for the buyer, so that it offsets the first coupon) and never cost.
    pub accrued_interest: Decimal,
    /// The currency of value, fee, tax and accrued interest.
    pub currency: Currency,
    /// The conversion that was booked with it, where there was one.
    pub conversion: Option<Conversion>,
    /// The lots that are used, where the holder chose them. Read by entries that close lots.
    pub lots: Vec<LotPick>,
}

/// What a trade is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradeValue {
    /// Price as quoted, zero or more; the gross amount is quantity × price × the instrument's price multiplier.
    Price(Decimal),
    /// What was paid in all, or what was received in the end: fee and tax inside, accrued interest not. Zero or more.
    Total(Decimal),
}

/// A conversion that a broker booked together with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// The other currency.
    pub currency: Currency,
    /// 1 unit of the entry's currency = `rate` units of the other; above zero.
    pub rate: Decimal,
}

/// A lot that the holder chose. What is given must fit; a pick that fits several lots takes the oldest of them if its
/// quantity or their sum leaves no choice, and is an error otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LotPick {
    /// The entry that opened the lot.
    pub lot: Option<TransactionId>,
    /// The day it was opened on.
    pub opened_on: Option<NaiveDate>,
    /// Its cost per unit of quantity in the instrument's currency, the price multiplier inside.
    pub unit_cost: Option<Decimal>,
    /// How much of it, above zero; all that the entry closes where it is not given.
    pub quantity: Option<Decimal>,
}

impl Trade {
    /// A trade at a quoted price, without charges, conversion or chosen lots.
    pub fn at_price(instrument: InstrumentId, quantity: Decimal, price: Decimal, currency: Currency) -> Self {
        Self {
            instrument,
            quantity,
            value: TradeValue::Price(price),
            fee: Decimal::ZERO,
            tax: Decimal::ZERO,
            accrued_interest: Decimal::ZERO,
            currency,
            conversion: None,
            lots: Vec::new(),
        }
    }

    /// The price as quoted, where the trade states one.
    pub fn price(&self) -> Option<Decimal> {
        match self.value {
            TradeValue::Price(price) => Some(price),
            TradeValue::Total(_) => None,
        }
    }

    /// The total, where the trade states one.
    pub fn total(&self) -> Option<Decimal> {
        match self.value {
            TradeValue::Price(_) => None,
            TradeValue::Total(total) => Some(total),
        }
    }
}
