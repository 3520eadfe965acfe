//! Entries as people look for them, the latest first.

use chrono::{DateTime, Utc};
use entity::realm::audit_log;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::sealed::{Logged, Sealed, with_personal};
use crate::tenancy::{DatabaseError, Session, Tenant};

/// Which entries to show.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this action.
    pub action: Option<String>,
    /// Only by this person.
    pub actor: Option<Uuid>,
    /// Only about things of this kind.
    pub entity_type: Option<String>,
    /// Only about this thing.
    pub entity_id: Option<String>,
    /// Only of this request.
    pub request_id: Option<String>,
    /// Only of this instant and later.
    pub from: Option<DateTime<Utc>>,
    /// Only of this instant and earlier.
    pub until: Option<DateTime<Utc>>,
}

impl Filter {
    fn condition(&self) -> sea_orm::Condition {
        use audit_log::Column;
        sea_orm::Condition::all()
            .add_option(self.action.as_ref().map(|action| Column::Action.eq(action)))
            .add_option(self.actor.map(|actor| Column::ActorId.eq(actor)))
            .add_option(self.entity_type.as_ref().map(|kind| Column::EntityType.eq(kind)))
            .add_option(self.entity_id.as_ref().map(|id| Column::EntityId.eq(id)))
            .add_option(self.request_id.as_ref().map(|id| Column::RequestId.eq(id)))
            .add_option(self.from.map(|from| Column::At.gte(from)))
            .add_option(self.until.map(|until| Column::At.lte(until)))
    }
}

/// Entries, the latest first.
pub async fn page(
    session: &Session<Tenant>,
    filter: &Filter,
    page: crate::storage::Page<Uuid>,
) -> Result<Vec<Logged>, DatabaseError> {
    let mut query =
        audit_log::Entity::find().filter(filter.condition()).order_by_desc(audit_log::Column::Id).limit(page.limit);
    if let Some(after) = page.after {
        query = query.filter(audit_log::Column::Id.lt(after));
    }
    let rows = with_personal(session, query.all(session).await?).await?;
    Ok(rows.into_iter().map(Sealed::shown).collect())
}

/// How many entries a filter leaves.
pub async fn count(session: &Session<Tenant>, filter: &Filter) -> Result<u64, DatabaseError> {
    Ok(audit_log::Entity::find().filter(filter.condition()).count(session).await?)
}
