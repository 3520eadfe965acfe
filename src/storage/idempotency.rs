//! What a mutation answered under a client's key.

use chrono::{DateTime, Utc};
use entity::realm::idempotency_key as table;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;
use uuid::Uuid;

use super::statement::count_before;
use crate::tenancy::{DatabaseError, Realm, Session, Tenant};

/// What stands under a key already.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// The mutation's name.
    pub operation: String,
    /// A hash of its input.
    pub request_hash: Vec<u8>,
    /// What it answered.
    pub answer: Option<Value>,
}

/// Claims a key for this transaction, waiting for another that holds it; or tells what stands under it already.
pub async fn claim(
    session: &Session<Tenant>,
    key: &str,
    operation: &str,
    request_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Earlier>, DatabaseError> {
    let actor: Uuid = session.actor().user_id;
    let row = table::ActiveModel {
        actor_id: Set(actor),
        key: Set(key.to_owned()),
        operation: Set(operation.to_owned()),
        request_hash: Set(request_hash.to_vec()),
        answer: Set(None),
        created_at: Set(now),
    };
    let keep = OnConflict::columns([table::Column::ActorId, table::Column::Key]).do_nothing().to_owned();
    if table::Entity::insert(row).on_conflict(keep).exec_without_returning(session).await? > 0 {
        return Ok(None);
    }
    let row = table::Entity::find_by_id((actor, key.to_owned())).one(session).await?;
    Ok(row.map(|row| Earlier { operation: row.operation, request_hash: row.request_hash, answer: row.answer }))
}

/// Stores the answer under a key that this transaction has claimed.
pub async fn answer(session: &Session<Tenant>, key: &str, answer: Value) -> Result<(), DatabaseError> {
    table::Entity::update_many()
        .col_expr(table::Column::Answer, Expr::value(answer))
        .filter(table::Column::ActorId.eq(session.actor().user_id))
        .filter(table::Column::Key.eq(key))
        .exec(session)
        .await?;
    Ok(())
}

/// Removes keys that were claimed before an instant, with what was answered; returns how many.
pub async fn purge<S: Realm>(session: &Session<S>, before: DateTime<Utc>) -> Result<i64, DatabaseError> {
    count_before(session, "SELECT idempotency_key_purge($1)", before).await
}
