//! From which day on stored values no longer hold. Marks coalesce: the earliest day counts, the latest mark names it.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

use super::{list, run};
use crate::storage::columns::Columns;
use crate::storage::row_sink::RowSink;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// A portfolio whose values are computed anew from a day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Dirty {
    /// The portfolio.
    pub portfolio_id: Uuid,
    /// From this day on.
    pub from_date: NaiveDate,
    /// Another for each marking.
    pub mark: Uuid,
}

const MARK: &str = "\
    INSERT INTO portfolio_dirty (portfolio_id, from_date, mark, marked_at) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (portfolio_id) DO UPDATE SET from_date = least(portfolio_dirty.from_date, excluded.from_date), \
    mark = excluded.mark, marked_at = excluded.marked_at";

/// Marks a portfolio.
pub async fn mark_portfolio(session: &Session<Tenant>, dirty: Dirty, now: DateTime<Utc>) -> Result<(), DatabaseError> {
    run(session, MARK, [dirty.portfolio_id.into(), dirty.from_date.into(), dirty.mark.into(), now.into()]).await?;
    Ok(())
}

/// In the order of ids, so that two entries of prices wait for each other and not in a circle.
const MARK_PRICES: &str = "\
    INSERT INTO price_dirty (instrument_id, from_date, marked_at) \
    SELECT c1::uuid, min(c2::date), max(c3::timestamptz) FROM unnest($1::text[], $2::text[], $3::text[]) AS r (c1, c2, c3) \
    GROUP BY c1::uuid ORDER BY c1::uuid \
    ON CONFLICT (instrument_id) DO UPDATE SET from_date = least(price_dirty.from_date, excluded.from_date), \
    marked_at = excluded.marked_at";

/// Notes that prices of instruments have changed from these days on. Who holds them is found out later, when every holder
/// can be seen.
pub async fn mark_prices(
    session: &Session<Tenant>,
    prices: impl Iterator<Item = (Uuid, NaiveDate)>,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let mut rows = Columns::new(3);
    for (instrument, date) in prices {
        rows.cell(instrument).cell(date).cell(now.to_rfc3339());
    }
    session.insert_columns(MARK_PRICES, rows.into_columns()).await?;
    Ok(())
}

const SPREAD: &str = "\
    WITH locked AS (SELECT instrument_id FROM price_dirty ORDER BY instrument_id FOR UPDATE), \
    taken AS (DELETE FROM price_dirty d USING locked l WHERE d.instrument_id = l.instrument_id \
    RETURNING d.instrument_id, d.from_date) \
    INSERT INTO portfolio_dirty (portfolio_id, from_date, mark, marked_at) \
    SELECT p.portfolio_id, min(greatest(t.from_date, p.valid_from)), $1, $2 \
    FROM taken t JOIN fact_daily_positions p ON p.instrument_id = t.instrument_id \
    WHERE p.valid_until IS NULL OR p.valid_until > t.from_date \
    GROUP BY p.portfolio_id ORDER BY p.portfolio_id \
    ON CONFLICT (portfolio_id) DO UPDATE SET from_date = least(portfolio_dirty.from_date, excluded.from_date), \
    mark = excluded.mark, marked_at = excluded.marked_at";

/// Marks the portfolios that hold instruments whose prices have changed.
pub async fn spread_prices(session: &Session<Tenant>, mark: Uuid, now: DateTime<Utc>) -> Result<(), DatabaseError> {
    run(session, SPREAD, [mark.into(), now.into()]).await?;
    Ok(())
}

/// Those that are dirty already are not marked again: how much of what is stored still holds is asked when they are computed.
const OUTDATED: &str = "\
    INSERT INTO portfolio_dirty (portfolio_id, from_date, mark, marked_at) \
    SELECT s.portfolio_id, CASE WHEN s.calculation_version = $4 AND c.is_known \
    THEN least(c.changed_from, s.computed_until + 1) ELSE s.computed_from END, $1, $2 \
    FROM fact_daily_values_status s CROSS JOIN LATERAL ( \
        SELECT count(*) = $3 - s.market_version AS is_known, min(m.changed_from) AS changed_from \
        FROM market.meta_market_change m WHERE m.version > s.market_version AND m.version <= $3 \
    ) c WHERE s.market_version < $3 OR s.calculation_version < $4 ORDER BY s.portfolio_id \
    ON CONFLICT (portfolio_id) DO NOTHING";

/// Marks the portfolios whose values were computed from older market data, or by older arithmetic.
pub async fn mark_outdated(
    session: &Session<Tenant>,
    mark: Uuid,
    now: DateTime<Utc>,
    market_version: i64,
    calculation_version: i32,
) -> Result<(), DatabaseError> {
    run(session, OUTDATED, [mark.into(), now.into(), market_version.into(), calculation_version.into()]).await?;
    Ok(())
}

const SHORT: &str = "\
    INSERT INTO portfolio_dirty (portfolio_id, from_date, mark, marked_at) \
    SELECT portfolio_id, computed_until + 1, $1, $2 FROM fact_daily_values_status WHERE computed_until < $3 \
    ORDER BY portfolio_id ON CONFLICT (portfolio_id) DO NOTHING";

/// Marks the portfolios whose values end before a day that they should reach.
pub async fn mark_short(
    session: &Session<Tenant>,
    mark: Uuid,
    now: DateTime<Utc>,
    until: NaiveDate,
) -> Result<(), DatabaseError> {
    run(session, SHORT, [mark.into(), now.into(), until.into()]).await?;
    Ok(())
}

/// How many portfolios are marked.
pub async fn count_dirty(session: &Session<Tenant>) -> Result<u64, DatabaseError> {
    let statement = Statement::from_string(DbBackend::Postgres, "SELECT count(*) AS portfolios FROM portfolio_dirty");
    let row = session.query_one_raw(statement).await?;
    let count: i64 = row.map(|row| row.try_get("", "portfolios")).transpose()?.unwrap_or_default();
    Ok(u64::try_from(count).unwrap_or_default())
}

const NEXT: &str = "\
    SELECT portfolio_id, from_date, mark FROM portfolio_dirty \
    WHERE portfolio_id <> ALL (string_to_array($1, ',')::uuid[]) ORDER BY portfolio_id LIMIT 1";

/// The next portfolio to compute, but for some.
pub async fn next_dirty(session: &Session<Tenant>, but: &[Uuid]) -> Result<Option<Dirty>, DatabaseError> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, NEXT, [list(but).into()]);
    Ok(Dirty::find_by_statement(statement).one(session).await?)
}

const ADVANCE: &str = "UPDATE portfolio_dirty SET from_date = $3, mark = $4 WHERE portfolio_id = $1 AND mark = $2";
const CLEAN: &str = "DELETE FROM portfolio_dirty WHERE portfolio_id = $1 AND mark = $2";

/// Moves the range to a later day, or ends it. Whether the mark was still the one that was read: if it was not, something
/// has changed since, and what was computed must not be kept.
pub async fn advance(
    session: &Session<Tenant>,
    dirty: Dirty,
    on: Option<(NaiveDate, Uuid)>,
) -> Result<bool, DatabaseError> {
    let (portfolio, mark) = (dirty.portfolio_id.into(), dirty.mark.into());
    let touched = match on {
        Some((from, next)) => run(session, ADVANCE, [portfolio, mark, from.into(), next.into()]).await?,
        None => run(session, CLEAN, [portfolio, mark]).await?,
    };
    Ok(touched > 0)
}
