//! Keys of programs, by their hash.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::realm::{api_key, api_key_scope};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect,
};
use uuid::Uuid;

use super::Page;
use super::statement::{ask, run};
use crate::auth::{PermissionSet, UnknownPermission};
use crate::tenancy::{DatabaseError, Session, Tenant};

/// A key.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Its id.
    pub id: Uuid,
    /// The program that it is of, as a person.
    pub user: Uuid,
    /// Who made it.
    pub created_by: Uuid,
    /// What it is called.
    pub name: String,
    /// What it allows at the most.
    pub scopes: PermissionSet,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When it was last used, within a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// What a key allows at the moment.
#[derive(Clone, Debug)]
pub struct Allowed {
    /// The key.
    pub id: Uuid,
    /// The program.
    pub user: Uuid,
    /// What the key is called.
    pub name: String,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// What it was made for, as far as the role SERVICE grants it.
    pub scopes: PermissionSet,
    /// What its maker may do.
    pub makers: PermissionSet,
}

/// Of a key that is good, whose maker and whose program may act.
const ALLOWED: &str = "
SELECT k.id, k.user_id, k.name, k.expires_at,
    (SELECT string_agg(s.permission, ' ') FROM api_key_scope s JOIN role_permission g
        ON g.role_code = 'SERVICE' AND g.permission = s.permission WHERE s.key_id = k.id) AS scopes,
    (SELECT string_agg(p.permission, ' ') FROM role_permission p WHERE p.role_code = m.role_code) AS makers
FROM api_key k
JOIN dim_user u ON u.id = k.user_id AND u.status = 'ACTIVE'
JOIN dim_user m ON m.id = k.created_by AND m.status = 'ACTIVE'
WHERE (k.key_hash = $1 OR k.user_id = $2) AND k.ended_at IS NULL AND k.expires_at > $3";
const USED: &str = "
UPDATE api_key SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3)";
const END: &str = "UPDATE api_key SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";

fn permissions(row: &QueryResult, column: &str) -> Result<PermissionSet, DatabaseError> {
    let codes = row.try_get::<Option<String>>("", column)?.unwrap_or_default();
    let codes = codes.split_whitespace().map(str::parse);
    codes.collect::<Result<_, UnknownPermission>>().map_err(|error| DatabaseError::Corrupt(error.to_string()))
}

async fn allowed(
    session: &Session<Tenant>,
    hash: Option<&[u8]>,
    user: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Option<Allowed>, DatabaseError> {
    let values = [hash.map(<[u8]>::to_vec).into(), user.into(), now.into()];
    let Some(row) = ask(session, ALLOWED, values).await?.into_iter().next() else {
        return Ok(None);
    };
    Ok(Some(Allowed {
        id: row.try_get("", "id")?,
        user: row.try_get("", "user_id")?,
        name: row.try_get("", "name")?,
        expires_at: row.try_get("", "expires_at")?,
        scopes: permissions(&row, "scopes")?,
        makers: permissions(&row, "makers")?,
    }))
}

/// What the key with this hash allows; nothing where it is unknown or over.
pub async fn by_hash(
    session: &Session<Tenant>,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Allowed>, DatabaseError> {
    allowed(session, Some(hash), None, now).await
}

/// What the key of this program allows; nothing where it is over.
pub async fn of_program(
    session: &Session<Tenant>,
    user: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Allowed>, DatabaseError> {
    allowed(session, None, Some(user), now).await
}

/// Notes that a key was used, unless that was noted after `noted_before`.
pub async fn note_use(
    session: &Session<Tenant>,
    id: Uuid,
    now: DateTime<Utc>,
    noted_before: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    run(session, USED, [id.into(), now.into(), noted_before.into()]).await?;
    Ok(())
}

/// Adds a key.
pub async fn insert(session: &Session<Tenant>, key: &ApiKey, hash: &[u8]) -> Result<(), DatabaseError> {
    let row = api_key::ActiveModel {
        id: Set(key.id),
        user_id: Set(key.user),
        created_by: Set(key.created_by),
        name: Set(key.name.clone()),
        key_hash: Set(hash.to_vec()),
        created_at: Set(key.created_at),
        expires_at: Set(key.expires_at),
        last_used_at: Set(None),
        ended_at: Set(None),
    };
    api_key::Entity::insert(row).exec_without_returning(session).await?;
    let scopes = key.scopes.iter().map(|permission| api_key_scope::ActiveModel {
        key_id: Set(key.id),
        permission: Set(permission.code().to_owned()),
    });
    api_key_scope::Entity::insert_many(scopes).exec_without_returning(session).await?;
    Ok(())
}

async fn with_scopes(session: &Session<Tenant>, rows: Vec<api_key::Model>) -> Result<Vec<ApiKey>, DatabaseError> {
    let of_keys = api_key_scope::Entity::find()
        .filter(api_key_scope::Column::KeyId.is_in(rows.iter().map(|row| row.id)))
        .all(session)
        .await?;
    let mut scopes: HashMap<Uuid, Vec<_>> = HashMap::new();
    for scope in of_keys {
        let permission = scope.permission.parse();
        let permission = permission.map_err(|error: UnknownPermission| DatabaseError::Corrupt(error.to_string()))?;
        scopes.entry(scope.key_id).or_default().push(permission);
    }
    let key = |row: api_key::Model| ApiKey {
        scopes: scopes.remove(&row.id).unwrap_or_default().into_iter().collect(),
        id: row.id,
        user: row.user_id,
        created_by: row.created_by,
        name: row.name,
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
        ended_at: row.ended_at,
    };
    Ok(rows.into_iter().map(key).collect())
}

/// Keys, those that are over too, the latest first.
pub async fn page(session: &Session<Tenant>, page: Page<Uuid>) -> Result<Vec<ApiKey>, DatabaseError> {
    let mut query = api_key::Entity::find().order_by_desc(api_key::Column::Id).limit(page.limit);
    if let Some(after) = page.after {
        query = query.filter(api_key::Column::Id.lt(after));
    }
    with_scopes(session, query.all(session).await?).await
}

/// How many keys there are.
pub async fn count(session: &Session<Tenant>) -> Result<u64, DatabaseError> {
    Ok(api_key::Entity::find().count(session).await?)
}

/// How many keys are good.
pub async fn count_good(session: &Session<Tenant>, now: DateTime<Utc>) -> Result<u64, DatabaseError> {
    let good =
        api_key::Entity::find().filter(api_key::Column::EndedAt.is_null()).filter(api_key::Column::ExpiresAt.gt(now));
    Ok(good.count(session).await?)
}

/// The key with this id.
pub async fn by_id(session: &Session<Tenant>, id: Uuid) -> Result<Option<ApiKey>, DatabaseError> {
    let row = api_key::Entity::find_by_id(id).one(session).await?;
    Ok(with_scopes(session, row.into_iter().collect()).await?.pop())
}

/// Ends a key; `false` where it was ended before.
pub async fn end(session: &Session<Tenant>, id: Uuid, now: DateTime<Utc>) -> Result<bool, DatabaseError> {
    Ok(run(session, END, [id.into(), now.into()]).await? > 0)
}
