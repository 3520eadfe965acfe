//! Another address to log in with, once it has been proved to be the person's.

use secrecy::SecretString;
use serde_json::json;

use super::authentication::nobody;
use super::mail::{SHORT, wrong_token};
use super::password_reset::in_name_of;
use super::throttle::Tried;
use super::user::is_address;
use super::{Caller, Done, Origin, RefusalCode, ServiceError, Services, access, settle};
use crate::storage;
use crate::storage::mail::{MailKind, MailToken, Purpose};
use crate::storage::user::User;
use crate::tenancy::{Access, DatabaseError};

impl Services {
    /// Has a mail sent to another address of the caller, which becomes theirs once they confirm it. Whether another person has the
    /// address is not told here.
    pub async fn email_change(
        &self,
        caller: &Caller,
        email: &str,
        password: &SecretString,
    ) -> Result<(), ServiceError> {
        access::require_person(&caller.actor)?;
        let tenant = caller.tenant()?;
        self.mailer()?;
        let email = email.trim();
        if !is_address(email) {
            let message = "this is no e-mail address";
            return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", "email"], message));
        }
        let attempt = self.attempt(Tried::Password, &tenant.slug, &caller.name, &caller.origin).await?;
        let session = self.read(caller).await?;
        let known = self.credential(&session, &caller.name).await;
        let known = settle(session, known).await?;
        let Some((user, _)) = self.check(known, password).await? else {
            let message = "the password is wrong";
            return Err(ServiceError::refused(RefusalCode::InvalidCredentials, &["input", "password"], message));
        };
        self.attempt_succeeded(attempt).await?;
        self.attempt(Tried::Mail, &tenant.slug, email, &caller.origin).await?;
        let now = self.environment.clock.now();
        let session = self.write(caller).await?;
        let result = async {
            storage::mail::withdraw_of(&session, user.id, Purpose::EmailChange, now).await?;
            let token = MailToken {
                id: self.environment.ids.next(),
                purpose: Purpose::EmailChange,
                email: email.to_owned(),
                user: Some(user.id),
                name: None,
                role_code: None,
                currency: None,
                created_at: now,
                created_by: Some(user.id),
                expires_at: now + SHORT,
                sent_at: None,
            };
            storage::mail::insert(&session, &token).await?;
            self.queue_mail(&session, MailKind::Token(Purpose::EmailChange), email, Some(token.id)).await?;
            let done = Done {
                action: "emailChange",
                entity_type: "User",
                entity_id: user.id,
                before: None,
                after: Some(json!({ "asked": email })),
            };
            self.audit(&session, caller, done).await
        }
        .await;
        settle(session, result).await
    }

    /// Makes the address that a token was sent to its person's. The address until then is told.
    pub async fn email_change_confirm(&self, token: &SecretString, origin: Origin) -> Result<(), ServiceError> {
        let (token, tenant) = self.tenant_of_token(Purpose::EmailChange, token).await?;
        let (hash, now) = (token.hash(), self.environment.clock.now());
        let session = self.gateway.tenant(&tenant, nobody(Some(tenant.id)), Access::Write).await?;
        let result = async {
            let token = storage::mail::lock_by_hash(&session, Purpose::EmailChange, hash.as_bytes(), now).await?;
            let token = token.ok_or_else(wrong_token)?;
            let before = storage::user::lock(&session, token.user.unwrap_or_default()).await?;
            let before = before.filter(|user| user.active).ok_or_else(wrong_token)?;
            let taken = || {
                let message = "the address belongs to another person";
                ServiceError::refused(RefusalCode::AlreadyExists, &["input", "token"], message)
            };
            // Looked up first: a failed write would end the transaction.
            if storage::user::by_email(&session, &token.email).await?.is_some_and(|other| other.id != before.id) {
                return Err(taken());
            }
            storage::mail::mark_used(&session, token.id, now).await?;
            storage::mail::withdraw_of(&session, before.id, Purpose::PasswordReset, now).await?;
            let after = User {
                email: token.email.clone(),
                email_verified_at: Some(now),
                version: before.version + 1,
                updated_at: now,
                ..before.clone()
            };
            storage::user::update_email(&session, &after).await.map_err(|error| match error {
                DatabaseError::AlreadyExists(_) => taken(),
                other => other.into(),
            })?;
            let done = Done {
                action: "emailChangeConfirm",
                entity_type: "User",
                entity_id: after.id,
                before: Some(json!({ "email": before.email })),
                after: Some(json!({ "email": after.email })),
            };
            self.audit(&session, &in_name_of(&after, &tenant, origin), done).await?;
            self.queue_mail(&session, MailKind::EmailChanged, &before.email, None).await?;
            Ok(after.id)
        }
        .await;
        let user = settle(session, result).await?;
        self.profiles.invalidate(&(Some(tenant.id), user));
        Ok(())
    }
}
