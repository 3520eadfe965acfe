//! What was signed of the audit log.

use async_graphql::{Context, Object, Result};

use crate::graphql::connection;
use crate::graphql::context::Operation;
use crate::graphql::rules::Ruled;
use crate::graphql::types::audit_checkpoint::{AuditCheckpoint, AuditCheckpointConnection};

#[derive(Default)]
pub struct AuditCheckpointQuery;

#[Object(guard = "Ruled")]
impl AuditCheckpointQuery {
    /// Signed statements of where the tenant's audit log was, the latest first. One is made a day, and by `auditCheckpointCreate`.
    async fn audit_checkpoints(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<AuditCheckpointConnection>> {
        let operation = Operation::of(ctx);
        let page = connection::page(Some(first), after.as_deref())?;
        let limit = page.limit;
        let read = async {
            let session = operation.session().await?;
            let (log, rows) = operation.services.audit_checkpoints(&session, page).await?;
            let total = match connection::wants_total(ctx) {
                true => operation.services.audit_checkpoint_count(&session).await?,
                false => 0,
            };
            Ok((log, rows, total))
        };
        let (log, rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let (rows, info) = connection::cut(rows, limit, |row| row.sequence);
        let rows = rows.into_iter().map(|(cursor, row)| (cursor, AuditCheckpoint::new(&log, &row))).collect();
        Ok(Some(AuditCheckpointConnection::new(rows, info, total)))
    }
}
