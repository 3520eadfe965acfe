//! Clean exchange rates, as columns.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::QueryResult;

use super::price::{Observation, certainty};
use super::statement::ask;
use crate::tenancy::{DatabaseError, Market, Session, Tenant};

/// Every rate: one unit of the first currency in the second, by pair and day.
pub async fn all(session: &Session<Tenant>) -> Result<Vec<Observation<(String, String)>>, DatabaseError> {
    ask(session, ALL, []).await?.iter().map(observation).collect()
}

const ALL: &str = "\
    SELECT base, quote, date, rate, nullif(status, 'F') FROM market.fact_fx_rate ORDER BY base, quote, date";

/// Every rate as it was in force at an instant.
pub async fn known_at(
    session: &Session<Tenant>,
    at: DateTime<Utc>,
) -> Result<Vec<Observation<(String, String)>>, DatabaseError> {
    ask(session, KNOWN_AT, [at.into()]).await?.iter().map(observation).collect()
}

// What has a version of before they had instants was known at any time.
const KNOWN_AT: &str = "\
    WITH in_force AS ( \
        SELECT coalesce(max(version) FILTER (WHERE at <= $1), min(version) FILTER (WHERE at IS NOT NULL) - 1, 0) AS version \
        FROM market.meta_market_change \
    ), known AS ( \
        SELECT f.base, f.quote, f.date, f.rate, f.status FROM market.fact_fx_rate f CROSS JOIN in_force \
        WHERE f.version <= in_force.version \
        UNION ALL \
        SELECT r.base, r.quote, r.date, r.rate, r.status FROM market.fact_fx_rate_revision r CROSS JOIN in_force \
        WHERE r.version <= in_force.version AND r.superseded_version > in_force.version \
    ) \
    SELECT base, quote, date, rate, nullif(status, 'F') FROM known ORDER BY base, quote, date";

fn observation(row: &QueryResult) -> Result<Observation<(String, String)>, DatabaseError> {
    let pair = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let certainty = certainty(row.try_get_by_index::<Option<String>>(4)?.as_deref())?;
    Ok((pair, row.try_get_by_index(2)?, row.try_get_by_index(3)?, certainty))
}

/// The last day with any rate.
pub async fn last_day(session: &Session<Market>) -> Result<Option<NaiveDate>, DatabaseError> {
    let rows = ask(session, "SELECT max(date) FROM fact_fx_rate", []).await?;
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?.flatten())
}
