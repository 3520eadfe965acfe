//! People.

use std::sync::Arc;

use async_graphql::{Enum, ID, Object, SimpleObject};

use super::tenant::Tenant;
use crate::auth::Role;
use crate::graphql::connection::connection;
use crate::graphql::id::Kind;
use crate::graphql::scalars::{Currency, Instant};
use crate::services::Caller;
use crate::storage::user::User as Row;

/// What a person may do, as a named set of permissions. `roles` shows what each permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum UserRole {
    /// Runs the installation and its tenants; belongs to no tenant and sees no tenant's portfolios.
    PlatformOperator,
    /// Runs the firm: its people, its portfolios, its data.
    Admin,
    /// Looks after the portfolios of the clients assigned to them.
    Advisor,
    /// Sees and keeps their own portfolios.
    Investor,
    /// Reads everything of the firm and changes nothing.
    Auditor,
    /// A program with an API key.
    Service,
    /// A role that the firm has made for itself: `roleCode` says which.
    Custom,
}

impl From<Role> for UserRole {
    fn from(role: Role) -> Self {
        match role {
            Role::PlatformOperator => Self::PlatformOperator,
            Role::Admin => Self::Admin,
            Role::Advisor => Self::Advisor,
            Role::Investor => Self::Investor,
            Role::Auditor => Self::Auditor,
            Role::Service => Self::Service,
            Role::Custom => Self::Custom,
        }
    }
}

impl From<UserRole> for Role {
    fn from(role: UserRole) -> Self {
        match role {
            UserRole::PlatformOperator => Self::PlatformOperator,
            UserRole::Admin => Self::Admin,
            UserRole::Advisor => Self::Advisor,
            UserRole::Investor => Self::Investor,
            UserRole::Auditor => Self::Auditor,
            UserRole::Service => Self::Service,
            UserRole::Custom => Self::Custom,
        }
    }
}

/// A person of the tenant.
#[derive(Clone)]
pub struct User(pub Arc<Row>);

impl From<Row> for User {
    fn from(row: Row) -> Self {
        Self(Arc::new(row))
    }
}

/// A person of the tenant.
#[Object]
impl User {
    /// The person's id.
    pub async fn id(&self) -> ID {
        Kind::User.id(self.0.id)
    }

    /// The address that the person logs in with.
    async fn email(&self) -> &str {
        &self.0.email
    }

    /// The person's name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What the person may do.
    async fn role(&self) -> UserRole {
        self.0.role.into()
    }

    /// The code of the person's role, as `roles` shows it: also of one that the firm has made for itself.
    async fn role_code(&self) -> &str {
        &self.0.role_code
    }

    /// Whether the address has been proved to be the person's: by an invitation, a password reset or a change of address.
    async fn email_verified(&self) -> bool {
        self.0.email_verified_at.is_some()
    }

    /// Whether the person may log in.
    async fn active(&self) -> bool {
        self.0.active
    }

    /// The person's settings.
    async fn settings(&self) -> UserSettings {
        UserSettings {
            currency: Currency(self.0.currency),
            time_zone: self.0.time_zone.clone(),
            locale: self.0.locale.clone(),
        }
    }

    /// Grows with each change of the record: pass it as `expectedVersion` to `userSettingsUpdate`.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// Since when the record exists.
    async fn created_at(&self) -> Instant {
        Instant(self.0.created_at)
    }
}

/// How a person likes figures and dates to be shown.
#[derive(Clone, Debug, SimpleObject)]
pub struct UserSettings {
    /// The currency that a front end shows figures in where the person has not chosen one.
    currency: Currency,
    /// An IANA time zone such as `Europe/Zurich`.
    time_zone: String,
    /// A BCP 47 language tag such as `de-CH`.
    locale: String,
}

/// Who is logged in.
#[derive(Clone, SimpleObject)]
pub struct Viewer {
    /// The person.
    pub user: User,
    /// The person's tenant; null for an operator of the platform.
    pub tenant: Option<Tenant>,
    /// What the person may do, by the names of the permissions.
    pub permissions: Vec<String>,
}

connection!(UserConnection, UserEdge, User, "people of the tenant");

impl Viewer {
    /// A caller and their own record.
    pub fn new(caller: &Caller, record: Row) -> Self {
        Self {
            user: User::from(record),
            tenant: caller.tenant.clone().map(Tenant),
            permissions: caller.actor.permissions.iter().map(|permission| permission.code().to_owned()).collect(),
        }
    }
}
