//! Roles that a tenant makes for itself, and giving roles to people.

use serde_json::json;
use uuid::Uuid;

use super::api_key::permissions;
use super::portfolio::check_length;
use super::{Caller, Done, RefusalCode, ServiceError, Services, access, settle};
use crate::audit;
use crate::auth::{Permission, PermissionSet, Role};
use crate::storage;
use crate::storage::role::RoleRecord;
use crate::storage::user::User;
use crate::tenancy::{Session, Tenant};

/// Roles of a tenant's own.
const MAX_ROLES: usize = 50;

/// What a role is to be.
#[derive(Clone, Debug)]
pub struct RoleTerms {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The codes of what it permits.
    pub permissions: Vec<String>,
}

/// What to change of what a person may do; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct AccessChanges {
    /// The code of another role.
    pub role_code: Option<String>,
    /// Whether they may log in.
    pub active: Option<bool>,
}

impl Services {
    /// Makes a role of the tenant's own.
    pub async fn role_create(&self, caller: &Caller, code: &str, terms: RoleTerms) -> Result<RoleRecord, ServiceError> {
        access::require(&caller.actor, Permission::RolesManage)?;
        let first = code.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase());
        let inner = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if !(first && (2..=40).contains(&code.len()) && code.bytes().all(inner)) || code == Role::Custom.code() {
            let message =
                "a code has 2 to 40 characters: a capital letter, then capitals, digits and underscores; not CUSTOM";
            return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", "code"], message));
        }
        let session = self.write(caller).await?;
        let result = async {
            let there = storage::role::all(&session).await?;
            if there.iter().any(|role| role.code == code) {
                let message = format!("there is a role {code} already");
                return Err(ServiceError::refused(RefusalCode::AlreadyExists, &["input", "code"], message));
            }
            let own = there.iter().filter(|role| role.is_custom).count();
            if own >= MAX_ROLES {
                let message = format!("there are {own} roles of the firm's own already, {MAX_ROLES} at the most");
                return Err(ServiceError::refused(RefusalCode::LimitReached, &["input"], message));
            }
            self.save_role(&session, caller, "roleCreate", code, terms, None).await
        }
        .await;
        settle(session, result).await
    }

    /// Changes a role of the tenant's own. Whoever holds it may do what it permits from their next request on.
    pub async fn role_update(&self, caller: &Caller, code: &str, terms: RoleTerms) -> Result<RoleRecord, ServiceError> {
        access::require(&caller.actor, Permission::RolesManage)?;
        let session = self.write(caller).await?;
        let result = async {
            let before = own_role(&session, caller, code).await?;
            self.save_role(&session, caller, "roleUpdate", code, terms, Some(before)).await
        }
        .await;
        let role = settle(session, result).await?;
        self.forget_permissions();
        Ok(role)
    }

    async fn save_role(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        action: &'static str,
        code: &str,
        terms: RoleTerms,
        before: Option<RoleRecord>,
    ) -> Result<RoleRecord, ServiceError> {
        let permissions = permissions(&terms.permissions, &["input", "permissions"])?;
        within_own(caller, permissions, &["input", "permissions"])?;
        let role = RoleRecord {
            code: code.to_owned(),
            name: check_length(&terms.name, 1, 80, "name")?,
            description: check_length(&terms.description, 0, 400, "description")?,
            permissions,
            is_custom: true,
        };
        if !storage::role::save(session, &role).await? {
            let message = format!("{code} is no role of the firm's own");
            return Err(ServiceError::refused(RefusalCode::NotFound, &["code"], message));
        }
        self.audit_role(session, caller, action, code, before.as_ref().map(shown), Some(shown(&role))).await?;
        Ok(role)
    }

    /// Removes a role of the tenant's own that nobody has.
    pub async fn role_delete(&self, caller: &Caller, code: &str) -> Result<RoleRecord, ServiceError> {
        access::require(&caller.actor, Permission::RolesManage)?;
        let session = self.write(caller).await?;
        let result = async {
            let before = own_role(&session, caller, code).await?;
            let used = storage::role::uses(&session, code).await?;
            if used > 0 {
                let message = format!("{used} people or invitations have the role {code}: give them another one first");
                return Err(ServiceError::refused(RefusalCode::InUse, &["code"], message));
            }
            storage::role::delete(&session, code).await?;
            self.audit_role(&session, caller, "roleDelete", code, Some(shown(&before)), None).await?;
            Ok(before)
        }
        .await;
        settle(session, result).await
    }

    async fn audit_role(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        action: &str,
        code: &str,
        before: Option<serde_json::Value>,
        after: Option<serde_json::Value>,
    ) -> Result<(), ServiceError> {
        let entry = audit::Entry {
            id: self.environment.ids.next(),
            at: self.environment.clock.now(),
            actor_id: Some(caller.actor.user_id),
            actor_name: caller.name.clone(),
            action: action.to_owned(),
            entity_type: "Role".to_owned(),
            entity_id: Some(code.to_owned()),
            before,
            after,
            request_id: caller.origin.request_id.clone(),
            address: caller.origin.address.clone(),
        };
        Ok(audit::write(session, entry).await?)
    }

    /// Gives a person another role, or lets them log in or not. Nobody does it to themselves, nor to whoever may do more.
    pub async fn user_update(
        &self,
        caller: &Caller,
        id: Uuid,
        expected_version: i64,
        changes: AccessChanges,
    ) -> Result<User, ServiceError> {
        access::require(&caller.actor, Permission::UsersManage)?;
        if id == caller.actor.user_id {
            let message = "nobody gives themselves a role or locks themselves out: another administrator can";
            return Err(ServiceError::refused(RefusalCode::InvalidInput, &["id"], message));
        }
        let now = self.environment.clock.now();
        let session = self.write(caller).await?;
        let result = async {
            let unknown = || ServiceError::refused(RefusalCode::NotFound, &["id"], "no such person");
            let before = storage::user::lock(&session, id).await?.ok_or_else(unknown)?;
            if before.role == Role::Service {
                let message = "this is a program: end its key instead";
                return Err(ServiceError::refused(RefusalCode::InvalidInput, &["id"], message));
            }
            if before.version != expected_version {
                let message =
                    format!("the person is at version {}, not at {expected_version}: read them again", before.version);
                return Err(ServiceError::refused(RefusalCode::VersionConflict, &["expectedVersion"], message));
            }
            let theirs = storage::role::permissions(&session, &before.role_code).await?;
            within_own(caller, theirs, &["id"])?;
            let mut after = User { version: before.version + 1, updated_at: now, ..before.clone() };
            if let Some(code) = changes.role_code {
                self.may_give(&session, &caller.actor, &code)
                    .await?
                    .map_err(|refusal| ServiceError::Refused(vec![refusal]))?;
                after.role = Role::of_code(&code);
                after.role_code = code;
            }
            after.active = changes.active.unwrap_or(after.active);
            storage::user::update_access(&session, &after).await?;
            if before.active && !after.active {
                storage::sign_in::end_all(&session, id, None, now).await?;
            }
            let shown = |user: &User| json!({ "role": user.role_code, "active": user.active });
            let done = Done {
                action: "userUpdate",
                entity_type: "User",
                entity_id: id,
                before: Some(shown(&before)),
                after: Some(shown(&after)),
            };
            self.audit(&session, caller, done).await?;
            Ok(after)
        }
        .await;
        let user = settle(session, result).await?;
        // What somebody may do bounds the keys that they have made.
        self.forget_permissions();
        Ok(user)
    }

    /// Has everybody's permissions read anew: at once in this process, within seconds in others.
    fn forget_permissions(&self) {
        self.profiles.invalidate_all();
        self.api_keys.invalidate_all();
    }
}

async fn own_role(session: &Session<Tenant>, caller: &Caller, code: &str) -> Result<RoleRecord, ServiceError> {
    let role = storage::role::by_code(session, code).await?.filter(|role| role.is_custom);
    let role = role.ok_or_else(|| {
        let message = "there is no such role of the firm's own; the built-in ones stay as they are";
        ServiceError::refused(RefusalCode::NotFound, &["code"], message)
    })?;
    within_own(caller, role.permissions, &["code"])?;
    Ok(role)
}

/// Refuses to act on what permits more than the caller may do.
fn within_own(caller: &Caller, permissions: PermissionSet, field: &[&str]) -> Result<(), ServiceError> {
    let missing: Vec<&str> =
        caller.actor.permissions.missing_of(permissions).into_iter().map(Permission::code).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("this permits what you may not do: {}", missing.join(", "));
    Err(ServiceError::refused(RefusalCode::ExceedsOwnPermissions, field, message))
}

fn shown(role: &RoleRecord) -> serde_json::Value {
    let permissions: Vec<&str> = role.permissions.iter().map(Permission::code).collect();
    json!({ "name": role.name, "description": role.description, "permissions": permissions })
}
