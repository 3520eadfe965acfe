//! Markets, and when they trade.

use std::sync::Arc;

use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::calendar::TradingSession as Row;

use crate::graphql::context::Operation;
use crate::graphql::error::ErrorCode;
use crate::graphql::loaders::{self, MarketStateKey};
use crate::graphql::scalars::{Currency, Date};
use crate::storage::exchange::{ALWAYS_OPEN, Exchange as Market};

/// The longest range of sessions, in days.
const MAX_DAYS: i64 = 400;

/// A market, at a moment.
pub struct Exchange {
    /// The market.
    pub market: Arc<Market>,
    /// The moment.
    pub at: DateTime<Utc>,
}

/// A market, as it is at a moment.
#[Object]
impl Exchange {
    /// Its ISO 10383 market identifier code; `24X7` for markets that never close.
    async fn mic(&self) -> &str {
        &self.market.mic
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.market.name
    }

    /// The ISO 3166 code of its country.
    async fn country(&self) -> &str {
        &self.market.country
    }

    /// The currency that its instruments are mostly quoted in.
    async fn currency(&self) -> Currency {
        Currency(self.market.currency)
    }

    /// Its IANA time zone, in which the days of its sessions are counted.
    async fn time_zone(&self) -> &str {
        &self.market.time_zone
    }

    /// Whether it trades at the moment. Null where its calendar does not reach that far.
    async fn is_open(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        if self.market.mic == ALWAYS_OPEN {
            return Ok(Some(true));
        }
        Ok(loaders::find(ctx, self.key()).await?.map(|state| state.is_open))
    }

    /// When it next begins to trade after the moment; after a pause in the middle of the day too. Null where it never closes, or
    /// its calendar does not reach that far.
    async fn next_open(&self, ctx: &Context<'_>) -> Result<Option<DateTime<Utc>>> {
        Ok(loaders::find(ctx, self.key()).await?.and_then(|state| state.next_open))
    }

    /// When its session ends, or where it is closed the next one. Null as in `nextOpen`.
    async fn next_close(&self, ctx: &Context<'_>) -> Result<Option<DateTime<Utc>>> {
        Ok(loaders::find(ctx, self.key()).await?.map(|state| state.next_close))
    }

    /// Its sessions, by day: 400 days at the most. None where it never closes.
    #[graphql(complexity = "20 + 100 * child_complexity")]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From this day on, inclusive.")] from: Date,
        #[graphql(desc = "Until this day, inclusive.")] to: Date,
    ) -> Result<Vec<TradingSession>> {
        let days = (to.0 - from.0).num_days();
        if !(0..=MAX_DAYS).contains(&days) {
            let message =
                format!("from, to: {} to {} is a range of {days} days; 0 to {MAX_DAYS} are allowed", from.0, to.0);
            return Err(ErrorCode::BadUserInput.error(message));
        }
        let operation = Operation::of(ctx);
        let read = async {
            let session = operation.session().await?;
            operation.services.trading_sessions(&session, &self.market.mic, from.0, to.0).await
        };
        let rows = read.await.map_err(|error| operation.fail(error))?;
        Ok(rows.into_iter().map(TradingSession::from).collect())
    }
}

impl Exchange {
    fn key(&self) -> MarketStateKey {
        MarketStateKey(self.market.mic.clone(), self.at)
    }
}

/// A day's trading at a market.
#[derive(SimpleObject)]
pub struct TradingSession {
    /// The day, in the market's time zone.
    date: Date,
    /// Its first moment.
    opens_at: DateTime<Utc>,
    /// The first moment after it.
    closes_at: DateTime<Utc>,
    /// When the pause in its middle begins, where it has one.
    break_starts_at: Option<DateTime<Utc>>,
    /// When that pause ends.
    break_ends_at: Option<DateTime<Utc>>,
    /// Whether it closes earlier than the market usually does.
    is_early_close: bool,
    /// Whether it opens later than the market usually does.
    is_late_open: bool,
}

impl From<Row> for TradingSession {
    fn from(row: Row) -> Self {
        let (break_starts_at, break_ends_at) = row.pause.unzip();
        let Row { date, opens_at, closes_at, is_early_close, is_late_open, .. } = row;
        Self { date: Date(date), opens_at, closes_at, break_starts_at, break_ends_at, is_early_close, is_late_open }
    }
}
