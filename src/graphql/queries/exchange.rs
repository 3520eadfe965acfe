//! Markets.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};
use chrono::{DateTime, Utc};

use crate::graphql::context::Operation;
use crate::graphql::rules::Ruled;
use crate::graphql::types::exchange::Exchange;
use crate::storage::exchange::Exchange as Market;

#[derive(Default)]
pub struct ExchangeQuery;

#[Object(guard = "Ruled")]
impl ExchangeQuery {
    /// Every market that instruments trade on, by code.
    async fn exchanges(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The moment that is asked about; now where none is given.")] at: Option<DateTime<Utc>>,
    ) -> Result<Option<Vec<Exchange>>> {
        let at = at.unwrap_or_else(|| Operation::of(ctx).services.environment.clock.now());
        let exchanges = markets(ctx).await?.into_iter();
        Ok(Some(exchanges.map(|market| Exchange { market: Arc::new(market), at }).collect()))
    }

    /// One market. Null where there is none with this code.
    async fn exchange(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its ISO 10383 market identifier code.")] mic: String,
        #[graphql(desc = "The moment that is asked about; now where none is given.")] at: Option<DateTime<Utc>>,
    ) -> Result<Option<Exchange>> {
        let at = at.unwrap_or_else(|| Operation::of(ctx).services.environment.clock.now());
        let found = markets(ctx).await?.into_iter().find(|market| market.mic == mic);
        Ok(found.map(|market| Exchange { market: Arc::new(market), at }))
    }
}

/// There are some hundred at the most.
async fn markets(ctx: &Context<'_>) -> Result<Vec<Market>> {
    let operation = Operation::of(ctx);
    let read = async { operation.services.exchanges(&*operation.session().await?).await };
    read.await.map_err(|error| operation.fail(error))
}
