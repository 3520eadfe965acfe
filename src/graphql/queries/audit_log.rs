//! What was done.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::audit;
use crate::graphql::connection;
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::Instant;
use crate::graphql::types::audit_entry::{AuditEntry, AuditEntryConnection};

/// Which entries of the audit log to show; what is not given does not restrict.
#[derive(InputObject, Default)]
pub struct AuditFilter {
    /// Only of this action, such as `transactionRecord` or `loginFailed`.
    action: Option<String>,
    /// Only by this person.
    actor_id: Option<ID>,
    /// Only about things of this kind, such as `Portfolio`.
    entity_type: Option<String>,
    /// Only about the thing with this id, as `AuditEntry.entityId` shows it.
    entity_id: Option<String>,
    /// Only what this request asked for.
    request_id: Option<String>,
    /// Only of this instant and later.
    from: Option<Instant>,
    /// Only of this instant and earlier.
    until: Option<Instant>,
}

#[derive(Default)]
pub struct AuditLogQuery;

#[Object(guard = "Ruled")]
impl AuditLogQuery {
    /// What was done in the tenant, the latest first.
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which entries.")] filter: Option<AuditFilter>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<AuditEntryConnection>> {
        let operation = Operation::of(ctx);
        let page = connection::page(Some(first), after.as_deref())?;
        let limit = page.limit;
        let filter = filter.unwrap_or_default();
        let actor = filter.actor_id.map(|id| Kind::User.parse(&id, "filter.actorId")).transpose()?;
        let filter = audit::Filter {
            action: filter.action,
            actor,
            entity_type: filter.entity_type,
            entity_id: filter.entity_id,
            request_id: filter.request_id,
            from: filter.from.map(|from| from.0),
            until: filter.until.map(|until| until.0),
        };
        let read = async {
            let session = operation.session().await?;
            let rows = operation.services.audit_page(&session, &filter, page).await?;
            let total = match connection::wants_total(ctx) {
                true => operation.services.audit_count(&session, &filter).await?,
                false => 0,
            };
            Ok((rows, total))
        };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let (rows, info) = connection::cut(rows, limit, |row| row.id);
        let rows = rows.into_iter().map(|(cursor, row)| (cursor, AuditEntry::from(row))).collect();
        Ok(Some(AuditEntryConnection::new(rows, info, total)))
    }
}
