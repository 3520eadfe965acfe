//! Reading what was done.

use uuid::Uuid;

use super::{ServiceError, Services, access};
use crate::audit::{self, Entry, Filter};
use crate::auth::Permission;
use crate::storage::Page;
use crate::tenancy::{Session, Tenant};

impl Services {
    /// Entries of the tenant's audit log, the latest first.
    pub async fn audit_page(
        &self,
        session: &Session<Tenant>,
        filter: &Filter,
        page: Page<Uuid>,
    ) -> Result<Vec<Entry>, ServiceError> {
        access::require(session.actor(), Permission::AuditRead)?;
        Ok(audit::page(session, filter, page).await?)
    }

    /// How many entries a filter leaves.
    pub async fn audit_count(&self, session: &Session<Tenant>, filter: &Filter) -> Result<u64, ServiceError> {
        access::require(session.actor(), Permission::AuditRead)?;
        Ok(audit::count(session, filter).await?)
    }
}
