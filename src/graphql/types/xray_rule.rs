//! Limits that a firm sets on what portfolios are made of.

use async_graphql::{ComplexObject, Context, Enum, ID, Result, SimpleObject};
use domain::analytics::xray::{Bound, Measure};
use uuid::Uuid;

use super::user::User;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, PersonKey};
use crate::graphql::scalars::Instant;
use crate::storage::xray_rule::XrayRule as Row;

/// What of a portfolio a rule looks at. Shares are fractions of the value of everything, as `allocation` tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Measure")]
pub enum XrayMeasure {
    /// The share of the largest holding, without cash.
    HoldingShare,
    /// The share of a kind of instrument: `key` is an `AssetType`, or CASH.
    AssetTypeShare,
    /// The share of a sector: `key` is the code of a whole `Sector`.
    SectorShare,
    /// The share of a country: `key` is its code by ISO 3166.
    CountryShare,
    /// The share of a region: `key` is AFRICA, ASIA, EUROPE, LATIN_AMERICA, NORTHERN_AMERICA or OCEANIA.
    RegionShare,
    /// The share of a currency, cash in it included: `key` is its code.
    CurrencyShare,
    /// The share of the `top` largest holdings and cash balances together, as `diversification { topShare }`.
    TopShare,
    /// The share of cash.
    CashShare,
    /// The Herfindahl–Hirschman index of holdings and cash balances, as `diversification { herfindahlIndex }`.
    HerfindahlIndex,
    /// How many equal holdings would be as concentrated, as `diversification { effectiveNumber }`.
    EffectiveNumber,
}

/// A limit that the firm sets on what portfolios are made of.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct XrayRule {
    /// The rule's id.
    id: ID,
    /// What it is called.
    name: String,
    /// What it looks at.
    measure: XrayMeasure,
    /// The code of the part that it looks at. Null where it looks at the largest, whichever that is, and where there are no parts.
    key: Option<String>,
    /// How many of the largest together. Null unless the measure is TOP_SHARE.
    top: Option<i32>,
    /// The limit is kept on this threshold or below. Null where it is `atLeast`.
    at_most: Option<f64>,
    /// The limit is kept on this threshold or above. Null where it is `atMost`.
    at_least: Option<f64>,
    /// When it was last set.
    set_at: Instant,
    #[graphql(skip)]
    set_by: Uuid,
}

#[ComplexObject]
impl XrayRule {
    /// Who set it last; null where the system did.
    async fn set_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(loaders::find(ctx, PersonKey(self.set_by)).await?.map(User))
    }
}

impl From<Row> for XrayRule {
    fn from(row: Row) -> Self {
        let limit = row.limit;
        let if_bound = |bound: Bound| (limit.bound == bound).then_some(limit.threshold);
        Self {
            id: Kind::XrayRule.id(row.id),
            name: row.name,
            measure: limit.measure.into(),
            at_most: if_bound(Bound::AtMost),
            at_least: if_bound(Bound::AtLeast),
            key: limit.key,
            top: limit.top.map(i32::from),
            set_at: Instant(row.set_at),
            set_by: row.set_by,
        }
    }
}
