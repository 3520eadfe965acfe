//! From when until when instruments are traded.

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Value};
use uuid::Uuid;

use crate::storage::statement::{ask, run, statement};
use crate::tenancy::{DatabaseError, Market, Session};

/// A statement over days of trading that are told: `s` is the instrument, `t` the days that hold then, since what is empty stays as it is.
macro_rules! with_days {
    ($select:literal, $rest:literal) => {
        concat!(
            $select,
            "FROM unnest($1::text[], $2::text[], $3::text[]) AS l (id, listed_on, delisted_on)
            JOIN dim_stock s ON s.id = l.id::uuid
            CROSS JOIN LATERAL (
                SELECT coalesce(nullif(l.listed_on, '')::date, s.listed_on) AS listed_on,
                    coalesce(nullif(l.delisted_on, '')::date, s.delisted_on) AS delisted_on
            ) t ",
            $rest
        )
    };
}

/// From when until when an instrument is traded.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Listing {
    /// Its id.
    pub id: Uuid,
    /// Its symbol.
    pub symbol: String,
    /// Its market.
    pub mic: String,
    /// Its first day of trading, where known.
    pub listed_on: Option<NaiveDate>,
    /// Its first day without trading, where known.
    pub delisted_on: Option<NaiveDate>,
    /// Whether it is no longer traded.
    pub delisted: bool,
}

/// The market's instrument with this id, locked until the transaction ends.
pub async fn lock(session: &Session<Market>, id: Uuid) -> Result<Option<Listing>, DatabaseError> {
    const LOCK: &str =
        "SELECT id, symbol, mic, listed_on, delisted_on, delisted FROM dim_stock WHERE id = $1 FOR UPDATE";
    first(&ask(session, LOCK, [id.into()]).await?)
}

/// What a market lists by a symbol, locked until the transaction ends: what is traded, else what was traded last.
pub async fn lock_listed(session: &Session<Market>, symbol: &str, mic: &str) -> Result<Option<Listing>, DatabaseError> {
    const LOCK: &str = "
        SELECT id, symbol, mic, listed_on, delisted_on, delisted FROM dim_stock WHERE symbol = $1 AND mic = $2
        ORDER BY delisted, delisted_on DESC NULLS LAST, id LIMIT 1 FOR UPDATE";
    first(&ask(session, LOCK, [symbol.into(), mic.into()]).await?)
}

fn first(rows: &[QueryResult]) -> Result<Option<Listing>, DatabaseError> {
    Ok(rows.first().map(|row| Listing::from_query_result(row, "")).transpose()?)
}

/// What contradicts days of trading, in words: one after the other, or a price of a day without trading. The columns are ids, first
/// days and first days without trading; what is empty stays as it is known.
pub async fn contradiction(
    session: &Session<Market>,
    columns: [Vec<String>; 3],
) -> Result<Option<String>, DatabaseError> {
    const FIND: &str = with_days!(
        "SELECT CASE
            WHEN t.delisted_on < t.listed_on
                THEN format('%s on %s: delisted on %s, before it was listed on %s', s.symbol, s.mic, t.delisted_on, t.listed_on)
            ELSE format('%s on %s: delisted on %s, and there is a price of %s', s.symbol, s.mic, t.delisted_on, p.last_date)
        END ",
        "LEFT JOIN meta_price_series p ON p.instrument_id = s.id
        WHERE t.delisted_on < t.listed_on OR t.delisted_on <= p.last_date
        LIMIT 1"
    );
    let row = session.query_one_raw(statement(FIND, columns.map(Value::from))).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// Sets days of trading, as columns of one length: ids, first days and first days without trading; what is empty stays as it is known.
/// Returns how many instruments have other days since. What was valued from such a day on is valued again.
pub async fn set_days(session: &Session<Market>, columns: [Vec<String>; 3]) -> Result<u64, DatabaseError> {
    const SET: &str = with_days!(
        "WITH told AS MATERIALIZED (SELECT s.id, t.listed_on, t.delisted_on, s.delisted_on AS former ",
        "WHERE (t.listed_on, t.delisted_on) IS DISTINCT FROM (s.listed_on, s.delisted_on)
        ), noted AS (
            UPDATE meta_market_version SET pending_from = least(pending_from, (
                SELECT min(least(delisted_on, former)) FROM told WHERE delisted_on IS DISTINCT FROM former
            ))
        )
        UPDATE dim_stock s
        SET listed_on = t.listed_on, delisted_on = t.delisted_on, delisted = s.delisted OR t.delisted_on IS NOT NULL
        FROM told t WHERE s.id = t.id"
    );
    run(session, SET, columns.map(Value::from)).await
}

/// Takes back that an instrument is no longer traded. `false`, and nothing is done, where another has its symbol by now.
pub async fn relist(session: &Session<Market>, id: Uuid) -> Result<bool, DatabaseError> {
    const RELIST: &str = "
        WITH again AS MATERIALIZED (
            SELECT s.id, s.delisted_on FROM dim_stock s
            WHERE s.id = $1 AND NOT EXISTS (
                SELECT FROM dim_stock o WHERE o.symbol = s.symbol AND o.mic = s.mic AND NOT o.delisted AND o.id <> s.id
            )
        ), noted AS (
            UPDATE meta_market_version SET pending_from = least(pending_from, (SELECT min(delisted_on) FROM again))
        )
        UPDATE dim_stock s SET delisted = false, delisted_on = NULL FROM again a WHERE s.id = a.id";
    Ok(run(session, RELIST, [id.into()]).await? > 0)
}
