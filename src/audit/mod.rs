//! What was done, by whom: written in the transaction of the change itself. If the entry cannot be written, the change does
//! not happen. The entries of a realm are a chain of hashes, which shows what was altered of them; the database makes the chain
//! and grants no right to alter one.

mod check;
pub mod checkpoint;
pub mod encoding;
pub mod file;
pub mod lines;
mod log;
mod personal;
pub mod sealed;
pub mod verify;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};
use serde_json::Value;
use uuid::Uuid;

pub use self::check::check;
pub use self::log::{Filter, count, page};
pub use self::sealed::Logged;
use crate::tenancy::{AuditReads, DatabaseError, Realm, Session, Tenant};

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

/// Numbers, hashes and stores the entries of a transaction. It locks the end of the chain, so it is the last before the commit.
const APPEND: &str = "SELECT audit_append($1)";

/// Has the entry written as the last thing before the session's commit, which fails if it cannot be.
pub async fn write<S: Realm>(session: &Session<S>, entry: Entry) -> Result<(), DatabaseError> {
    session.at_commit(APPEND, personal::apart(entry, None))
}

/// As [`write`], of what is done on behalf of a person by another.
pub async fn write_on_behalf<S: Realm>(
    session: &Session<S>,
    entry: Entry,
    behalf_of: Uuid,
) -> Result<(), DatabaseError> {
    session.at_commit(APPEND, personal::apart(entry, Some(behalf_of)))
}

/// Has what was read noted, to be sealed by whoever appends next.
pub fn note_read<S: Realm>(session: &Session<S>, entry: Entry) -> Result<(), DatabaseError> {
    session.at_commit("SELECT audit_read_note($1)", personal::apart(entry, None))
}

/// Seals all reads that wait for it. It locks the end of the chain.
pub async fn seal_reads<S: Realm>(session: &Session<S>) -> Result<(), DatabaseError> {
    let waits = "SELECT 1 FROM audit_read LIMIT 1";
    while ask(session, waits, []).await?.is_some() {
        ask(session, "SELECT audit_append('[]')", []).await?;
    }
    Ok(())
}

/// Says which reads of the tenant are recorded; gives what was said before.
pub async fn set_reads(session: &Session<Tenant>, reads: AuditReads) -> Result<String, DatabaseError> {
    let row = ask(session, "SELECT platform.tenant_audit_reads_set($1)", [reads.as_str().into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
}

async fn ask<const N: usize>(
    session: &impl ConnectionTrait,
    sql: &'static str,
    values: [sea_orm::Value; N],
) -> Result<Option<QueryResult>, DatabaseError> {
    Ok(session.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?)
}

/// Erases the personal values of one person from beside the log, which keeps its commitments to them. Returns how many.
pub async fn erase_personal<S: Realm>(session: &Session<S>, person: Uuid) -> Result<i64, DatabaseError> {
    let row = ask(session, "SELECT audit_personal_erase($1)", [person.into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
}
