//! What is done about the audit log itself: signing where it is, and erasing personal values from beside it.

use async_graphql::{Context, ID, Object, Result, SimpleObject};

use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::types::audit_checkpoint::AuditCheckpoint;
use crate::graphql::types::tenant::AuditReads;
use crate::graphql::types::user_error::UserError;

/// What signing gives.
#[derive(SimpleObject)]
pub struct AuditCheckpointPayload {
    /// The checkpoint; null where nothing was done yet that could be signed.
    checkpoint: Option<AuditCheckpoint>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

/// What erasing gives.
#[derive(SimpleObject)]
pub struct AuditPersonalErasePayload {
    /// How many values were erased; null where it was refused.
    erased: Option<i64>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

/// What saying which reads are recorded gives.
#[derive(SimpleObject)]
pub struct AuditReadsPayload {
    /// Which reads are recorded since; null where it was refused.
    reads: Option<AuditReads>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct AuditMutation;

#[Object(guard = "Ruled")]
impl AuditMutation {
    /// Signs where the tenant's audit log is. Keep what it gives elsewhere: `audit verify` holds the log to it. Where nothing was done
    /// since the last checkpoint, that one is given again.
    async fn audit_checkpoint_create(&self, ctx: &Context<'_>) -> Result<Option<AuditCheckpointPayload>> {
        let operation = Operation::of(ctx);
        let outcome = async { operation.services.audit_checkpoint_create(operation.changing().await?).await };
        let (made, user_errors) = operation.payload(outcome.await)?;
        let checkpoint = made.and_then(|(log, made)| Some(AuditCheckpoint::new(&log, &made?)));
        Ok(Some(AuditCheckpointPayload { checkpoint, user_errors }))
    }

    /// Says which reads are in the tenant's audit log from now on. An operation that reads is then answered only if that is on record;
    /// the entries are sealed in their order with what is done next, at the latest each night.
    async fn audit_reads_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which reads.")] reads: AuditReads,
    ) -> Result<Option<AuditReadsPayload>> {
        let operation = Operation::of(ctx);
        let outcome = async { operation.services.audit_reads_set(operation.changing().await?, reads.into()).await };
        let (reads, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(AuditReadsPayload { reads: reads.map(AuditReads::from), user_errors }))
    }

    /// Erases what the audit log tells of a person beyond their id: addresses, names, network addresses, also of failed log-ins
    /// under their address. The log stays whole and shows what was erased as null. It cannot be undone, and the log tells who did it.
    async fn audit_personal_erase(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The person's id.")] user_id: ID,
    ) -> Result<Option<AuditPersonalErasePayload>> {
        let operation = Operation::of(ctx);
        let person = Kind::User.parse(&user_id, "userId")?;
        let outcome = async { operation.services.audit_personal_erase(operation.changing().await?, person).await };
        let (erased, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(AuditPersonalErasePayload { erased, user_errors }))
    }
}
