//! What was done, by whom: written in the transaction of the change itself. If the entry cannot be written, the change does
//! not happen; the database grants no right to alter one.

use chrono::{DateTime, Utc};
use entity::realm::audit_log;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;
use uuid::Uuid;

use crate::tenancy::{DatabaseError, Realm, Session, Tenant};

/// One thing that was done.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The entry's id; later ones sort after earlier ones.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom; nothing for one who could not be identified.
    pub actor_id: Option<Uuid>,
    /// Their address or, for the server's own work, its name.
    pub actor_name: String,
    /// The mutation or command, e.g. `portfolioCreate`.
    pub action: String,
    /// The kind of thing it was done to, e.g. `Portfolio`.
    pub entity_type: String,
    /// Which one.
    pub entity_id: Option<String>,
    /// What was there before, for a change.
    pub before: Option<Value>,
    /// What is there since.
    pub after: Option<Value>,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// The network address that it came from.
    pub address: Option<String>,
}

/// Writes an entry.
pub async fn write<S: Realm>(session: &Session<S>, entry: Entry) -> Result<(), DatabaseError> {
    let row = audit_log::ActiveModel {
        id: Set(entry.id),
        at: Set(entry.at),
        actor_id: Set(entry.actor_id),
        actor_name: Set(entry.actor_name),
        action: Set(entry.action),
        entity_type: Set(entry.entity_type),
        entity_id: Set(entry.entity_id),
        before: Set(entry.before),
        after: Set(entry.after),
        request_id: Set(entry.request_id),
        address: Set(entry.address),
    };
    audit_log::Entity::insert(row).exec_without_returning(session).await?;
    Ok(())
}

/// Which entries to show.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this action.
    pub action: Option<String>,
    /// Only by this person.
    pub actor: Option<Uuid>,
    /// Only about this thing.
    pub entity_id: Option<String>,
}

impl Filter {
    fn condition(&self) -> sea_orm::Condition {
        sea_orm::Condition::all()
            .add_option(self.action.as_ref().map(|action| audit_log::Column::Action.eq(action)))
            .add_option(self.actor.map(|actor| audit_log::Column::ActorId.eq(actor)))
            .add_option(self.entity_id.as_ref().map(|id| audit_log::Column::EntityId.eq(id)))
    }
}

/// Entries, the latest first.
pub async fn page(
    session: &Session<Tenant>,
    filter: &Filter,
    page: crate::storage::Page<Uuid>,
) -> Result<Vec<Entry>, DatabaseError> {
    let mut query =
        audit_log::Entity::find().filter(filter.condition()).order_by_desc(audit_log::Column::Id).limit(page.limit);
    if let Some(after) = page.after {
        query = query.filter(audit_log::Column::Id.lt(after));
    }
    Ok(query.all(session).await?.into_iter().map(entry).collect())
}

/// How many entries a filter leaves.
pub async fn count(session: &Session<Tenant>, filter: &Filter) -> Result<u64, DatabaseError> {
    Ok(audit_log::Entity::find().filter(filter.condition()).count(session).await?)
}

fn entry(row: audit_log::Model) -> Entry {
    Entry {
        id: row.id,
        at: row.at,
        actor_id: row.actor_id,
        actor_name: row.actor_name,
        action: row.action,
        entity_type: row.entity_type,
        entity_id: row.entity_id,
        before: row.before,
        after: row.after,
        request_id: row.request_id,
        address: row.address,
    }
}
