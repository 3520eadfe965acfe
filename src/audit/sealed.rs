//! Entries as the log holds them, in its order.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use entity::realm::{audit_head, audit_log, audit_personal};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, Statement};
use sea_orm::{QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;
use uuid::Uuid;

use super::encoding::hex;
use super::personal::{self, ACTOR, ADDRESS};
use crate::tenancy::{DatabaseError, Realm, Session};

/// A personal value that was not erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revealed {
    /// What was put before it so that nobody finds it by trying.
    pub salt: Vec<u8>,
    /// The value.
    pub value: String,
}

/// An entry in the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Sealed {
    /// The entry's id.
    pub id: Uuid,
    /// Its place in the log, from 1.
    pub sequence: i64,
    /// The hash of the entry before it.
    pub previous: Vec<u8>,
    /// Its own hash.
    pub hash: Vec<u8>,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// By whom.
    pub actor_id: Option<Uuid>,
    /// On whose behalf, where that is another.
    pub behalf_of: Option<Uuid>,
    /// The name of a command or a job.
    pub actor_name: Option<String>,
    /// What was done.
    pub action: String,
    /// To what kind of thing.
    pub entity_type: String,
    /// Which one.
    pub entity_id: Option<String>,
    /// What was there before, without what is personal.
    pub before: Option<Value>,
    /// What is there since, without what is personal.
    pub after: Option<Value>,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// Commitments to the personal values, by field.
    pub commitments: Option<Value>,
    /// The personal values that were not erased, by field.
    pub personal: BTreeMap<String, Revealed>,
}

/// An entry to show: personal values where they belong.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// The entry's id; later ones sort after earlier ones.
    pub id: Uuid,
    /// Its place in the log, from 1.
    pub sequence: i64,
    /// Its hash, in hexadecimal digits.
    pub hash: String,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// By whom; nothing for one who could not be identified.
    pub actor_id: Option<Uuid>,
    /// On whose behalf, where that is another.
    pub behalf_of: Option<Uuid>,
    /// The address of the person, or the name of a command or a job; nothing where it was erased.
    pub actor_name: Option<String>,
    /// What was done.
    pub action: String,
    /// To what kind of thing.
    pub entity_type: String,
    /// Which one.
    pub entity_id: Option<String>,
    /// What was there before.
    pub before: Option<Value>,
    /// What is there since.
    pub after: Option<Value>,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// The network address that it came from.
    pub address: Option<String>,
    /// Where personal values were erased.
    pub erased: Vec<String>,
}

impl Sealed {
    /// The entry as people read it.
    pub fn shown(self) -> Logged {
        let (mut before, mut after) = (self.before, self.after);
        let mut erased = Vec::new();
        for field in personal::commitments(self.commitments.as_ref()).into_keys() {
            let value = self.personal.get(field).map(|revealed| revealed.value.as_str());
            if value.is_none() {
                erased.push(field.to_owned());
            }
            personal::put_back(field, value, &mut before, &mut after);
        }
        let value = |field: &str| self.personal.get(field).map(|revealed| revealed.value.clone());
        Logged {
            id: self.id,
            sequence: self.sequence,
            hash: hex(&self.hash),
            at: self.at,
            actor_id: self.actor_id,
            behalf_of: self.behalf_of,
            actor_name: value(ACTOR).or(self.actor_name),
            action: self.action,
            entity_type: self.entity_type,
            entity_id: self.entity_id,
            before,
            after,
            request_id: self.request_id,
            address: value(ADDRESS),
            erased,
        }
    }

    fn of(row: audit_log::Model, personal: BTreeMap<String, Revealed>) -> Self {
        Self {
            id: row.id,
            sequence: row.sequence,
            previous: row.previous,
            hash: row.hash,
            at: row.at,
            actor_id: row.actor_id,
            behalf_of: row.behalf_of,
            actor_name: row.actor_name,
            action: row.action,
            entity_type: row.entity_type,
            entity_id: row.entity_id,
            before: row.before,
            after: row.after,
            request_id: row.request_id,
            commitments: row.personal,
            personal,
        }
    }
}

/// Rows of the log with their personal values, in the order given.
pub(super) async fn with_personal<S: Realm>(
    session: &Session<S>,
    rows: Vec<audit_log::Model>,
) -> Result<Vec<Sealed>, DatabaseError> {
    let ids: Vec<Uuid> = rows.iter().filter(|row| row.personal.is_some()).map(|row| row.id).collect();
    let mut personal: HashMap<Uuid, BTreeMap<String, Revealed>> = HashMap::new();
    if !ids.is_empty() {
        // One array, however many: a list of parameters has an end.
        let sql = "SELECT entry_id, field, person_id, salt, value FROM audit_personal WHERE entry_id = ANY($1)";
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [ids.into()]);
        for row in session.query_all_raw(statement).await? {
            let row = audit_personal::Model::from_query_result(&row, "")?;
            let revealed = Revealed { salt: row.salt, value: row.value };
            personal.entry(row.entry_id).or_default().insert(row.field, revealed);
        }
    }
    let of = |row: audit_log::Model| {
        let personal = personal.remove(&row.id).unwrap_or_default();
        Sealed::of(row, personal)
    };
    Ok(rows.into_iter().map(of).collect())
}

/// Where the chain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// What the log is called.
    pub log: String,
    /// The place of the last entry; 0 before the first.
    pub sequence: i64,
    /// Its hash.
    pub hash: Vec<u8>,
}

/// Where the chain ends.
pub async fn head<S: Realm>(session: &Session<S>) -> Result<Head, DatabaseError> {
    let row = audit_head::Entity::find().one(session).await?;
    let row = row.ok_or_else(|| DatabaseError::Corrupt("the audit log has no head".to_owned()))?;
    Ok(Head { log: row.log, sequence: row.sequence, hash: row.hash })
}

/// Up to `limit` entries from the place after `after` on through `last`, in the order of the log.
pub async fn entries<S: Realm>(
    session: &Session<S>,
    after: Option<i64>,
    last: i64,
    limit: u64,
) -> Result<Vec<Sealed>, DatabaseError> {
    let mut query = audit_log::Entity::find()
        .filter(audit_log::Column::Sequence.lte(last))
        .order_by_asc(audit_log::Column::Sequence)
        .limit(limit);
    if let Some(after) = after {
        query = query.filter(audit_log::Column::Sequence.gt(after));
    }
    with_personal(session, query.all(session).await?).await
}

/// The places of the first and the last entry of a time, both ends included; nothing if there is none.
pub async fn places<S: Realm>(
    session: &Session<S>,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
) -> Result<Option<(i64, i64)>, DatabaseError> {
    let sql = "SELECT min(sequence), max(sequence) FROM audit_log \
        WHERE ($1::timestamptz IS NULL OR at >= $1) AND ($2::timestamptz IS NULL OR at <= $2)";
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [from.into(), until.into()]);
    let Some(row) = session.query_one_raw(statement).await? else { return Ok(None) };
    let (first, last): (Option<i64>, Option<i64>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    Ok(first.zip(last))
}
