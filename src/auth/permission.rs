//! Named permissions, and a set of them that fits in a register.

use std::{fmt, str::FromStr};

macro_rules! permissions {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal,)+) => {
        /// One thing an actor may do, by its stored code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Permission { $($(#[doc = $doc])+ $name,)+ }

        impl Permission {
            /// Every permission, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code under which the permission is stored and shown.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// What the permission permits, in a sentence.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

permissions! {
    /// Read the own tenant's record.
    TenantRead = "TENANT_READ",
    /// Read every tenant's record; for operators of the platform.
    TenantsRead = "TENANTS_READ",
    /// Read the people of the own realm.
    UsersRead = "USERS_READ",
    /// Invite, change and disable people.
    UsersManage = "USERS_MANAGE",
    /// Read roles and what they grant.
    RolesRead = "ROLES_READ",
    /// Make and change the tenant's own roles.
    RolesManage = "ROLES_MANAGE",
    /// Make, list and end API keys.
    ApiKeysManage = "API_KEYS_MANAGE",
    /// Read every portfolio of the tenant.
    PortfoliosReadAll = "PORTFOLIOS_READ_ALL",
    /// Read the portfolios one is assigned to.
    PortfoliosReadAssigned = "PORTFOLIOS_READ_ASSIGNED",
    /// Read the portfolios one owns.
    PortfoliosReadOwn = "PORTFOLIOS_READ_OWN",
    /// Change every portfolio of the tenant.
    PortfoliosWriteAll = "PORTFOLIOS_WRITE_ALL",
    /// Change the portfolios one is assigned to.
    PortfoliosWriteAssigned = "PORTFOLIOS_WRITE_ASSIGNED",
    /// Change the portfolios one owns.
    PortfoliosWriteOwn = "PORTFOLIOS_WRITE_OWN",
    /// Read instruments, prices and rates.
    MarketRead = "MARKET_READ",
    /// Read the audit log.
    AuditRead = "AUDIT_READ",
    /// Change one's own settings.
    SettingsUpdateOwn = "SETTINGS_UPDATE_OWN",
    /// Keep the tenant's own instruments, enter prices by hand, and override the market's; all of it counts for the whole tenant.
    PricesManage = "PRICES_MANAGE",
    /// Lock and unlock periods, and record into a locked one.
    LedgerLock = "LEDGER_LOCK",
    /// Decide about market data that is held, and see the runs that load it; for operators of the platform.
    MarketManage = "MARKET_MANAGE",
    /// Read jobs, what they came to, and schedules: the own tenant's, an operator the installation's.
    JobsRead = "JOBS_READ",
    /// Retry, discard and cancel jobs, and change schedules.
    JobsManage = "JOBS_MANAGE",
    /// Suspend, resume and change tenants; for operators of the platform.
    TenantsManage = "TENANTS_MANAGE",
    /// Ask for the description of the schema where not everyone may.
    SchemaRead = "SCHEMA_READ",
}

/// No permission has this code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a permission")]
pub struct UnknownPermission(pub String);

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|permission| permission.code() == code)
            .ok_or_else(|| UnknownPermission(code.to_owned()))
    }
}

/// A set of permissions. The empty set permits nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PermissionSet(u32);

// The set holds one bit a permission.
const _: () = assert!(Permission::ALL.len() <= u32::BITS as usize);

impl PermissionSet {
    /// The set of exactly these permissions.
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        // A `for` loop cannot run in a constant.
        while index < permissions.len() {
            bits |= 1 << permissions[index] as u8;
            index += 1;
        }
        Self(bits)
    }

    /// Whether the set holds the permission.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    /// Whether the set holds at least one of the permissions.
    pub fn contains_any(self, permissions: &[Permission]) -> bool {
        self.0 & Self::of(permissions).0 != 0
    }

    /// The permissions that are in both sets.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those of `other` that the holder of this set does not have in substance: who may read all portfolios may read those of
    /// their clients.
    pub fn missing_of(self, other: Self) -> Vec<Permission> {
        use Permission as P;
        let implied = |all: Permission, less: &[Permission]| {
            if self.contains(all) { PermissionSet::of(less) } else { Self::default() }
        };
        let read = implied(P::PortfoliosReadAll, &[P::PortfoliosReadAssigned, P::PortfoliosReadOwn]);
        let write = implied(P::PortfoliosWriteAll, &[P::PortfoliosWriteAssigned, P::PortfoliosWriteOwn]);
        let held = Self(self.0 | read.0 | write.0);
        other.iter().filter(|permission| !held.contains(*permission)).collect()
    }

    /// The permissions held, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        permissions.into_iter().fold(Self::default(), |set, permission| Self(set.0 | Self::of(&[permission]).0))
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_and_is_unique() {
        for permission in Permission::ALL {
            assert_eq!(permission.to_string().parse(), Ok(*permission));
        }
        assert_eq!("*".parse::<Permission>(), Err(UnknownPermission("*".to_owned())));
    }

    #[test]
    fn who_may_do_it_to_all_may_do_it_to_some() {
        use Permission as P;
        let all = PermissionSet::of(&[P::PortfoliosReadAll, P::AuditRead]);
        assert_eq!(all.missing_of(PermissionSet::of(&[P::PortfoliosReadOwn, P::PortfoliosReadAssigned])), []);
        assert_eq!(all.missing_of(PermissionSet::of(&[P::PortfoliosWriteOwn])), [P::PortfoliosWriteOwn]);
        let own = PermissionSet::of(&[P::PortfoliosReadOwn]);
        assert_eq!(own.missing_of(all), [P::PortfoliosReadAll, P::AuditRead]);
        assert_eq!(all.intersection(own), PermissionSet::default());
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        for held in Permission::ALL {
            let set = PermissionSet::of(&[*held]);
            assert_eq!(set.iter().collect::<Vec<_>>(), [*held]);
            assert_eq!(set, set.iter().collect());
        }
        assert!(!PermissionSet::default().contains_any(Permission::ALL));
        assert!(PermissionSet::of(Permission::ALL).contains_any(&[Permission::AuditRead]));
    }
}
