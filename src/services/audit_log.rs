//! Reading what was done, and showing that nobody altered it.

use uuid::Uuid;

use super::{Caller, ServiceError, Services, access, settle};
use crate::audit::checkpoint::Checkpoint;
use crate::audit::sealed::Head;
use crate::audit::verify::Report;
use crate::audit::{self, Filter, Logged};
use crate::auth::{Permission, PublicKey};
use crate::storage::Page;
use crate::tenancy::{Access, Session, Tenant};

impl Services {
    /// Entries of the tenant's audit log, the latest first.
    pub async fn audit_page(
        &self,
        session: &Session<Tenant>,
        filter: &Filter,
        page: Page<Uuid>,
    ) -> Result<Vec<Logged>, ServiceError> {
        access::require(session.actor(), Permission::AuditRead)?;
        Ok(audit::page(session, filter, page).await?)
    }

    /// How many entries a filter leaves.
    pub async fn audit_count(&self, session: &Session<Tenant>, filter: &Filter) -> Result<u64, ServiceError> {
        access::require(session.actor(), Permission::AuditRead)?;
        Ok(audit::count(session, filter).await?)
    }

    /// Reads the tenant's whole log and says what was done to it, held to its checkpoints and to those that were `kept` elsewhere.
    /// They must be signed by one of `keys`, or of the installation's.
    pub async fn audit_verify(
        &self,
        caller: &Caller,
        kept: &[Checkpoint],
        keys: Option<&[PublicKey]>,
    ) -> Result<(Head, Report), ServiceError> {
        access::require(&caller.actor, Permission::AuditRead)?;
        let own = self.audit_keys().await;
        let session = self.read(caller).await?;
        let result = audit::check(&session, kept, keys.unwrap_or(&own)).await;
        settle(session, result.map_err(ServiceError::from)).await
    }

    /// The same of the platform's log: for whoever commands the machine.
    pub async fn audit_verify_platform(
        &self,
        kept: &[Checkpoint],
        keys: Option<&[PublicKey]>,
    ) -> Result<(Head, Report), ServiceError> {
        let own = self.audit_keys().await;
        let session = self.gateway.platform(Access::Read).await?;
        let result = audit::check(&session, kept, keys.unwrap_or(&own)).await;
        settle(session, result.map_err(ServiceError::from)).await
    }

    /// The keys that checkpoints may be signed with, retired ones too; not those that were revoked.
    pub async fn audit_keys(&self) -> Vec<PublicKey> {
        self.keys.now(&self.gateway, self.environment.clock.now()).await.audited.clone()
    }
}
