//! The keys that sign access tokens, encrypted at rest.

use chrono::{DateTime, Utc};
use entity::platform::signing_key;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait, QueryOrder, QuerySelect};

use super::statement::run;
use crate::tenancy::{DatabaseError, Platform, Session};

/// A key as stored.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// The id that tokens name it by.
    pub kid: String,
    /// The private half, encrypted under the configuration's secret; gone once it signs no more.
    pub encrypted_private_key: Option<Vec<u8>>,
    /// The public half; of keys made before it was kept, it is in the private one.
    pub public_key: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it signs.
    pub active_from: DateTime<Utc>,
    /// From when on it does not; its tokens are accepted until they are over.
    pub retired_at: Option<DateTime<Utc>>,
}

const RETIRE: &str = "UPDATE signing_key SET retired_at = $2 WHERE kid = $1";
const ERASE: &str = "UPDATE signing_key SET public_key = $2, encrypted_private_key = NULL WHERE kid = $1";

impl From<signing_key::Model> for StoredKey {
    fn from(row: signing_key::Model) -> Self {
        Self {
            kid: row.kid,
            encrypted_private_key: row.encrypted_private_key,
            public_key: row.public_key,
            created_at: row.created_at,
            active_from: row.active_from,
            retired_at: row.retired_at,
        }
    }
}

/// All keys, in the order in which they came to sign.
pub async fn all(session: &Session<Platform>) -> Result<Vec<StoredKey>, DatabaseError> {
    let rows = signing_key::Entity::find()
        .order_by_asc(signing_key::Column::ActiveFrom)
        .order_by_asc(signing_key::Column::Kid)
        .all(session)
        .await?;
    Ok(rows.into_iter().map(StoredKey::from).collect())
}

/// All keys in the same order, locked until the transaction ends.
pub async fn lock_all(session: &Session<Platform>) -> Result<Vec<StoredKey>, DatabaseError> {
    let rows = signing_key::Entity::find()
        .order_by_asc(signing_key::Column::ActiveFrom)
        .order_by_asc(signing_key::Column::Kid)
        .lock_exclusive()
        .all(session)
        .await?;
    Ok(rows.into_iter().map(StoredKey::from).collect())
}

/// Adds a key.
pub async fn insert(session: &Session<Platform>, key: StoredKey) -> Result<(), DatabaseError> {
    let row = signing_key::ActiveModel {
        kid: Set(key.kid),
        algorithm: Set("EdDSA".to_owned()),
        encrypted_private_key: Set(key.encrypted_private_key),
        public_key: Set(key.public_key),
        created_at: Set(key.created_at),
        active_from: Set(key.active_from),
        retired_at: Set(key.retired_at),
    };
    let keep = OnConflict::column(signing_key::Column::Kid).do_nothing().to_owned();
    signing_key::Entity::insert(row).on_conflict(keep).exec_without_returning(session).await?;
    Ok(())
}

/// Says from when on a key does not sign.
pub async fn retire(session: &Session<Platform>, kid: &str, at: DateTime<Utc>) -> Result<(), DatabaseError> {
    run(session, RETIRE, [kid.into(), at.into()]).await?;
    Ok(())
}

/// Removes the private half of a key.
pub async fn erase_private(session: &Session<Platform>, kid: &str, public: &[u8]) -> Result<(), DatabaseError> {
    run(session, ERASE, [kid.into(), public.to_vec().into()]).await?;
    Ok(())
}
