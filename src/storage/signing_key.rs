//! The keys that sign access tokens, encrypted at rest.

use chrono::{DateTime, Utc};
use entity::platform::signing_key;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait, QueryOrder};

use crate::tenancy::{DatabaseError, Platform, Session};

/// A key as stored.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// The id that tokens name it by.
    pub kid: String,
    /// The private half, encrypted under the configuration's secret.
    pub encrypted_private_key: Vec<u8>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// All keys, the oldest first.
pub async fn all(session: &Session<Platform>) -> Result<Vec<StoredKey>, DatabaseError> {
    let rows = signing_key::Entity::find()
        .order_by_asc(signing_key::Column::CreatedAt)
        .order_by_asc(signing_key::Column::Kid)
        .all(session)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| StoredKey {
            kid: row.kid,
            encrypted_private_key: row.encrypted_private_key,
            created_at: row.created_at,
        })
        .collect())
}

/// Adds a key.
pub async fn insert(session: &Session<Platform>, key: StoredKey) -> Result<(), DatabaseError> {
    let row = signing_key::ActiveModel {
        kid: Set(key.kid),
        algorithm: Set("EdDSA".to_owned()),
        encrypted_private_key: Set(key.encrypted_private_key),
        created_at: Set(key.created_at),
        retired_at: Set(None),
    };
    let keep = OnConflict::column(signing_key::Column::Kid).do_nothing().to_owned();
    signing_key::Entity::insert(row).on_conflict(keep).exec_without_returning(session).await?;
    Ok(())
}
