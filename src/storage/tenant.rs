//! Tenants, as operators of the platform change them.

use entity::platform::tenant;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel, QuerySelect};
use uuid::Uuid;

use crate::tenancy::{DatabaseError, Platform, Session, TenantRecord, TenantStatus};

/// What operators may change of a tenant.
#[derive(Clone, Debug)]
pub struct Changed<'a> {
    /// The firm's name.
    pub name: &'a str,
    /// Whether it is served.
    pub status: TenantStatus,
    /// Where its data is to stay.
    pub residency: Option<&'a str>,
}

/// The tenant with this id, kept from other changes until the session ends.
pub async fn lock(session: &Session<Platform>, id: Uuid) -> Result<Option<TenantRecord>, DatabaseError> {
    let row = tenant::Entity::find_by_id(id).lock_exclusive().one(session).await?;
    row.map(TenantRecord::try_from).transpose()
}

/// Changes a tenant that is locked.
pub async fn update(
    session: &Session<Platform>,
    id: Uuid,
    changed: Changed<'_>,
) -> Result<Option<TenantRecord>, DatabaseError> {
    let Some(row) = tenant::Entity::find_by_id(id).one(session).await? else { return Ok(None) };
    let mut row = row.into_active_model();
    row.name = Set(changed.name.to_owned());
    row.status = Set(changed.status.code().to_owned());
    row.residency = Set(changed.residency.map(ToOwned::to_owned));
    TenantRecord::try_from(row.update(session).await?).map(Some)
}
