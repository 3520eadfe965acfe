//! Roles.

use async_graphql::SimpleObject;

use crate::storage::role::RoleRecord;

/// A role and what it permits, as stored for the tenant.
#[derive(Clone, Debug, SimpleObject)]
pub struct Role {
    /// The role's code, as `User.role` shows it.
    code: String,
    /// The role's name.
    name: String,
    /// What the role is for.
    description: String,
    /// The names of the permissions that it grants.
    permissions: Vec<String>,
    /// Whether the firm has made it for itself and may change it.
    is_custom: bool,
}

impl From<RoleRecord> for Role {
    fn from(role: RoleRecord) -> Self {
        let permissions = role.permissions.iter().map(|permission| permission.code().to_owned()).collect();
        Self { code: role.code, name: role.name, description: role.description, permissions, is_custom: role.is_custom }
    }
}
