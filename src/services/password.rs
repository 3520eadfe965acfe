//! Choosing another password.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::throttle::Tried;
use super::{Caller, Done, Refusal, RefusalCode, ServiceError, Services, access, settle};
use crate::storage;
use crate::storage::user::User;
use crate::tenancy::{Access, Realm, Session};

impl Services {
    /// Replaces the caller's own password and ends their other log-ins; returns how many. The old password is asked for, and
    /// guesses at it are counted with those at a log-in: whoever has taken a device has not taken the account.
    pub async fn password_change(
        &self,
        caller: &Caller,
        old: &SecretString,
        new: &SecretString,
    ) -> Result<u64, ServiceError> {
        access::require_person(&caller.actor)?;
        let realm = caller.tenant.as_ref().map_or("", |tenant| tenant.slug.as_str());
        let attempt = self.attempt(Tried::Password, realm, &caller.name, &caller.origin).await?;
        let known = match &caller.tenant {
            None => self.own_credential(self.gateway.platform(Access::Read).await?, caller).await?,
            Some(_) => self.own_credential(self.read(caller).await?, caller).await?,
        };
        let stored = known.as_ref().map(|(_, hash)| hash.clone());
        let Some((user, _)) = self.check(known, old).await? else {
            return Err(wrong());
        };
        self.attempt_succeeded(attempt).await?;
        if old.expose_secret() == new.expose_secret() {
            let message = "the new password is the old one";
            return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", "newPassword"], message));
        }
        let hash = self.hash_of(new, &user, &["input", "newPassword"]).await?;
        let ended = match &caller.tenant {
            None => self.replace(self.gateway.platform(Access::Write).await?, caller, &user, stored, hash).await?,
            Some(_) => self.replace(self.write(caller).await?, caller, &user, stored, hash).await?,
        };
        self.forget_profile(caller, user.id);
        Ok(ended)
    }

    /// The hash of a password that a person chooses.
    pub(super) async fn hash_of(
        &self,
        password: &SecretString,
        user: &User,
        field: &[&str],
    ) -> Result<String, ServiceError> {
        let known = vec![user.email.clone(), user.name.clone()];
        self.hash_at(password, known, field).await
    }

    /// The hash of a password that is chosen by somebody of whom this is known; a refusal names the field.
    pub(super) async fn hash_at(
        &self,
        password: &SecretString,
        known: Vec<String>,
        field: &[&str],
    ) -> Result<String, ServiceError> {
        self.passwords.hash_chosen(password, known).await.map_err(|error| match ServiceError::from(error) {
            ServiceError::Refused(refusals) => {
                let at = |refusal: Refusal| Refusal::new(refusal.code, field, refusal.message);
                ServiceError::Refused(refusals.into_iter().map(at).collect())
            }
            other => other,
        })
    }

    async fn own_credential<S: Realm>(
        &self,
        session: Session<S>,
        caller: &Caller,
    ) -> Result<Option<(User, String)>, ServiceError> {
        let known = self.credential(&session, &caller.name).await;
        settle(session, known).await
    }

    async fn replace<S: Realm>(
        &self,
        session: Session<S>,
        caller: &Caller,
        user: &User,
        seen: Option<String>,
        hash: String,
    ) -> Result<u64, ServiceError> {
        let now = self.environment.clock.now();
        let result = async {
            storage::user::lock(&session, user.id).await?.ok_or(ServiceError::Unauthenticated)?;
            // Somebody else may have replaced it since it was checked.
            if storage::credential::password_hash(&session, user.id).await? != seen {
                return Err(wrong());
            }
            storage::credential::put(&session, user.id, hash, now).await?;
            let keep = Some(caller.actor.session);
            let ended = storage::sign_in::end_all(&session, user.id, keep, now).await?;
            let done = Done {
                action: "passwordChange",
                entity_type: "User",
                entity_id: user.id,
                before: None,
                after: Some(json!({ "sessionsEnded": ended })),
            };
            self.audit(&session, caller, done).await?;
            Ok(ended)
        }
        .await;
        settle(session, result).await
    }
}

fn wrong() -> ServiceError {
    ServiceError::refused(RefusalCode::InvalidCredentials, &["input", "oldPassword"], "the old password is wrong")
}
