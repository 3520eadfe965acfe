//! The inputs of a ledger case as its file gives them. What a transaction or the configuration says and nobody here reads
//! is an error, since it could change the result.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::number::Number;

#[derive(Clone, Deserialize)]
pub(super) struct Inputs {
    pub(super) config: Config,
    #[serde(default)]
    pub(super) accounts: Vec<Account>,
    #[serde(default)]
    pub(super) securities: Vec<Security>,
    pub(super) as_of: Option<NaiveDate>,
    pub(super) period: Option<Period>,
    #[serde(default)]
    pub(super) transactions: Vec<Entry>,
    #[serde(default)]
    pub(super) prices: Vec<Price>,
    #[serde(default)]
    pub(super) fx: Vec<FxRow>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    pub(super) base_currency: String,
    pub(super) cost_method: CostMethod,
    #[serde(default)]
    pub(super) lot_scope: Scope,
    #[serde(default = "yes")]
    pub(super) fees_in_cost_basis: bool,
    #[serde(default)]
    pub(super) oversell: Oversold,
    pub(super) quantity_dust: Option<Number>,
    pub(super) price_fallback: Option<Fallback>,
    pub(super) timezone: Option<String>,
    #[serde(default)]
    pub(super) consume_from_account_only: bool,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum CostMethod {
    Fifo,
    Lifo,
    Hifo,
    Lofo,
    Average,
    Strict,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Scope {
    #[default]
    Account,
    Portfolio,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Oversold {
    #[default]
    Reject,
    AllowShort,
    Partial,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Fallback {
    LastTradePrice,
}

#[derive(Clone, Deserialize)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) currency: Option<String>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Security {
    pub(super) symbol: String,
    pub(super) currency: Option<String>,
    pub(super) multiplier: Option<Number>,
}

#[derive(Clone, Copy, Deserialize)]
pub(super) struct Period {
    pub(super) start: NaiveDate,
    pub(super) end: NaiveDate,
}

#[derive(Clone, Deserialize)]
pub(super) struct Price {
    pub(super) symbol: String,
    pub(super) date: NaiveDate,
    pub(super) price: Number,
    pub(super) currency: Option<String>,
}

#[derive(Clone, Deserialize)]
pub(super) struct FxRow {
    pub(super) date: NaiveDate,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) rate: Number,
}

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
