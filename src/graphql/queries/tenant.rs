//! Firms.

use async_graphql::{Context, Object, Result};

use crate::graphql::context::Operation;
use crate::graphql::rules::Ruled;
use crate::graphql::types::tenant::Tenant;

#[derive(Default)]
pub struct TenantQuery;

#[Object(guard = "Ruled")]
impl TenantQuery {
    /// The caller's tenant.
    async fn tenant(&self, ctx: &Context<'_>) -> Result<Option<Tenant>> {
        let operation = Operation::of(ctx);
        let caller = operation.caller().map_err(|error| operation.fail(error))?;
        Ok(caller.tenant.clone().map(Tenant))
    }

    /// Every tenant of the installation, by short name; for operators of the platform.
    async fn tenants(&self, ctx: &Context<'_>) -> Result<Option<Vec<Tenant>>> {
        let operation = Operation::of(ctx);
        let tenants = operation.services.gateway.tenants().await.map_err(|error| operation.fail(error.into()))?;
        Ok(Some(tenants.into_iter().map(Tenant).collect()))
    }
}
