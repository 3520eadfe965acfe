//! Replays by their ids.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use uuid::Uuid;

use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::types::replay::Replay;

#[derive(Default)]
pub struct ReplayQuery;

/// The replay with this id, if the caller may read its portfolio.
pub(super) async fn find(operation: &Operation, id: Uuid) -> Result<Option<Replay>> {
    let read = async { operation.services.replay(&*operation.session().await?, id).await };
    let found = read.await.map_err(|error| operation.fail(error))?;
    Ok(found.map(|(row, portfolio)| Replay::new(row, Arc::new(portfolio))))
}

#[Object(guard = "Ruled")]
impl ReplayQuery {
    /// A replay that `replayRequest` asked for. Null where there is none with this id, or none that the caller may see.
    async fn replay(&self, ctx: &Context<'_>, #[graphql(desc = "The replay's id.")] id: ID) -> Result<Option<Replay>> {
        let id = Kind::Replay.parse(&id, "id")?;
        find(Operation::of(ctx), id).await
    }
}
