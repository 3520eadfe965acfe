//! Whatever has an id, by its id alone.

use async_graphql::{Context, ID, Object, Result};

use super::portfolio::as_of;
use super::replay;
use crate::auth::Permission;
use crate::graphql::context::Operation;
use crate::graphql::error::ErrorCode;
use crate::graphql::id::{self, Kind};
use crate::graphql::loaders::{self, InstrumentKey, PortfolioKey};
use crate::graphql::rules::Ruled;
use crate::graphql::types::instrument::Instrument;
use crate::graphql::types::node::Node;
use crate::graphql::types::portfolio::Portfolio;
use crate::graphql::types::tenant::Tenant;
use crate::graphql::types::transaction::Transaction;
use crate::graphql::types::user::User;

/// Ids that one request may ask for.
const MAX_IDS: usize = 100;

#[derive(Default)]
pub struct NodeQuery;

#[Object(guard = "Ruled")]
impl NodeQuery {
    /// Whatever has this id. Null where there is nothing with it, or nothing that the caller may see.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "The id.")] id: ID) -> Result<Option<Node>> {
        find(ctx, &id).await
    }

    /// Whatever has these ids, in their order; null where there is nothing with an id, or nothing that the caller may see.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ids, at most 100.")] ids: Vec<ID>,
    ) -> Result<Option<Vec<Option<Node>>>> {
        if ids.len() > MAX_IDS {
            return Err(ErrorCode::BadUserInput.error(format!("ids: {} are given, {MAX_IDS} at the most", ids.len())));
        }
        let mut nodes = Vec::with_capacity(ids.len());
        for id in &ids {
            nodes.push(find(ctx, id).await?);
        }
        Ok(Some(nodes))
    }
}

async fn find(ctx: &Context<'_>, id: &ID) -> Result<Option<Node>> {
    let operation = Operation::of(ctx);
    let Some((kind, id)) = id::parse(id) else {
        let shown: String = id.chars().take(60).collect();
        return Err(ErrorCode::BadUserInput.error(format!("id: \"{shown}\" is no id of this server")));
    };
    let caller = operation.caller().map_err(|error| operation.fail(error))?;
    let Some(tenant) = &caller.tenant else {
        return Ok(None);
    };
    let fail = |error| operation.fail(error);
    Ok(match kind {
        Kind::Portfolio => {
            let day = as_of(operation, None).await?;
            loaders::find(ctx, PortfolioKey(id)).await?.map(|row| Node::Portfolio(Portfolio::new(row, day, None)))
        }
        Kind::Instrument if caller.actor.may(Permission::MarketRead) => {
            loaders::find(ctx, InstrumentKey(id)).await?.map(|row| Node::Instrument(Instrument(row)))
        }
        Kind::Replay => replay::find(operation, id).await?.map(Node::Replay),
        Kind::Transaction => {
            let session = operation.session().await.map_err(fail)?;
            let mut rows = operation.services.transactions(&session, &[id]).await.map_err(fail)?;
            rows.pop().map(|row| Node::Transaction(Transaction::from(row)))
        }
        Kind::User => {
            let session = operation.session().await.map_err(fail)?;
            let mut rows = operation.services.users(&session, &[id]).await.map_err(fail)?;
            rows.pop().map(|row| Node::User(User::from(row)))
        }
        Kind::Tenant if tenant.id == id && caller.actor.may(Permission::TenantRead) => {
            Some(Node::Tenant(Tenant(tenant.clone())))
        }
        Kind::Account
        | Kind::ApiKey
        | Kind::AuditEntry
        | Kind::CorporateAction
        | Kind::Event
        | Kind::HeldMarketRow
        | Kind::HeldTransaction
        | Kind::QualityFinding
        | Kind::RefreshRun
        | Kind::ImportBatch
        | Kind::Instrument
        | Kind::Invitation
        | Kind::Job
        | Kind::JobRun
        | Kind::Lot
        | Kind::News
        | Kind::Schedule
        | Kind::Session
        | Kind::Simulation
        | Kind::StressScenario
        | Kind::Succession
        | Kind::Tenant
        | Kind::XrayRule => None,
    })
}
