//! A transaction as its file gives it. A field that nobody here reads is an error, since it could change the result.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::number::Number;

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Type {
    Buy,
    Sell,
    Dividend,
    Fee,
    Interest,
    Deposit,
    Withdrawal,
    Split,
    TransferIn,
    TransferOut,
    Tax,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) date: NaiveDate,
    #[serde(rename = "type")]
    pub(super) kind: Type,
    pub(super) symbol: Option<String>,
    quantity: Option<Number>,
    price: Option<Number>,
    amount: Option<Number>,
    fee: Option<Number>,
    tax: Option<Number>,
    pub(super) currency: Option<String>,
    pub(super) account: Option<String>,
    pub(super) id: Option<String>,
    fx_rate: Option<Number>,
    pub(super) fx_to: Option<String>,
    pub(super) group: Option<String>,
    numerator: Option<Number>,
    denominator: Option<Number>,
    #[serde(default)]
    pub(super) lot_filter: Option<LotFilter>,
    #[serde(default)]
    pub(super) refund: Option<bool>,
    pub(super) timestamp: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LotFilter {
    pub(super) unit_cost: Option<Number>,
    pub(super) date: Option<NaiveDate>,
    pub(super) lot_id: Option<String>,
}

impl Entry {
    /// Units, whatever sign they are written with: the type says the direction.
    pub(super) fn quantity(&self) -> Decimal {
        self.quantity.map_or(Decimal::ZERO, |number| number.0.abs())
    }

    pub(super) fn price(&self) -> Option<Decimal> {
        self.price.map(|number| number.0)
    }

    /// The amount as it is written, sign inside.
    pub(super) fn signed_amount(&self) -> Option<Decimal> {
        self.amount.map(|number| number.0)
    }

    pub(super) fn fee(&self) -> Decimal {
        self.fee.map_or(Decimal::ZERO, |number| number.0.abs())
    }

    pub(super) fn tax(&self) -> Decimal {
        self.tax.map_or(Decimal::ZERO, |number| number.0.abs())
    }

    pub(super) fn fx_rate(&self) -> Option<Decimal> {
        self.fx_rate.map(|number| number.0)
    }

    /// Units after and before a split; a lone number is units after for one before.
    pub(super) fn ratio(&self) -> (Decimal, Decimal) {
        let number = |given: Option<Number>| given.map(|number| number.0);
        let after = number(self.numerator).or_else(|| number(self.amount)).or_else(|| number(self.quantity));
        (after.unwrap_or(Decimal::ONE), number(self.denominator).unwrap_or(Decimal::ONE))
    }
}
