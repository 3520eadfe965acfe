//! Markets, and when they trade.

use std::sync::Arc;

use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::calendar::{BusinessDays, TradingSession as Row};

use crate::graphql::context::Operation;
use crate::graphql::error::ErrorCode;
use crate::graphql::loaders::{self, MarketStateKey};
use crate::graphql::scalars::{Currency, Date, check_range};
use crate::storage::exchange::{ALWAYS_OPEN, Exchange as Market};

/// The longest range of sessions, in days.
const MAX_DAYS: i64 = 400;
/// The most business days that are counted from a day.
const MAX_STEPS: i32 = 400;

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
        check_range(from, to, MAX_DAYS)?;
        let operation = Operation::of(ctx);
        let read = async {
            let session = operation.session().await?;
            operation.services.trading_sessions(&session, &self.market.mic, from.0, to.0).await
        };
        let rows = read.await.map_err(|error| operation.fail(error))?;
        Ok(rows.into_iter().map(TradingSession::from).collect())
    }

    /// What each day of a range is there, 400 days at the most, as far as its calendar reaches: sessions, holidays and week-ends. Where
    /// it never closes each is a session.
    #[graphql(complexity = "20 + 100 * child_complexity")]
    async fn days(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From this day on, inclusive.")] from: Date,
        #[graphql(desc = "Until this day, inclusive.")] to: Date,
    ) -> Result<Vec<ExchangeDay>> {
        check_range(from, to, MAX_DAYS)?;
        let operation = Operation::of(ctx);
        let read = async {
            let session = operation.session().await?;
            operation.services.exchange_days(&session, &self.market.mic, from.0, to.0).await
        };
        let days = read.await.map_err(|error| operation.fail(error))?;
        Ok(days.into_iter().map(|(day, kind)| ExchangeDay { date: Date(day), kind: kind.into() }).collect())
    }

    /// Whether it trades on a day, in its time zone. Null where its calendar does not reach that far.
    #[graphql(complexity = 20)]
    async fn is_business_day(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The day.")] date: Date,
    ) -> Result<Option<bool>> {
        self.of_business_days(ctx, |days| days.contains(date.0)).await
    }

    /// On how many days it trades from one to another. Null where its calendar does not reach that far.
    #[graphql(complexity = 20)]
    async fn business_days(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first day, inclusive.")] from: Date,
        #[graphql(desc = "The last day, inclusive; the answer is 0 where it is before the first.")] to: Date,
    ) -> Result<Option<i32>> {
        self.of_business_days(ctx, |days| days.between(from.0, to.0).and_then(|days| i32::try_from(days).ok())).await
    }

    /// The `n`th day that it trades on after a day. Null where its calendar does not reach that far.
    #[graphql(complexity = 20)]
    async fn next_business_day(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The day to count from.")] date: Date,
        #[graphql(
            desc = "How many, -400 to 400; below zero before the day. 0 gives the day itself if it trades then, else the next.",
            default = 1
        )]
        n: i32,
    ) -> Result<Option<Date>> {
        if !(-MAX_STEPS..=MAX_STEPS).contains(&n) {
            let message = format!("n: {n} is not between -{MAX_STEPS} and {MAX_STEPS}");
            return Err(ErrorCode::BadUserInput.error(message));
        }
        Ok(self.of_business_days(ctx, |days| days.step(date.0, n)).await?.map(Date))
    }
}

impl Exchange {
    async fn of_business_days<T>(
        &self,
        ctx: &Context<'_>,
        answer: impl FnOnce(BusinessDays<'_>) -> Option<T>,
    ) -> Result<Option<T>> {
        if self.market.mic == ALWAYS_OPEN {
            return Ok(answer(BusinessDays::Every));
        }
        let operation = Operation::of(ctx);
        let read = async {
            let session = operation.session().await?;
            operation.services.session_days(&session, &self.market.mic).await
        };
        let days = read.await.map_err(|error| operation.fail(error))?;
        Ok(answer(BusinessDays::Sessions(&days)))
    }

    fn key(&self) -> MarketStateKey {
        MarketStateKey(self.market.mic.clone(), self.at)
    }
}

/// What a day is at a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::calendar::DayKind")]
pub enum ExchangeDayKind {
    /// It trades: a business day.
    Session,
    /// It does not trade, though on this day of the week it mostly does.
    Holiday,
    /// On this day of the week it does not trade, whichever day that is.
    Weekend,
}

/// A day at a market, in its time zone.
#[derive(SimpleObject)]
pub struct ExchangeDay {
    /// The day.
    date: Date,
    /// What it is there.
    kind: ExchangeDayKind,
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
