//! Firms, as operators run them.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::types::tenant::Tenant;
use crate::graphql::types::user_error::UserError;
use crate::services::ServiceError;
use crate::services::tenant::TenantChanges;
use crate::tenancy::TenantRecord;

/// What to change of a firm; what is not given stays.
#[derive(Debug, InputObject)]
pub struct TenantUpdateInput {
    /// Another name, 1 to 200 characters.
    name: Option<String>,
    /// Where its data is to stay, as a label of at most 60 characters; an empty one takes the label away.
    residency: Option<String>,
}

/// What acting on a firm gives.
#[derive(SimpleObject)]
pub struct TenantPayload {
    /// The firm since; null where nothing was done.
    tenant: Option<Tenant>,
    /// Why nothing was done.
    user_errors: Vec<UserError>,
}

impl TenantPayload {
    fn of(operation: &Operation, outcome: Result<TenantRecord, ServiceError>) -> Result<Option<Self>> {
        let (tenant, user_errors) = operation.payload(outcome)?;
        Ok(Some(Self { tenant: tenant.map(Tenant), user_errors }))
    }
}

#[derive(Default)]
pub struct TenantMutation;

#[Object(guard = "Ruled")]
impl TenantMutation {
    /// Stops serving a firm: its people are signed out, within ten seconds on every server, and cannot log in; its jobs end after the
    /// stretch that they are at and wait. All of its data is kept. Nothing changes for one that is suspended.
    async fn tenant_suspend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tenant's id.")] id: ID,
    ) -> Result<Option<TenantPayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::Tenant.parse(&id, "id")?;
        let outcome = async { operation.services.tenant_suspend(operation.changing().await?, id).await };
        TenantPayload::of(operation, outcome.await)
    }

    /// Serves a firm again that was suspended, as it was left.
    async fn tenant_resume(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tenant's id.")] id: ID,
    ) -> Result<Option<TenantPayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::Tenant.parse(&id, "id")?;
        let outcome = async { operation.services.tenant_resume(operation.changing().await?, id).await };
        TenantPayload::of(operation, outcome.await)
    }

    /// Changes a firm's name, or where its data is to stay.
    async fn tenant_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tenant's id.")] id: ID,
        #[graphql(desc = "What to change.")] input: TenantUpdateInput,
    ) -> Result<Option<TenantPayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::Tenant.parse(&id, "id")?;
        let TenantUpdateInput { name, residency } = input;
        let changes = TenantChanges { name, residency };
        let outcome = async { operation.services.tenant_update(operation.changing().await?, id, changes).await };
        TenantPayload::of(operation, outcome.await)
    }
}
