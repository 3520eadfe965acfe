//! The SQL, one file a noun. Every function takes a session first; the session says whose rows it reaches. Tables'
//! entities never leave this layer: what comes out is this layer's own records, or the domain's types.

pub mod account;
pub mod api_key;
pub mod booked;
pub mod bookkeeping;
pub mod books;
pub mod columns;
pub mod copy;
pub mod credential;
pub mod daily_value;
pub mod exchange;
pub mod exchange_rate;
pub mod idempotency;
pub mod instrument;
pub mod instrument_load;
pub mod lot;
pub mod mail;
pub mod manual_price;
pub mod market_indicator;
pub mod market_version;
pub mod news;
pub mod performance_metrics;
pub mod period_lock;
pub mod pipeline;
pub mod portfolio;
pub mod portfolio_share;
pub mod price;
pub mod price_override;
pub mod projection;
pub mod refresh_token;
pub mod replay;
pub mod role;
pub mod row_sink;
pub mod sign_in;
pub mod signing_key;
pub mod simulation;
mod statement;
pub mod stress_scenario;
pub mod tenant;
pub mod throttle;
pub mod tracked;
pub mod transaction;
pub mod user;
pub mod xray_rule;

use domain::money::Currency;

use crate::tenancy::DatabaseError;

/// A keyset page: at most `limit` rows after the one that `after` names.
#[derive(Clone, Copy, Debug)]
pub struct Page<K> {
    /// The key of the last row already seen.
    pub after: Option<K>,
    /// How many rows at the most.
    pub limit: u64,
}

fn currency(code: &str) -> Result<Currency, DatabaseError> {
    Currency::new(code).map_err(|error| DatabaseError::Corrupt(error.to_string()))
}
