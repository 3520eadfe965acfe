//! Clean exchange rates, as columns.

use chrono::NaiveDate;
use sea_orm::QueryResult;

use super::price::{Observation, certainty};
use super::statement::ask;
use crate::tenancy::{DatabaseError, Market, Session, Tenant};

/// Every rate: one unit of the first currency in the second, by pair and day.
pub async fn all(session: &Session<Tenant>) -> Result<Vec<Observation<(String, String)>>, DatabaseError> {
    let rows = ask(session, ALL, []).await?;
    let row = |row: &QueryResult| {
        let pair = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let certainty = certainty(row.try_get_by_index::<Option<String>>(4)?.as_deref())?;
        Ok((pair, row.try_get_by_index(2)?, row.try_get_by_index(3)?, certainty))
    };
    rows.iter().map(row).collect()
}

const ALL: &str = "\
    SELECT base, quote, date, rate, nullif(status, 'F') FROM market.fact_fx_rate ORDER BY base, quote, date";

/// The last day with any rate.
pub async fn last_day(session: &Session<Market>) -> Result<Option<NaiveDate>, DatabaseError> {
    let rows = ask(session, "SELECT max(date) FROM fact_fx_rate", []).await?;
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?.flatten())
}
