//! Short ways to write the values that tests are made of.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use uuid::Uuid;

use crate::id::{AccountId, InstrumentId, TransactionId};
use crate::money::Currency;
use crate::pricing::{FxRates, Series};

/// A decimal as it is written, without a detour through binary fractions.
macro_rules! dec {
    ($($digits:tt)+) => {
        stringify!($($digits)+).replace(' ', "").parse::<rust_decimal::Decimal>().unwrap()
    };
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn currency(code: &str) -> Currency {
    Currency::new(code).unwrap()
}

pub(crate) fn instrument(n: u128) -> InstrumentId {
    Uuid::from_u128(n).into()
}

pub(crate) fn account(n: u128) -> AccountId {
    Uuid::from_u128(n).into()
}

pub(crate) fn transaction(n: u128) -> TransactionId {
    Uuid::from_u128(n).into()
}

/// A series from `(date, value)` rows.
pub(crate) fn series(rows: &[(&str, &str)]) -> Series {
    let rows: BTreeMap<_, _> = rows.iter().map(|(date, value)| (day(date), value.parse().unwrap())).collect();
    Series::new(rows.keys().copied().collect(), rows.values().copied().collect()).unwrap()
}

/// Rates of the euro from `(currency, rows)`.
pub(crate) fn rates(columns: &[(&str, &[(&str, &str)])]) -> FxRates {
    let mut fx = FxRates::default();
    for (code, rows) in columns {
        fx.insert(currency(code), series(rows)).unwrap();
    }
    fx
}
