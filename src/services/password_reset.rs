//! Getting back in by mail.

use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::authentication::nobody;
use super::mail::wrong_token;
use super::throttle::Tried;
use super::user::is_address;
use super::{Caller, Done, Origin, RefusalCode, ServiceError, Services, settle};
use crate::auth::{Actor, ActorKind, PermissionSet, TenantId};
use crate::storage;
use crate::storage::mail::{MailKind, Purpose};
use crate::storage::user::User;
use crate::tenancy::{Access, TenantRecord, TenantStatus};

impl Services {
    /// Has a mail sent that lets a person choose another password. What is written, and so what is answered and when, is the same
    /// whether there is such a person or not.
    pub async fn password_reset_request(&self, tenant: &str, email: &str, origin: Origin) -> Result<(), ServiceError> {
        self.mailer()?;
        let email = email.trim();
        if !is_address(email) {
            let message = "this is no e-mail address";
            return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", "email"], message));
        }
        self.attempt(Tried::Mail, tenant, email, &origin).await?;
        let tenant = self.gateway.tenant_by_slug(tenant).await?.filter(|tenant| tenant.status == TenantStatus::Active);
        let Some(tenant) = tenant else { return Ok(()) };
        let session = self.gateway.tenant(&tenant, nobody(Some(tenant.id)), Access::Write).await?;
        let result = async {
            self.queue_mail(&session, MailKind::Token(Purpose::PasswordReset), email, None).await?;
            self.audit_sign_in(&session, None, email, "passwordResetRequest", &origin).await
        }
        .await;
        settle(session, result).await
    }

    /// Sets a password with a token that came by mail. All log-ins of the person end; the address has been proved to be theirs, and
    /// so has the place that they come from.
    pub async fn password_reset(
        &self,
        token: &SecretString,
        password: &SecretString,
        origin: Origin,
    ) -> Result<(), ServiceError> {
        let (token, tenant) = self.tenant_of_token(Purpose::PasswordReset, token).await?;
        let (hash, now) = (token.hash(), self.environment.clock.now());
        let system = || nobody(Some(tenant.id));
        let session = self.gateway.tenant(&tenant, system(), Access::Read).await?;
        let known = async {
            let token = storage::mail::by_hash(&session, Purpose::PasswordReset, hash.as_bytes(), now).await?;
            let user = token.and_then(|token| token.user).unwrap_or_default();
            Ok(storage::user::by_ids(&session, &[user]).await?.into_iter().find(|user| user.active))
        };
        let known = known.await;
        let user = settle(session, known).await?.ok_or_else(wrong_token)?;
        let new_hash = self.hash_of(password, &user, &["input", "password"]).await?;
        let session = self.gateway.tenant(&tenant, system(), Access::Write).await?;
        let result = async {
            let token = storage::mail::lock_by_hash(&session, Purpose::PasswordReset, hash.as_bytes(), now).await?;
            let token = token.filter(|token| token.user == Some(user.id)).ok_or_else(wrong_token)?;
            let before = storage::user::lock(&session, user.id).await?.filter(|user| user.active);
            let before = before.ok_or_else(wrong_token)?;
            storage::mail::mark_used(&session, token.id, now).await?;
            storage::mail::withdraw_of(&session, user.id, Purpose::PasswordReset, now).await?;
            storage::credential::put(&session, user.id, new_hash, now).await?;
            let verified = User {
                email_verified_at: before.email_verified_at.or(Some(now)),
                version: before.version + 1,
                updated_at: now,
                ..before
            };
            storage::user::update_email(&session, &verified).await?;
            let ended = storage::sign_in::end_all(&session, user.id, None, now).await?;
            let done = Done {
                action: "passwordReset",
                entity_type: "User",
                entity_id: user.id,
                before: None,
                after: Some(json!({ "sessionsEnded": ended })),
            };
            let caller = in_name_of(&user, &tenant, origin.clone());
            self.audit(&session, &caller, done).await?;
            self.queue_mail(&session, MailKind::PasswordChanged, &user.email, None).await
        }
        .await;
        settle(session, result).await?;
        self.profiles.invalidate(&(Some(tenant.id), user.id));
        self.know_place(&tenant.slug, &user.email, &origin).await
    }
}

/// The person as the one who acts, for the audit log: they have proved who they are, and are not logged in.
pub(super) fn in_name_of(user: &User, tenant: &TenantRecord, origin: Origin) -> Caller {
    let actor = Actor {
        user_id: user.id,
        tenant: Some(TenantId(tenant.id)),
        role: user.role,
        permissions: PermissionSet::default(),
        session: Uuid::nil(),
        kind: ActorKind::User,
    };
    Caller { actor, name: user.email.clone(), tenant: Some(tenant.clone()), origin }
}
