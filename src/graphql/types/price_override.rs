//! Prices of a firm's own for what the market prices.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};

use crate::graphql::scalars::{Date, Decimal};
use crate::storage::price_override::PriceOverride as Row;

/// A price of the firm's own that counts in place of the market's on every day of a range.
#[derive(Clone, Debug, SimpleObject)]
pub struct PriceOverride {
    /// The first day.
    from: Date,
    /// The last day.
    to: Date,
    /// Above zero, as the instrument is quoted.
    price: Option<Decimal>,
    /// Why.
    reason: String,
    /// When it was entered.
    recorded_at: DateTime<Utc>,
}

impl From<Row> for PriceOverride {
    fn from(row: Row) -> Self {
        Self {
            from: Date(row.from),
            to: Date(row.until.pred_opt().unwrap_or(row.until)),
            price: row.price.map(|price| Decimal(price.normalize())),
            reason: row.reason,
            recorded_at: row.recorded_at,
        }
    }
}
