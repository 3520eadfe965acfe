//! Asking for a replay.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::Date;
use crate::graphql::types::replay::Replay;
use crate::graphql::types::user_error::UserError;

/// What is asked of a portfolio's ledger as it had been recorded at an instant.
#[derive(Debug, InputObject)]
pub struct ReplayRequestInput {
    /// The portfolio's id.
    portfolio_id: ID,
    /// The instant, which must have passed: what had been recorded then counts. It is kept to the microsecond. After the last
    /// recorded row it asks for all of the ledger as it stands.
    known_at: DateTime<Utc>,
    /// The day at whose close figures stand, today at the latest.
    as_of: Date,
}

/// What asking for a replay gives.
#[derive(SimpleObject)]
pub struct ReplayPayload {
    /// The replay, which may be an earlier one of the same question; null where it was refused.
    replay: Option<Replay>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct ReplayMutation;

#[Object(guard = "Ruled")]
impl ReplayMutation {
    /// Has a portfolio's ledger booked by a job, as it had been recorded at an instant: for ledgers that are too long for
    /// `portfolio(knownAt:)`. Whoever may read the portfolio may ask. The same question again (portfolio, instant, day, and the
    /// server's calculation version) gives the same replay; one that failed is tried again. 100 of a portfolio at the most, else
    /// `LIMIT_REACHED`.
    async fn replay_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The question.")] input: ReplayRequestInput,
    ) -> Result<Option<ReplayPayload>> {
        let operation = Operation::of(ctx);
        let portfolio = Kind::Portfolio.parse(&input.portfolio_id, "input.portfolioId")?;
        let outcome = async {
            let caller = operation.changing().await?;
            operation.services.replay_request(caller, portfolio, input.known_at, input.as_of.0).await
        };
        let (found, user_errors) = operation.payload(outcome.await)?;
        let replay = found.map(|(replay, portfolio)| Replay::new(replay, Arc::new(portfolio)));
        Ok(Some(ReplayPayload { replay, user_errors }))
    }
}
