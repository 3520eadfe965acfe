//! The one on whose behalf something is done.

use uuid::Uuid;

use super::{
    permission::{Permission, PermissionSet},
    realm::{Realm, TenantId},
    role::Role,
};

/// Whether a person acts or the server itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// A person who has logged in.
    User,
    /// A program with an API key.
    Service,
    /// The server: a job, a migration, a command on the machine.
    System,
}

/// An authenticated caller with everything that authorisation needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The person; for the system, the id under which its work is recorded.
    pub user_id: Uuid,
    /// The tenant the actor belongs to; nothing for the platform.
    pub tenant: Option<TenantId>,
    /// The role at the time the actor was authenticated.
    pub role: Role,
    /// What the actor may do.
    pub permissions: PermissionSet,
    /// The family of tokens that began with one log-in.
    pub session: Uuid,
    /// A person or the server.
    pub kind: ActorKind,
}

impl Actor {
    /// Whether the actor may do this.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(permission)
    }

    /// The directory the actor belongs to.
    pub fn realm(&self) -> Realm {
        self.tenant.into()
    }
}
