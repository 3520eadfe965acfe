//! Refresh tokens, by their hash. A family is all that descends from one log-in.

use chrono::{DateTime, Utc};
use entity::realm::{dim_user, session as table};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::statement::count_before;
use crate::tenancy::{DatabaseError, Realm, Session};

/// A refresh token as stored.
#[derive(Clone, Debug)]
pub struct RefreshTokenRecord {
    /// SHA-256 of the token's secret.
    pub hash: Vec<u8>,
    /// The log-in that it descends from.
    pub family: Uuid,
    /// Whose it is.
    pub user: Uuid,
    /// When it was given out.
    pub issued_at: DateTime<Utc>,
    /// When it ends unused.
    pub expires_at: DateTime<Utc>,
    /// When it was exchanged for the next one.
    pub used_at: Option<DateTime<Utc>>,
    /// When its family was ended.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Stores a token just given out.
pub async fn insert<S: Realm>(session: &Session<S>, token: RefreshTokenRecord) -> Result<(), DatabaseError> {
    let row = table::ActiveModel {
        token_hash: Set(token.hash),
        family_id: Set(token.family),
        user_id: Set(token.user),
        issued_at: Set(token.issued_at),
        expires_at: Set(token.expires_at),
        used_at: Set(token.used_at),
        revoked_at: Set(token.revoked_at),
    };
    table::Entity::insert(row).exec_without_returning(session).await?;
    Ok(())
}

/// The token with this hash, read while its person's row is locked. Whatever uses or ends tokens takes that lock first: of
/// two exchanges at once one sees the other's, and the end of a family includes the token that is being given out.
pub async fn lock<S: Realm>(session: &Session<S>, hash: &[u8]) -> Result<Option<RefreshTokenRecord>, DatabaseError> {
    let token = || table::Entity::find_by_id(hash.to_vec());
    let Some(unlocked) = token().one(session).await? else {
        return Ok(None);
    };
    dim_user::Entity::find_by_id(unlocked.user_id).lock(LockType::NoKeyUpdate).one(session).await?;
    let row = token().one(session).await?;
    Ok(row.map(|row| RefreshTokenRecord {
        hash: row.token_hash,
        family: row.family_id,
        user: row.user_id,
        issued_at: row.issued_at,
        expires_at: row.expires_at,
        used_at: row.used_at,
        revoked_at: row.revoked_at,
    }))
}

/// Notes that the token was exchanged.
pub async fn mark_used<S: Realm>(session: &Session<S>, hash: &[u8], now: DateTime<Utc>) -> Result<(), DatabaseError> {
    table::Entity::update_many()
        .col_expr(table::Column::UsedAt, Expr::value(now))
        .filter(table::Column::TokenHash.eq(hash.to_vec()))
        .exec(session)
        .await?;
    Ok(())
}

/// Removes tokens that expired before an instant, and their log-ins; returns how many tokens.
pub async fn purge<S: Realm>(session: &Session<S>, before: DateTime<Utc>) -> Result<i64, DatabaseError> {
    count_before(session, "SELECT session_purge($1)", before).await
}
