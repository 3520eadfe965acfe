//! Password hashes.

use chrono::{DateTime, Utc};
use entity::realm::credential;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait};
use uuid::Uuid;

use crate::tenancy::{DatabaseError, Realm, Session};

/// A person's password hash in PHC form.
pub async fn password_hash<S: Realm>(session: &Session<S>, user: Uuid) -> Result<Option<String>, DatabaseError> {
    Ok(credential::Entity::find_by_id(user).one(session).await?.map(|row| row.password_hash))
}

/// Stores a person's password hash, in place of an earlier one.
pub async fn put<S: Realm>(
    session: &Session<S>,
    user: Uuid,
    password_hash: String,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let row = credential::ActiveModel { user_id: Set(user), password_hash: Set(password_hash), changed_at: Set(now) };
    let replace = OnConflict::column(credential::Column::UserId)
        .update_columns([credential::Column::PasswordHash, credential::Column::ChangedAt])
        .to_owned();
    credential::Entity::insert(row).on_conflict(replace).exec_without_returning(session).await?;
    Ok(())
}
