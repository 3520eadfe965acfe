//! Markets and their trading sessions.

use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::TradingSession;
use domain::money::Currency;
use entity::market::{dim_exchange, dim_exchange_session};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};

use super::statement::ask;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// The code of markets that never close. It is no ISO 10383 code.
pub const ALWAYS_OPEN: &str = "24X7";

/// A market as stored.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Its ISO 10383 code, or [`ALWAYS_OPEN`].
    pub mic: String,
    /// Its name.
    pub name: String,
    /// The ISO 3166 code of its country.
    pub country: String,
    /// The currency that most of its instruments are quoted in.
    pub currency: Currency,
    /// Its IANA time zone.
    pub time_zone: String,
}

/// The days on which a market trades, in order.
pub async fn sessions(session: &Session<Tenant>, mic: &str) -> Result<Vec<NaiveDate>, DatabaseError> {
    Ok(dim_exchange_session::Entity::find()
        .select_only()
        .column(dim_exchange_session::Column::Date)
        .filter(dim_exchange_session::Column::Mic.eq(mic))
        .order_by_asc(dim_exchange_session::Column::Date)
        .into_tuple()
        .all(session)
        .await?)
}

/// Every market, by code.
pub async fn all(session: &Session<Tenant>) -> Result<Vec<Exchange>, DatabaseError> {
    let rows = dim_exchange::Entity::find().order_by_asc(dim_exchange::Column::Mic).all(session).await?;
    let exchange = |row: dim_exchange::Model| {
        let currency = super::currency(&row.currency)?;
        let dim_exchange::Model { mic, name, country, time_zone, .. } = row;
        Ok(Exchange { mic, name, country, currency, time_zone })
    };
    rows.into_iter().map(exchange).collect()
}

/// A market's sessions from one day to another.
pub async fn between(
    session: &Session<Tenant>,
    mic: &str,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<TradingSession>, DatabaseError> {
    let rows = dim_exchange_session::Entity::find()
        .filter(dim_exchange_session::Column::Mic.eq(mic))
        .filter(dim_exchange_session::Column::Date.between(from, to))
        .order_by_asc(dim_exchange_session::Column::Date)
        .all(session)
        .await?;
    Ok(rows.into_iter().map(trading_session).collect())
}

/// The days of a market from one to another, as far as its calendar reaches, each with whether it is a business day.
pub async fn days(
    session: &Session<Tenant>,
    mic: &str,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<(NaiveDate, bool)>, DatabaseError> {
    const DAYS: &str = "
        SELECT date, is_business_day FROM market.dim_business_day WHERE mic = $1 AND date BETWEEN $2 AND $3 ORDER BY date";
    let rows = ask(session, DAYS, [mic.into(), from.into(), to.into()]).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// A session ends a day after its date at the latest, in whatever time zone.
const AHEAD: &str = "
SELECT s.mic, s.date, s.opens_at, s.closes_at, s.early_close, s.break_starts_at, s.break_ends_at, s.late_open
FROM unnest($1::text[]) AS wanted (mic)
CROSS JOIN LATERAL (
    SELECT * FROM market.dim_exchange_session s
    WHERE s.mic = wanted.mic AND s.date >= ($2 AT TIME ZONE 'UTC')::date - 1 AND s.closes_at > $2
    ORDER BY s.date LIMIT 2
) s
ORDER BY s.mic, s.date";

/// Of each market, the session that ends next after a moment and the one after it.
pub async fn ahead(
    session: &Session<Tenant>,
    mics: Vec<String>,
    moment: DateTime<Utc>,
) -> Result<Vec<(String, TradingSession)>, DatabaseError> {
    let rows = ask(session, AHEAD, [mics.into(), moment.into()]).await?;
    let session = |row: &_| {
        let row = dim_exchange_session::Model::from_query_result(row, "")?;
        Ok((row.mic.clone(), trading_session(row)))
    };
    rows.iter().map(session).collect()
}

fn trading_session(row: dim_exchange_session::Model) -> TradingSession {
    TradingSession {
        date: row.date,
        opens_at: row.opens_at,
        closes_at: row.closes_at,
        pause: row.break_starts_at.zip(row.break_ends_at),
        is_early_close: row.early_close,
        is_late_open: row.late_open,
    }
}
