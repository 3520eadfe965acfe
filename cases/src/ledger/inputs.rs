//! The inputs of a ledger case as its file gives them. What the configuration says and nobody here reads is an error,
//! since it could change the result.

use chrono::NaiveDate;
use serde::Deserialize;

use super::transaction::Entry;
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
