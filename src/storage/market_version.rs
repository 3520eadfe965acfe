//! Which state of the market data is in force.

use chrono::NaiveDate;
use entity::market::meta_market_version;
use sea_orm::EntityTrait;

use crate::tenancy::{DatabaseError, Session, Tenant};

/// The market data's version, which grows with each load, and its last day with a price for every exchange-priced stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketVersion {
    /// Grows with each load.
    pub version: i64,
    /// The last complete day; nothing before the first load.
    pub last_complete_day: Option<NaiveDate>,
}

/// The version in force.
pub async fn current(session: &Session<Tenant>) -> Result<MarketVersion, DatabaseError> {
    let row = meta_market_version::Entity::find_by_id(1_i16).one(session).await?;
    let row = row.ok_or_else(|| DatabaseError::Corrupt("market.meta_market_version is empty".to_owned()))?;
    Ok(MarketVersion { version: row.version, last_complete_day: row.last_complete_day })
}
