//! What can be followed.

use std::sync::Arc;

use async_graphql::{Context, ID, Result, SimpleObject, Subscription as GraphqlSubscription};
use futures_util::Stream;
use futures_util::stream;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use super::context::Operation;
use super::error::ErrorCode;
use super::id::Kind;
use super::rules::Ruled;
use crate::services::ServiceError;

/// A portfolio's record or ledger was changed.
#[derive(Clone, Debug, SimpleObject)]
pub struct PortfolioChange {
    /// The portfolio's id.
    portfolio_id: ID,
    /// Its version since.
    version: i64,
}

/// Whether the caller may read the portfolio now.
async fn sees(operation: &Operation, portfolio: Uuid) -> Result<bool, ServiceError> {
    let services = &operation.services;
    let caller = operation.caller()?;
    let caller = services.caller(caller.actor.clone(), caller.origin.clone()).await?;
    let session = services.read(&caller).await?;
    let found = services.portfolios(&session, &[portfolio]).await?;
    session.close().await?;
    Ok(!found.is_empty())
}

/// What can be followed over a WebSocket.
#[derive(Default)]
pub struct Subscription;

/// What can be followed over a WebSocket (protocol `graphql-transport-ws`; the access token travels in the payload of
/// `connection_init` as `authorization: "Bearer …"`).
#[GraphqlSubscription(guard = "Ruled")]
impl Subscription {
    /// Each change of a portfolio's record or ledger, once it is committed. Changes that this server did not make itself are
    /// not seen. A subscriber that falls more than 256 changes behind is cut off.
    async fn portfolio_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The portfolio's id.")] id: ID,
    ) -> Result<impl Stream<Item = PortfolioChange>> {
        let operation = Operation::of(ctx);
        let portfolio = Kind::Portfolio.parse(&id, "id")?;
        // Listening before looking: a change in between is seen rather than missed.
        let changes = operation.services.changes();
        let operation = Arc::clone(operation);
        if !sees(&operation, portfolio).await.map_err(|error| operation.fail(error))? {
            return Err(ErrorCode::NotFound.error("id: there is no such portfolio"));
        }
        let tenant = operation.actor().and_then(|actor| actor.tenant).map(|tenant| tenant.0);
        Ok(stream::unfold((changes, operation), move |(mut changes, operation)| async move {
            loop {
                match changes.recv().await {
                    Ok(change) if Some(change.tenant) == tenant && change.portfolio == portfolio => {
                        // The right may have been taken away since.
                        if !sees(&operation, portfolio).await.unwrap_or(false) {
                            return None;
                        }
                        let portfolio_id = Kind::Portfolio.id(change.portfolio);
                        return Some((PortfolioChange { portfolio_id, version: change.version }, (changes, operation)));
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_) | RecvError::Closed) => return None,
                }
            }
        }))
    }
}
