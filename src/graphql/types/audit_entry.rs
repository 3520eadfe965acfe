//! What was done.

use async_graphql::{ID, Json, SimpleObject};
use serde_json::Value;

use crate::audit::Logged;
use crate::graphql::connection::connection;
use crate::graphql::id::Kind;
use crate::graphql::scalars::Instant;

/// One thing that was done, written in the transaction that did it, and sealed with the hash of the entry before it.
#[derive(Clone, Debug, SimpleObject)]
pub struct AuditEntry {
    /// The entry's id.
    id: ID,
    /// Its place in the tenant's log, from 1, without gaps.
    sequence: i64,
    /// The SHA-256 of the hash of the entry before it, its place and its content, in hexadecimal digits.
    hash: String,
    /// When it was done.
    at: Instant,
    /// The address of the person who did it, or the name of the server's command; null where it was erased.
    actor: Option<String>,
    /// The id of the person who did it; null for a command and for one who could not be identified.
    actor_id: Option<ID>,
    /// The id of the person on whose behalf another did it, such as a command; null where nobody else did.
    behalf_of_id: Option<ID>,
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
    /// The network address that the request came from; null also where it was erased.
    address: Option<String>,
    /// Where personal values were erased, such as `/actor` or `/after/email`; they are null there.
    erased: Vec<String>,
}

impl From<Logged> for AuditEntry {
    fn from(entry: Logged) -> Self {
        let person = entry.actor_id.filter(|id| !id.is_nil());
        Self {
            id: Kind::AuditEntry.id(entry.id),
            sequence: entry.sequence,
            hash: entry.hash,
            at: Instant(entry.at),
            actor: entry.actor_name,
            actor_id: person.map(|id| Kind::User.id(id)),
            behalf_of_id: entry.behalf_of.map(|id| Kind::User.id(id)),
            action: entry.action,
            entity_type: entry.entity_type,
            entity_id: entry.entity_id,
            before: entry.before.map(Json),
            after: entry.after.map(Json),
            request_id: entry.request_id,
            address: entry.address,
            erased: entry.erased,
        }
    }
}

connection!(AuditEntryConnection, AuditEntryEdge, AuditEntry, "entries of the audit log, the latest first");
