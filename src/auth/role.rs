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
}

/// No role has this code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a role; the roles are PLATFORM_OPERATOR, ADMIN, ADVISOR, INVESTOR, AUDITOR")]
pub struct UnknownRole(pub String);

impl Role {
    /// Every role, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::PlatformOperator, Self::Admin, Self::Advisor, Self::Investor, Self::Auditor];

    /// The code under which the role is stored and shown.
    pub const fn code(self) -> &'static str {
        match self {
            Self::PlatformOperator => "PLATFORM_OPERATOR",
            Self::Admin => "ADMIN",
            Self::Advisor => "ADVISOR",
            Self::Investor => "INVESTOR",
            Self::Auditor => "AUDITOR",
        }
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
        Self::ALL.into_iter().find(|role| role.code() == code).ok_or_else(|| UnknownRole(code.to_owned()))
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
