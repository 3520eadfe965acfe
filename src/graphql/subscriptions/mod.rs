//! What can be followed.

use async_graphql::{Context, ID, Result, SimpleObject, Subscription as GraphqlSubscription};
use futures_util::Stream;
use futures_util::stream;
use tokio::sync::broadcast::error::RecvError;

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
        let visible = async {
            let session = operation.session().await?;
            let found = operation.services.portfolios(&session, &[portfolio]).await?;
            Ok::<_, ServiceError>(!found.is_empty())
        };
        let visible = visible.await;
        operation.finish().await;
        if !visible.map_err(|error| operation.fail(error))? {
            return Err(ErrorCode::NotFound.error("id: there is no such portfolio"));
        }
        let tenant = operation.actor().and_then(|actor| actor.tenant).map(|tenant| tenant.0);
        Ok(stream::unfold(changes, move |mut changes| async move {
            loop {
                match changes.recv().await {
                    Ok(change) if Some(change.tenant) == tenant && change.portfolio == portfolio => {
                        let portfolio_id = Kind::Portfolio.id(change.portfolio);
                        return Some((PortfolioChange { portfolio_id, version: change.version }, changes));
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_) | RecvError::Closed) => return None,
                }
            }
        }))
    }
}
