//! The roles a person can hold, and what each may do unless an administrator says otherwise.

use std::{fmt, str::FromStr};

use super::permission::{Permission, PermissionSet};

/// A role, by its stored code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Runs the installation; sees tenants, never their portfolios.
    PlatformOperator,
    /// Runs one tenant.
    Admin,
    /// Looks after the portfolios assigned to them.
    Advisor,
    /// Owns portfolios.
    Investor,
    /// Reads everything of a tenant, changes nothing.
    Auditor,
    /// A program with an API key: what its key allows of what is granted here.
    Service,
    /// A role that the tenant has made for itself; which one, its code says.
    Custom,
}

/// No role has this code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a role; the roles are PLATFORM_OPERATOR, ADMIN, ADVISOR, INVESTOR, AUDITOR, SERVICE and a firm's own"
)]
pub struct UnknownRole(pub String);

impl Role {
    /// Every role that an installation has from the beginning, in the order of the documentation.
    pub const ALL: [Self; 6] =
        [Self::PlatformOperator, Self::Admin, Self::Advisor, Self::Investor, Self::Auditor, Self::Service];

    /// The role that a stored code names: where it is none of the built-in ones, the tenant has made it.
    pub fn of_code(code: &str) -> Self {
        Self::ALL.into_iter().find(|role| role.code() == code).unwrap_or(Self::Custom)
    }

    /// The code under which the role is stored and shown.
    pub const fn code(self) -> &'static str {
        match self {
            Self::PlatformOperator => "PLATFORM_OPERATOR",
            Self::Admin => "ADMIN",
            Self::Advisor => "ADVISOR",
            Self::Investor => "INVESTOR",
            Self::Auditor => "AUDITOR",
            Self::Service => "SERVICE",
            Self::Custom => "CUSTOM",
        }
    }

    /// Whether a person can hold the role in a tenant.
    pub const fn is_for_people(self) -> bool {
        !matches!(self, Self::PlatformOperator | Self::Service)
    }

    /// Whether holders of the role belong to the platform and to no tenant.
    pub const fn is_platform(self) -> bool {
        matches!(self, Self::PlatformOperator)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        // Not by `of_code`: in a token or on a command line another word is a mistake.
        let named = Self::ALL.into_iter().chain([Self::Custom]).find(|role| role.code() == code);
        named.ok_or_else(|| UnknownRole(code.to_owned()))
    }
}

/// What each role may do in a new installation: the rows that seed the grants table, which is the truth from then on.
pub const fn default_grants(role: Role) -> PermissionSet {
    use Permission as P;
    PermissionSet::of(match role {
        Role::PlatformOperator => {
            &[P::TenantsRead, P::TenantsManage, P::MarketManage, P::JobsRead, P::JobsManage, P::SchemaRead]
        }
        Role::Admin => &[
            P::TenantRead,
            P::UsersRead,
            P::UsersManage,
            P::RolesRead,
            P::RolesManage,
            P::ApiKeysManage,
            P::PortfoliosReadAll,
            P::PortfoliosWriteAll,
            P::PricesManage,
            P::LedgerLock,
            P::MarketRead,
            P::AuditRead,
            P::SettingsUpdateOwn,
            P::JobsRead,
            P::JobsManage,
            P::SchemaRead,
        ],
        Role::Advisor => &[
            P::TenantRead,
            P::UsersRead,
            P::RolesRead,
            P::PortfoliosReadAssigned,
            P::PortfoliosWriteAssigned,
            P::PricesManage,
            P::MarketRead,
            P::SettingsUpdateOwn,
        ],
        Role::Investor => {
            &[P::TenantRead, P::PortfoliosReadOwn, P::PortfoliosWriteOwn, P::MarketRead, P::SettingsUpdateOwn]
        }
        Role::Auditor => &[
            P::TenantRead,
            P::UsersRead,
            P::RolesRead,
            P::PortfoliosReadAll,
            P::MarketRead,
            P::AuditRead,
            P::SettingsUpdateOwn,
            P::JobsRead,
        ],
        // The most that an API key can be given. Nothing that makes others able to do anything: no people, roles or keys.
        Role::Service => &[
            P::TenantRead,
            P::PortfoliosReadAll,
            P::PortfoliosReadAssigned,
            P::PortfoliosReadOwn,
            P::PortfoliosWriteAll,
            P::PortfoliosWriteAssigned,
            P::PortfoliosWriteOwn,
            P::PricesManage,
            P::MarketRead,
            P::AuditRead,
            P::JobsRead,
        ],
        Role::Custom => &[],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse(), Ok(role));
        }
        assert_eq!(Role::of_code("ADMIN"), Role::Admin);
        assert_eq!(Role::of_code("ASSISTANT"), Role::Custom);
        assert_eq!("admin".parse::<Role>(), Err(UnknownRole("admin".to_owned())));
    }

    #[test]
    fn an_operator_may_not_touch_portfolios_and_an_auditor_may_not_write() {
        let portfolios = |permission: &Permission| permission.code().starts_with("PORTFOLIOS");
        assert!(!default_grants(Role::PlatformOperator).iter().any(|permission| portfolios(&permission)));
        let writes =
            |permission: Permission| permission.code().contains("WRITE") || permission.code().contains("MANAGE");
        assert!(!default_grants(Role::Auditor).iter().any(writes));
    }

    #[test]
    fn an_investor_sees_only_what_is_theirs() {
        let grants = default_grants(Role::Investor);
        assert!(grants.contains(Permission::PortfoliosReadOwn));
        assert!(!grants.contains(Permission::PortfoliosReadAll));
        assert!(!grants.contains(Permission::PortfoliosReadAssigned));
        assert!(!grants.contains(Permission::UsersRead));
    }
}
