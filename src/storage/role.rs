//! Roles and what they permit: data, read at each authentication.

use std::collections::BTreeMap;

use entity::realm::{role, role_permission};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::auth::PermissionSet;
use crate::tenancy::{DatabaseError, Realm, Session};

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
    Ok(Some(RoleRecord { code: row.code, name: row.name, description: row.description, permissions }))
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
            Ok(RoleRecord { code: row.code, name: row.name, description: row.description, permissions })
        })
        .collect()
}

fn collect(rows: Vec<role_permission::Model>) -> Result<PermissionSet, DatabaseError> {
    rows.into_iter()
        .map(|row| row.permission.parse().map_err(|error| DatabaseError::Corrupt(format!("{error}"))))
        .collect()
}
