//! What was done.

use async_graphql::{ID, Json, SimpleObject};
use serde_json::Value;

use crate::audit::Entry;
use crate::graphql::connection::connection;
use crate::graphql::id::Kind;
use crate::graphql::scalars::Instant;

/// One thing that was done, written in the transaction that did it.
#[derive(Clone, Debug, SimpleObject)]
pub struct AuditEntry {
    /// The entry's id.
    id: ID,
    /// When it was done.
    at: Instant,
    /// The address of the person who did it, or the name of the server's command.
    actor: String,
    /// The id of the person who did it; null for a command and for one who could not be identified.
    actor_id: Option<ID>,
    /// What was done: the name of the mutation, or `login`, `loginFailed`, `logout`, `tokenReused`.
    action: String,
    /// The kind of thing that it was done to.
    entity_type: String,
    /// Which one, by the id that the tables hold; null where there is none.
    entity_id: Option<String>,
    /// What was there before; null for what was made.
    before: Option<Json<Value>>,
    /// What is there since.
    after: Option<Json<Value>>,
    /// The request that asked for it.
    request_id: Option<String>,
    /// The network address that the request came from.
    address: Option<String>,
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        let person = entry.actor_id.filter(|id| !id.is_nil());
        Self {
            id: Kind::AuditEntry.id(entry.id),
            at: Instant(entry.at),
            actor: entry.actor_name,
            actor_id: person.map(|id| Kind::User.id(id)),
            action: entry.action,
            entity_type: entry.entity_type,
            entity_id: entry.entity_id,
            before: entry.before.map(Json),
            after: entry.after.map(Json),
            request_id: entry.request_id,
            address: entry.address,
        }
    }
}

connection!(AuditEntryConnection, AuditEntryEdge, AuditEntry, "entries of the audit log, the latest first");
