//! Signed statements of where a log was: kept elsewhere, they show what the owner of the database did to it since.

use chrono::{DateTime, Utc};
use entity::realm::audit_checkpoint;
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use sea_orm::{QuerySelect, Statement};

use super::encoding::of_checkpoint;
use super::verify::Anchor;
use crate::auth::PublicKey;
use crate::tenancy::{DatabaseError, Realm, Session};

/// A place of a log, signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The place of the entry.
    pub sequence: i64,
    /// Its hash.
    pub hash: Vec<u8>,
    /// When it was signed.
    pub at: DateTime<Utc>,
    /// Which key signed it.
    pub key_id: String,
    /// The Ed25519 signature.
    pub signature: Vec<u8>,
}

impl Checkpoint {
    /// What is signed: the log's name, place, hash, instant and key.
    pub fn statement(&self, log: &str) -> Vec<u8> {
        of_checkpoint(log, self.sequence, &self.hash, self.at.timestamp_micros(), &self.key_id)
    }

    /// Why it is not to be believed, if it is not.
    pub fn doubt(&self, log: &str, keys: &[PublicKey]) -> Option<String> {
        match keys.iter().find(|key| key.key_id == self.key_id) {
            None => Some(format!("it names the key {}, which is not among those given", self.key_id)),
            Some(key) if key.has_signed(&self.statement(log), &self.signature) => None,
            Some(_) => Some(format!("the signature is not of the key {}", self.key_id)),
        }
    }

    /// The place that it holds the log to.
    pub fn anchor(&self) -> Anchor {
        Anchor { sequence: self.sequence, hash: self.hash.clone() }
    }
}

/// Keeps a checkpoint, which the database refuses where the log has no such entry. Whether it is new.
pub async fn keep<S: Realm>(session: &Session<S>, checkpoint: &Checkpoint) -> Result<bool, DatabaseError> {
    let sql = "SELECT audit_checkpoint_keep($1, $2, $3, $4, $5)";
    let Checkpoint { sequence, hash, at, key_id, signature } = checkpoint.clone();
    let values = [sequence.into(), hash.into(), at.into(), key_id.into(), signature.into()];
    let row = session.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
}

/// Up to `limit` checkpoints, the latest first, of places before `before`.
pub async fn latest<S: Realm>(
    session: &Session<S>,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<Checkpoint>, DatabaseError> {
    let mut query = audit_checkpoint::Entity::find().order_by_desc(audit_checkpoint::Column::Sequence).limit(limit);
    if let Some(before) = before {
        query = query.filter(audit_checkpoint::Column::Sequence.lt(before));
    }
    Ok(query.all(session).await?.into_iter().map(checkpoint).collect())
}

/// All checkpoints of places from `first` through `last`, in the log's order.
pub async fn within<S: Realm>(session: &Session<S>, first: i64, last: i64) -> Result<Vec<Checkpoint>, DatabaseError> {
    let rows = audit_checkpoint::Entity::find()
        .filter(audit_checkpoint::Column::Sequence.between(first, last))
        .order_by_asc(audit_checkpoint::Column::Sequence)
        .all(session)
        .await?;
    Ok(rows.into_iter().map(checkpoint).collect())
}

fn checkpoint(row: audit_checkpoint::Model) -> Checkpoint {
    Checkpoint { sequence: row.sequence, hash: row.hash, at: row.at, key_id: row.key_id, signature: row.signature }
}

/// How many checkpoints there are.
pub async fn count<S: Realm>(session: &Session<S>) -> Result<u64, DatabaseError> {
    Ok(audit_checkpoint::Entity::find().count(session).await?)
}
