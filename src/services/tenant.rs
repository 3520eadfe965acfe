//! Firms, as operators of the platform run them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Caller, Done, RefusalCode, ServiceError, Services, access, settle};
use crate::auth::Permission;
use crate::storage;
use crate::storage::tenant::Changed;
use crate::tenancy::{Access, TenantRecord, TenantStatus};

/// What to change of a firm; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct TenantChanges {
    /// Another name.
    pub name: Option<String>,
    /// Where its data is to stay, as a label; an empty one takes the label away.
    pub residency: Option<String>,
}

/// The longest label of a residency.
const MAX_RESIDENCY: usize = 60;

/// The longest name of a firm.
const MAX_NAME: usize = 200;

impl Services {
    /// Stops serving a firm: its people are signed out at once and cannot log in, its jobs end after the stretch that they are at and wait,
    /// and all of its data is kept. Nothing changes for one that is suspended.
    pub async fn tenant_suspend(&self, caller: &Caller, id: Uuid) -> Result<TenantRecord, ServiceError> {
        self.change_tenant(caller, id, "tenantSuspend", |tenant| {
            tenant.status = TenantStatus::Suspended;
            Ok(())
        })
        .await
    }

    /// Serves a firm again that was suspended, as it was left.
    pub async fn tenant_resume(&self, caller: &Caller, id: Uuid) -> Result<TenantRecord, ServiceError> {
        self.change_tenant(caller, id, "tenantResume", |tenant| {
            tenant.status = TenantStatus::Active;
            Ok(())
        })
        .await
    }

    /// Changes a firm's name, or where its data is to stay.
    pub async fn tenant_update(
        &self,
        caller: &Caller,
        id: Uuid,
        changes: TenantChanges,
    ) -> Result<TenantRecord, ServiceError> {
        self.change_tenant(caller, id, "tenantUpdate", |tenant| {
            if let Some(name) = &changes.name {
                tenant.name = checked("name", name, 1, MAX_NAME)?;
            }
            if let Some(residency) = &changes.residency {
                let label = checked("residency", residency, 0, MAX_RESIDENCY)?;
                tenant.residency = (!label.is_empty()).then_some(label);
            }
            Ok(())
        })
        .await
    }

    async fn change_tenant(
        &self,
        caller: &Caller,
        id: Uuid,
        action: &'static str,
        change: impl FnOnce(&mut TenantRecord) -> Result<(), ServiceError>,
    ) -> Result<TenantRecord, ServiceError> {
        access::require(&caller.actor, Permission::TenantsManage)?;
        let session = self.gateway.platform(Access::Write).await?;
        let result = async {
            let unknown = || ServiceError::refused(RefusalCode::NotFound, &["id"], "no such tenant");
            let before = storage::tenant::lock(&session, id).await?.ok_or_else(unknown)?;
            let mut wanted = before.clone();
            change(&mut wanted)?;
            let changed = Changed { name: &wanted.name, status: wanted.status, residency: wanted.residency.as_deref() };
            let after = storage::tenant::update(&session, id, changed).await?.ok_or_else(unknown)?;
            let [was, is] = [&before, &after].map(shown);
            if was != is {
                let done = Done { action, entity_type: "Tenant", entity_id: id, before: Some(was), after: Some(is) };
                self.audit(&session, caller, done).await?;
            }
            Ok(after)
        }
        .await;
        let after = settle(session, result).await?;
        self.gateway.forget(id);
        Ok(after)
    }
}

fn shown(tenant: &TenantRecord) -> Value {
    json!({ "name": tenant.name, "status": tenant.status.code(), "residency": tenant.residency })
}

fn checked(field: &'static str, text: &str, least: usize, most: usize) -> Result<String, ServiceError> {
    let text = text.trim();
    let length = text.chars().count();
    if (least..=most).contains(&length) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    let message = format!("{field} has {length} characters; {least} to {most} are expected, none of them for control");
    Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", field], message))
}
