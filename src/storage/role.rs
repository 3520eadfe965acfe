//! Roles and what they permit: data, read at each authentication.

use std::collections::BTreeMap;

use entity::realm::role::Model as RoleRow;
use entity::realm::{role, role_permission};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::statement::ask;
use crate::auth::PermissionSet;
use crate::tenancy::{DatabaseError, Realm, Session, Tenant};

/// A role as stored.
#[derive(Clone, Debug)]
pub struct RoleRecord {
    /// Which role.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it permits.
    pub permissions: PermissionSet,
    /// Whether the tenant has made it for itself.
    pub is_custom: bool,
}

const SAVE: &str = "SELECT role_save($1, $2, $3, $4)";
const DELETE: &str = "SELECT role_delete($1)";
const USES: &str = "
SELECT (SELECT count(*) FROM dim_user WHERE role_code = $1) + (SELECT count(*) FROM mail_token WHERE role_code = $1)";

async fn one<T: sea_orm::TryGetable>(
    session: &Session<Tenant>,
    sql: &'static str,
    values: impl IntoIterator<Item = sea_orm::Value>,
) -> Result<T, DatabaseError> {
    let row = ask(session, sql, values).await?.into_iter().next();
    let row = row.ok_or_else(|| DatabaseError::Corrupt("a statement of one row answered none".to_owned()))?;
    Ok(row.try_get_by_index(0)?)
}

/// Makes or changes a role of the tenant's own; `false` where the code is a built-in one's.
pub async fn save(session: &Session<Tenant>, role: &RoleRecord) -> Result<bool, DatabaseError> {
    let codes: Vec<&str> = role.permissions.iter().map(|permission| permission.code()).collect();
    let values =
        [role.code.clone().into(), role.name.clone().into(), role.description.clone().into(), codes.join(" ").into()];
    one(session, SAVE, values).await
}

/// Removes a role of the tenant's own; `false` where there is none of this code.
pub async fn delete(session: &Session<Tenant>, code: &str) -> Result<bool, DatabaseError> {
    one(session, DELETE, [code.into()]).await
}

/// How many people and invitations, those that are over too, name the role.
pub async fn uses(session: &Session<Tenant>, code: &str) -> Result<i64, DatabaseError> {
    one(session, USES, [code.into()]).await
}

/// What one role permits.
pub async fn permissions<S: Realm>(session: &Session<S>, role: &str) -> Result<PermissionSet, DatabaseError> {
    let rows = role_permission::Entity::find().filter(role_permission::Column::RoleCode.eq(role)).all(session).await?;
    collect(rows)
}

/// The role with this code, with its permissions.
pub async fn by_code<S: Realm>(session: &Session<S>, code: &str) -> Result<Option<RoleRecord>, DatabaseError> {
    let Some(row) = role::Entity::find_by_id(code).one(session).await? else {
        return Ok(None);
    };
    let permissions = permissions(session, code).await?;
    let RoleRow { code, name, description, is_custom } = row;
    Ok(Some(RoleRecord { code, name, description, permissions, is_custom }))
}

/// Every role with its permissions, by code.
pub async fn all<S: Realm>(session: &Session<S>) -> Result<Vec<RoleRecord>, DatabaseError> {
    let mut grants: BTreeMap<String, Vec<role_permission::Model>> = BTreeMap::new();
    for row in role_permission::Entity::find().all(session).await? {
        grants.entry(row.role_code.clone()).or_default().push(row);
    }
    let roles = role::Entity::find().order_by_asc(role::Column::Code).all(session).await?;
    roles
        .into_iter()
        .map(|row| {
            let permissions = collect(grants.remove(&row.code).unwrap_or_default())?;
            let RoleRow { code, name, description, is_custom } = row;
            Ok(RoleRecord { code, name, description, permissions, is_custom })
        })
        .collect()
}

fn collect(rows: Vec<role_permission::Model>) -> Result<PermissionSet, DatabaseError> {
    rows.into_iter()
        .map(|row| row.permission.parse().map_err(|error| DatabaseError::Corrupt(format!("{error}"))))
        .collect()
}
