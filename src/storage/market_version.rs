//! Which state of the market data is in force.

use chrono::NaiveDate;
use entity::market::meta_market_version;
use sea_orm::{DbBackend, EntityTrait, FromQueryResult, Statement};

use crate::tenancy::{DatabaseError, Session, Tenant};

/// The market data's version, which grows with each load, and its last day with a price for every exchange-priced stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketVersion {
    /// Grows with each load.
    pub version: i64,
    /// The last complete day; nothing before the first load.
    pub last_complete_day: Option<NaiveDate>,
    /// The version that instruments, exchanges, sessions and currencies last changed with.
    pub reference: i64,
    /// The version that exchange rates last changed with.
    pub rates: i64,
    /// The version that splits and dividends last changed with.
    pub actions: i64,
}

/// From which day on one version differs from an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Nowhere.
    None,
    /// From this day on.
    From(NaiveDate),
    /// Perhaps anywhere: not every step between them was noted.
    Unknown,
}

#[derive(FromQueryResult)]
struct ChangeRow {
    noted: i64,
    changed_from: Option<NaiveDate>,
}

const CHANGES: &str = "\
    SELECT count(*) AS noted, min(changed_from) AS changed_from FROM market.meta_market_change \
    WHERE version > $1 AND version <= $2";

/// What has changed from an earlier version to a later one.
pub async fn difference(session: &Session<Tenant>, earlier: i64, later: i64) -> Result<Difference, DatabaseError> {
    if earlier == later {
        return Ok(Difference::None);
    }
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, CHANGES, [earlier.into(), later.into()]);
    let row = ChangeRow::find_by_statement(statement).one(session).await?;
    Ok(match row.filter(|row| row.noted == later - earlier) {
        None => Difference::Unknown,
        Some(ChangeRow { changed_from: None, .. }) => Difference::None,
        Some(ChangeRow { changed_from: Some(day), .. }) => Difference::From(day),
    })
}

/// The version in force.
pub async fn current(session: &Session<Tenant>) -> Result<MarketVersion, DatabaseError> {
    let row = meta_market_version::Entity::find_by_id(1_i16).one(session).await?;
    let row = row.ok_or_else(|| DatabaseError::Corrupt("market.meta_market_version is empty".to_owned()))?;
    Ok(MarketVersion {
        version: row.version,
        last_complete_day: row.last_complete_day,
        reference: row.reference_version,
        rates: row.rates_version,
        actions: row.actions_version,
    })
}
