//! Portfolios.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, NaiveDate, Utc};

use crate::graphql::connection;
use crate::graphql::context::Operation;
use crate::graphql::error::ErrorCode;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, PortfolioKey};
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::{Currency, Date, Instant};
use crate::graphql::types::portfolio::{Portfolio, PortfolioConnection};

#[derive(Default)]
pub struct PortfolioQuery;

/// An instant that has come, and the day that figures are of: the one asked for, else the last one that both the market data
/// and the instant know.
pub(super) async fn moment(
    operation: &Operation,
    asked: Option<Date>,
    known_at: Option<Instant>,
) -> Result<(NaiveDate, Option<DateTime<Utc>>)> {
    let Some(Instant(instant)) = known_at else {
        return Ok((as_of(operation, asked).await?, None));
    };
    let now = operation.services.environment.clock.now();
    if instant > now {
        return Err(ErrorCode::BadUserInput.error(format!("knownAt: {instant} has not come yet: it is {now}")));
    }
    let day = as_of(operation, asked).await?;
    Ok((if asked.is_some() { day } else { day.min(instant.date_naive()) }, Some(instant)))
}

/// A day that was asked for, if it has come.
pub fn past_day(operation: &Operation, asked: Date) -> Result<NaiveDate> {
    let today = operation.services.environment.clock.today();
    match asked.0 {
        day if day > today => {
            Err(ErrorCode::BadUserInput.error(format!("asOf: {day} has not come yet: today is {today}")))
        }
        day => Ok(day),
    }
}

/// The day that was asked for, if it has come; else the last day with complete market data.
pub async fn as_of(operation: &Operation, asked: Option<Date>) -> Result<NaiveDate> {
    match asked {
        Some(day) => past_day(operation, day),
        None => {
            let day = async { operation.services.default_as_of(&*operation.session().await?).await };
            day.await.map_err(|error| operation.fail(error))
        }
    }
}

#[Object(guard = "Ruled")]
impl PortfolioQuery {
    /// The portfolios that the caller may see, in the order of their making.
    async fn portfolios(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
        #[graphql(desc = "The day at whose close figures stand; the last complete market day where none is given.")]
        as_of: Option<Date>,
        #[graphql(desc = "The currency to show figures in; each portfolio's own where none is given.")]
        currency: Option<Currency>,
        #[graphql(
            desc = "Of what had been recorded at this instant; of everything where none is given. The ledger as it stood then is \
                          booked again, by the settings of then: lots, positions and cash are the same for ever. Prices and rates are those that were in force then; what was provisional then is not kept. A ledger that is too long for a request is booked by `replayRequest`."
        )]
        known_at: Option<Instant>,
    ) -> Result<Option<PortfolioConnection>> {
        let operation = Operation::of(ctx);
        let page = connection::page(Some(first), after.as_deref())?;
        let limit = page.limit;
        let (day, known_at) = moment(operation, as_of, known_at).await?;
        let read = async {
            let session = operation.session().await?;
            let rows = operation.services.portfolio_page(&session, page).await?;
            let total = match connection::wants_total(ctx) {
                true => operation.services.portfolio_count(&session).await?,
                false => 0,
            };
            Ok((rows, total))
        };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let (rows, info) = connection::cut(rows, limit, |row| row.id);
        let portfolio = |row| Portfolio::new(Arc::new(row), day, currency).of_what_was_known(known_at);
        let rows = rows.into_iter().map(|(cursor, row)| (cursor, portfolio(row))).collect();
        Ok(Some(PortfolioConnection::new(rows, info, total)))
    }

    /// One portfolio. Null where there is none with this id, or none that the caller may see.
    async fn portfolio(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The portfolio's id.")] id: ID,
        #[graphql(desc = "The day at whose close figures stand; the last complete market day where none is given.")]
        as_of: Option<Date>,
        #[graphql(desc = "The currency to show figures in; the portfolio's own where none is given.")] currency: Option<
            Currency,
        >,
        #[graphql(
            desc = "Of what had been recorded at this instant; of everything where none is given. The ledger as it stood then is \
                          booked again, by the settings of then: lots, positions and cash are the same for ever. Prices and rates are those that were in force then; what was provisional then is not kept. A ledger that is too long for a request is booked by `replayRequest`."
        )]
        known_at: Option<Instant>,
    ) -> Result<Option<Portfolio>> {
        let id = Kind::Portfolio.parse(&id, "id")?;
        let (day, known_at) = moment(Operation::of(ctx), as_of, known_at).await?;
        let row = loaders::find(ctx, PortfolioKey(id)).await?;
        Ok(row.map(|row| Portfolio::new(row, day, currency).of_what_was_known(known_at)))
    }
}
