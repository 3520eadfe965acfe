//! What a scope is made of.

use async_graphql::{Enum, SimpleObject};
use domain::money::Currency;
use uuid::Uuid;

use crate::graphql::id::Kind;
use crate::graphql::types::money::Money;
use crate::services::analytics::{Grouping, Slice};

/// What holdings are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Grouping")]
pub enum AllocationBy {
    /// The kind of instrument: an `AssetType`.
    AssetType,
    /// The sector: the code of a `Sector`.
    Sector,
    /// The narrowest part of a sector that is known: the code of a `Sector`.
    Industry,
    /// The instrument's country, by ISO 3166.
    Country,
    /// The region that the country is in, by UN M49: AFRICA, ASIA, EUROPE, LATIN_AMERICA, NORTHERN_AMERICA or OCEANIA.
    Region,
    /// The currency that it is priced in; cash counts with its own.
    Currency,
    /// The market that it trades on, by ISO 10383.
    Exchange,
    /// The account that it is held in: its id; cash counts with its own.
    Account,
    /// The instrument: its id.
    Instrument,
}

/// A part of what is held.
#[derive(Clone, Debug, SimpleObject)]
pub struct AllocationSlice {
    /// What its holdings share, as `by` says; `CASH` for cash that is no part of what is grouped by. Null where it is not known.
    key: Option<String>,
    /// What they are worth together; below zero for what is owed. Null where a value is unknown.
    value: Option<Money>,
    /// Their share of the total value, as a fraction: the shares sum to 1. Null unless the total is known and above zero.
    weight: Option<f64>,
    /// How many holdings and cash balances they are, counted by account.
    count: i32,
}

/// A key as clients know it: an id where it is of something that has one.
pub fn key_shown(key: Option<String>, by: AllocationBy) -> Option<String> {
    let kind = match by {
        AllocationBy::Account => Some(Kind::Account),
        AllocationBy::Instrument => Some(Kind::Instrument),
        _ => None,
    };
    let id = |key: &str| Some(kind?.id(key.parse::<Uuid>().ok()?).0);
    key.map(|key| id(&key).unwrap_or(key))
}

impl AllocationSlice {
    /// In GraphQL's terms.
    pub fn new(slice: Slice, by: AllocationBy, currency: Currency) -> Self {
        let key = key_shown(slice.key, by);
        let value = slice.value.map(|value| Money::new(value, currency));
        Self { key, value, weight: slice.weight, count: i32::try_from(slice.lines).unwrap_or(i32::MAX) }
    }
}
