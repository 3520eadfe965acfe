//! The instruments that providers are asked for: what somebody holds, and what is known of it.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use super::statement::statement;
use crate::tenancy::{DatabaseError, Market, Session};

/// What is asked for of an instrument.
#[derive(Clone, Debug)]
pub struct Tracked {
    /// Its id.
    pub id: Uuid,
    /// What it is traded as.
    pub symbol: String,
    /// Where.
    pub mic: String,
    /// In what.
    pub currency: String,
    /// What it is.
    pub asset_type: String,
    /// Its ISIN.
    pub isin: Option<String>,
    /// Whether its FIGI is known.
    pub has_figi: bool,
    /// The last day with a final price.
    pub last_final: Option<NaiveDate>,
    /// What providers know it by, by their names.
    pub symbols: BTreeMap<String, String>,
}

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// Those that a price may be missing of.
    Due,
    /// Those that are traded at the moment.
    Open,
}

impl Which {
    const fn name(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Due => "DUE",
            Self::Open => "OPEN",
        }
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    symbol: String,
    mic: String,
    currency: String,
    asset_type: String,
    isin: Option<String>,
    has_figi: bool,
    last_final_date: Option<NaiveDate>,
    symbols: String,
}

/// What was held long before the latest day on which anything was is no longer asked for. Crypto assets are traded at all times;
/// everything else while a session of its exchange lasts, but for its break. A price may be missing where a session
/// has opened since the last final one, or where no sessions are known that are yet to come. What has no prices yet, whose whole
/// history is asked for, comes last.
const TRACKED: &str = "
SELECT i.id, i.symbol, i.mic, i.currency, i.asset_type, nullif(i.isin, '') AS isin, p.last_final_date,
    EXISTS (SELECT FROM dim_identifier f WHERE f.instrument_id = i.id AND f.scheme = 'FIGI') AS has_figi, (
        SELECT coalesce(json_object_agg(k.qualifier, k.value ORDER BY k.valid_from NULLS FIRST), '{}')::text
        FROM dim_identifier k
        WHERE k.instrument_id = i.id AND k.scheme = 'PROVIDER' AND coalesce(k.valid_from <= $2, true)
            AND coalesce(k.valid_until > $2, true)
    ) AS symbols
FROM meta_tracked_instrument t
JOIN dim_stock i ON i.id = t.instrument_id
LEFT JOIN meta_price_series p ON p.instrument_id = i.id
WHERE t.held_on >= (SELECT max(held_on) FROM meta_tracked_instrument) - $1::integer
    AND i.price_source = 'EXCHANGE' AND NOT i.delisted AND i.asset_type <> 'PRIVATE'
    AND coalesce(i.expiry >= $2, true) AND coalesce(i.maturity >= $2, true)
    AND ($4 <> 'DUE' OR p.last_final_date IS NULL OR EXISTS (
        SELECT FROM dim_exchange_session d WHERE d.mic = i.mic AND d.date > p.last_final_date AND d.opens_at <= $3
    ) OR NOT EXISTS (SELECT FROM dim_exchange_session d WHERE d.mic = i.mic AND d.date >= $2))
    AND ($4 <> 'OPEN' OR i.asset_type = 'CRYPTO' OR EXISTS (
        SELECT FROM dim_exchange_session d
        WHERE d.mic = i.mic AND d.date BETWEEN $2 - 1 AND $2 + 1 AND d.opens_at <= $3 AND d.closes_at > $3
            AND coalesce(d.break_starts_at > $3 OR d.break_ends_at <= $3, true)
    ))
ORDER BY p.last_final_date IS NULL, i.id";

/// What was held within so many days of the latest holding.
pub async fn tracked(
    session: &Session<Market>,
    days: i32,
    now: DateTime<Utc>,
    which: Which,
) -> Result<Vec<Tracked>, DatabaseError> {
    let values: [Value; 4] = [days.into(), now.date_naive().into(), now.into(), which.name().into()];
    let rows = Row::find_by_statement(statement(TRACKED, values)).all(session).await?;
    rows.into_iter().map(Row::read).collect()
}

impl Row {
    fn read(self) -> Result<Tracked, DatabaseError> {
        let Self { id, symbol, mic, currency, asset_type, isin, has_figi, last_final_date, symbols } = self;
        let symbols = serde_json::from_str(&symbols)
            .map_err(|error| DatabaseError::Corrupt(format!("identifiers of instrument {id}: {error}")))?;
        Ok(Tracked { id, symbol, mic, currency, asset_type, isin, has_figi, last_final: last_final_date, symbols })
    }
}
