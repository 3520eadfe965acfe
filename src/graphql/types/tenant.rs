//! Firms.

use async_graphql::{Enum, ID, Object};

use crate::graphql::id::Kind;
use crate::graphql::scalars::Instant;
use crate::tenancy::{AuditReads as Reads, TenantRecord, TenantStatus as Status};

/// Whether a tenant is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum TenantStatus {
    /// Its people can log in.
    Active,
    /// Its data is kept and nobody can log in.
    Suspended,
}

/// Which reads are in a tenant's audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Reads")]
pub enum AuditReads {
    /// None.
    None,
    /// Those of people's data, and of the log itself.
    Personal,
    /// Those of portfolios' data.
    Portfolio,
    /// Both.
    All,
}

/// A firm with its people and portfolios, apart from every other.
#[derive(Clone)]
pub struct Tenant(pub TenantRecord);

/// A firm with its people and portfolios, apart from every other.
#[Object]
impl Tenant {
    /// The tenant's id.
    pub async fn id(&self) -> ID {
        Kind::Tenant.id(self.0.id)
    }

    /// The short name that its people log in with.
    async fn slug(&self) -> &str {
        &self.0.slug
    }

    /// The firm's name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it is served.
    async fn status(&self) -> TenantStatus {
        match self.0.status {
            Status::Active => TenantStatus::Active,
            Status::Suspended => TenantStatus::Suspended,
        }
    }

    /// Where its data is to stay, as a label; nothing where none was given.
    async fn residency(&self) -> Option<&str> {
        self.0.residency.as_deref()
    }

    /// Which reads are in its audit log.
    async fn audit_reads(&self) -> AuditReads {
        self.0.audit_reads.into()
    }

    /// Since when it exists.
    async fn created_at(&self) -> Instant {
        Instant(self.0.created_at)
    }
}
