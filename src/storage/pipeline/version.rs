//! The next version of the market data: taken before anything is promoted, in force when its transaction commits.

use chrono::{DateTime, NaiveDate, Utc};

use super::execute;
use crate::storage::statement::{ask, statement};
use crate::tenancy::{DatabaseError, Market, Session};
use sea_orm::ConnectionTrait;

/// What differs in a version, beside prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Instruments, exchanges, sessions, currencies.
    pub reference: bool,
    /// Exchange rates.
    pub rates: bool,
    /// Splits and dividends.
    pub actions: bool,
}

/// Takes the next version: whoever else promotes waits until this transaction ends.
pub async fn take_next(session: &Session<Market>) -> Result<i64, DatabaseError> {
    let taken = statement("UPDATE meta_market_version SET version = version RETURNING version + 1", []);
    let row = session.query_one_raw(taken).await?;
    let row = row.ok_or_else(|| DatabaseError::Corrupt("market.meta_market_version is empty".to_owned()))?;
    Ok(row.try_get_by_index(0)?)
}

/// A series that has had no price for longer than others rests or has ended: it holds up no day.
const PUT_IN_FORCE: &str = "
WITH change AS (
    INSERT INTO meta_market_change (version, changed_from, at) SELECT version + 1, pending_from, $1 FROM meta_market_version
)
UPDATE meta_market_version SET version = version + 1, pending_from = NULL,
    reference_version = CASE WHEN $2 THEN version + 1 ELSE reference_version END,
    rates_version = CASE WHEN $3 THEN version + 1 ELSE rates_version END,
    actions_version = CASE WHEN $4 THEN version + 1 ELSE actions_version END,
    last_complete_day = (
        SELECT min(p.last_final_date)
        FROM meta_price_series p JOIN dim_stock i ON i.id = p.instrument_id
        WHERE i.price_source = 'EXCHANGE' AND i.asset_type = 'STOCK' AND NOT i.delisted
            AND p.last_final_date >= (SELECT max(last_final_date) FROM meta_price_series) - 30
    )";

/// Whether what changed is of days after the last complete one alone, which is the same as before.
const IS_OF_OPEN_DAYS: &str = "
SELECT coalesce(c.changed_from > v.last_complete_day AND v.last_complete_day = $1::date, false)
FROM meta_market_version v LEFT JOIN meta_market_change c ON c.version = v.version";

/// Puts what was promoted in force: readers with an older version cached read again what has changed. Returns whether that is of
/// days alone that no figures are stored of, those after the last complete one.
pub async fn put_in_force(
    session: &Session<Market>,
    changed: Changed,
    now: DateTime<Utc>,
) -> Result<bool, DatabaseError> {
    let Changed { reference, rates, actions } = changed;
    let before = ask(session, "SELECT last_complete_day FROM meta_market_version", []).await?;
    let before: Option<NaiveDate> = before.first().map(|row| row.try_get_by_index(0)).transpose()?.flatten();
    execute(session, PUT_IN_FORCE, [now.into(), reference.into(), rates.into(), actions.into()]).await?;
    let after = ask(session, IS_OF_OPEN_DAYS, [before.into()]).await?;
    let is_of_open_days = after.first().map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(changed == Changed::default() && is_of_open_days.unwrap_or(false))
}
