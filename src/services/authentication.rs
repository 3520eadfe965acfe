//! Logging in and staying logged in.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::{Caller, Origin, RefusalCode, ServiceError, Services, settle};
use crate::audit;
use crate::auth::{
    Actor, ActorKind, PasswordError, PermissionSet, Realm as RealmId, RefreshToken, Role, Subject, TenantId, Verdict,
};
use crate::storage::refresh_token::RefreshTokenRecord;
use crate::storage::user::User;
use crate::storage::{self};
use crate::tenancy::{Access, Realm, Session, Tenant, TenantRecord, TenantStatus};

/// What a person is and may do, as last read.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    email: String,
    role: Role,
    active: bool,
    permissions: PermissionSet,
}

/// What a log-in gives.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// For the `Authorization` header.
    pub access_token: SecretString,
    /// For `tokenRefresh`, once.
    pub refresh_token: SecretString,
    /// When the access token ends.
    pub expires_at: DateTime<Utc>,
    /// Who has logged in.
    pub caller: Caller,
}

const WRONG: &str = "tenant, e-mail or password is wrong";
const WRONG_TOKEN: &str = "the refresh token is not valid: log in again";

fn wrong_credentials() -> ServiceError {
    ServiceError::refused(RefusalCode::InvalidCredentials, &["input"], WRONG)
}

fn wrong_token() -> ServiceError {
    ServiceError::refused(RefusalCode::InvalidRefreshToken, &["input", "refreshToken"], WRONG_TOKEN)
}

impl From<PasswordError> for ServiceError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::TooShort { .. } | PasswordError::TooLong { .. } => {
                Self::refused(RefusalCode::InvalidInput, &["password"], error.to_string())
            }
            other => Self::Internal(other.to_string()),
        }
    }
}

/// The server itself, before it knows who asks.
pub(super) fn nobody(tenant: Option<Uuid>) -> Actor {
    Actor {
        user_id: Uuid::nil(),
        tenant: tenant.map(TenantId),
        role: Role::Investor,
        permissions: PermissionSet::default(),
        session: Uuid::nil(),
        kind: ActorKind::System,
    }
}

impl Services {
    /// Checks a password and opens a family of tokens. Without a tenant, an operator of the platform logs in.
    ///
    /// An unknown tenant, an unknown address, a disabled person and a wrong password cost the same time and are answered
    /// alike.
    pub async fn login(
        &self,
        tenant: Option<&str>,
        email: &str,
        password: &SecretString,
        origin: Origin,
    ) -> Result<SignedIn, ServiceError> {
        let Some(slug) = tenant else {
            let session = self.gateway.platform(Access::Read).await?;
            let known = self.credential(&session, email).await?;
            session.close().await?;
            let outcome = self.check(known, password).await?;
            let session = self.gateway.platform(Access::Write).await?;
            return self.conclude(session, None, email, outcome, origin).await;
        };
        let tenant = self.gateway.tenant_by_slug(slug).await?.filter(|tenant| tenant.status == TenantStatus::Active);
        let Some(tenant) = tenant else {
            self.passwords.verify_unknown(password).await?;
            // On record where it can be: no firm has a log for it.
            let session = self.gateway.platform(Access::Write).await?;
            return self.conclude(session, None, email, None, origin).await;
        };
        let actor = nobody(Some(tenant.id));
        let session = self.gateway.tenant(&tenant, actor.clone(), Access::Read).await?;
        let known = self.credential(&session, email).await?;
        session.close().await?;
        let outcome = self.check(known, password).await?;
        let session = self.gateway.tenant(&tenant, actor, Access::Write).await?;
        self.conclude(session, Some(tenant), email, outcome, origin).await
    }

    async fn credential<S: Realm>(
        &self,
        session: &Session<S>,
        email: &str,
    ) -> Result<Option<(User, String)>, ServiceError> {
        let Some(user) = storage::user::by_email(session, email).await?.filter(|user| user.active) else {
            return Ok(None);
        };
        let hash = storage::credential::password_hash(session, user.id).await?;
        Ok(hash.map(|hash| (user, hash)))
    }

    /// The person if the password is theirs, and the new hash where the stored one is of weaker parameters.
    async fn check(
        &self,
        known: Option<(User, String)>,
        password: &SecretString,
    ) -> Result<Option<(User, Option<String>)>, ServiceError> {
        let Some((user, hash)) = known else {
            self.passwords.verify_unknown(password).await?;
            return Ok(None);
        };
        match self.passwords.verify(password, &hash).await? {
            Verdict::Mismatch => Ok(None),
            Verdict::Match { needs_rehash: false } => Ok(Some((user, None))),
            Verdict::Match { needs_rehash: true } => Ok(Some((user, self.passwords.hash(password).await.ok()))),
        }
    }

    async fn conclude<S: Realm>(
        &self,
        session: Session<S>,
        tenant: Option<TenantRecord>,
        email: &str,
        outcome: Option<(User, Option<String>)>,
        origin: Origin,
    ) -> Result<SignedIn, ServiceError> {
        let Some((user, rehashed)) = outcome else {
            // The failure commits alone: nothing else was done.
            let written = self.audit_sign_in(&session, None, email, "loginFailed", &origin).await;
            settle(session, written).await?;
            return Err(wrong_credentials());
        };
        let family = self.environment.ids.next();
        let result = async {
            if let Some(hash) = rehashed {
                storage::credential::put(&session, user.id, hash, self.environment.clock.now()).await?;
            }
            self.audit_sign_in(&session, Some(user.id), &user.email, "login", &origin).await?;
            self.issue(&session, tenant, &user, family, origin).await
        }
        .await;
        settle(session, result).await
    }

    /// Exchanges a refresh token for the next one. One that was used before has been stolen or its thief has: the whole
    /// family ends.
    pub async fn refresh(&self, token: &SecretString, origin: Origin) -> Result<SignedIn, ServiceError> {
        use secrecy::ExposeSecret;
        let token: RefreshToken = token.expose_secret().parse().map_err(|_| wrong_token())?;
        let Some(id) = token.realm().tenant() else {
            let session = self.gateway.platform(Access::Write).await?;
            return self.rotate(session, None, &token, origin).await;
        };
        let tenant = self.gateway.tenant_by_id(id.0).await?.filter(|tenant| tenant.status == TenantStatus::Active);
        let tenant = tenant.ok_or_else(wrong_token)?;
        let session = self.gateway.tenant(&tenant, nobody(Some(tenant.id)), Access::Write).await?;
        self.rotate(session, Some(tenant), &token, origin).await
    }

    async fn rotate<S: Realm>(
        &self,
        session: Session<S>,
        tenant: Option<TenantRecord>,
        token: &RefreshToken,
        origin: Origin,
    ) -> Result<SignedIn, ServiceError> {
        let now = self.environment.clock.now();
        let result = async {
            let hash = token.hash();
            let Some(stored) = storage::refresh_token::lock(&session, hash.as_bytes()).await? else {
                return Ok(None);
            };
            let users = storage::user::by_ids(&session, &[stored.user]).await?;
            let Some(user) = users.into_iter().find(|user| user.active) else {
                return Ok(None);
            };
            if stored.used_at.is_some() && stored.revoked_at.is_none() {
                storage::refresh_token::revoke_family(&session, stored.family, now).await?;
                self.audit_sign_in(&session, Some(user.id), &user.email, "tokenReused", &origin).await?;
                return Ok(None);
            }
            if stored.used_at.is_some() || stored.revoked_at.is_some() || stored.expires_at <= now {
                return Ok(None);
            }
            storage::refresh_token::mark_used(&session, hash.as_bytes(), now).await?;
            self.issue(&session, tenant, &user, stored.family, origin).await.map(Some)
        }
        .await;
        // A refusal commits too: it may have ended the family.
        settle(session, result).await?.ok_or_else(wrong_token)
    }

    /// Ends the family that the refresh token belongs to. Says nothing of a token that is not known.
    pub async fn logout(&self, token: &SecretString, origin: Origin) -> Result<(), ServiceError> {
        use secrecy::ExposeSecret;
        let Ok(token) = token.expose_secret().parse::<RefreshToken>() else {
            return Ok(());
        };
        match token.realm().tenant() {
            None => self.end_family(self.gateway.platform(Access::Write).await?, &token, origin).await,
            Some(id) => {
                let Some(tenant) = self.gateway.tenant_by_id(id.0).await? else {
                    return Ok(());
                };
                let session = self.gateway.tenant(&tenant, nobody(Some(tenant.id)), Access::Write).await?;
                self.end_family(session, &token, origin).await
            }
        }
    }

    async fn end_family<S: Realm>(
        &self,
        session: Session<S>,
        token: &RefreshToken,
        origin: Origin,
    ) -> Result<(), ServiceError> {
        let result = async {
            if let Some(stored) = storage::refresh_token::lock(&session, token.hash().as_bytes()).await? {
                let now = self.environment.clock.now();
                storage::refresh_token::revoke_family(&session, stored.family, now).await?;
                let users = storage::user::by_ids(&session, &[stored.user]).await?;
                let email = users.first().map_or("", |user| user.email.as_str());
                self.audit_sign_in(&session, Some(stored.user), email, "logout", &origin).await?;
            }
            Ok(())
        }
        .await;
        settle(session, result).await
    }

    async fn issue<S: Realm>(
        &self,
        session: &Session<S>,
        tenant: Option<TenantRecord>,
        user: &User,
        family: Uuid,
        origin: Origin,
    ) -> Result<SignedIn, ServiceError> {
        let now = self.environment.clock.now();
        let realm = RealmId::from(tenant.as_ref().map(|tenant| TenantId(tenant.id)));
        let internal = |error: &dyn std::fmt::Display| ServiceError::Internal(error.to_string());
        let refresh = RefreshToken::generate(realm, self.entropy.as_ref()).map_err(|error| internal(&error))?;
        let record = RefreshTokenRecord {
            hash: refresh.hash().as_bytes().to_vec(),
            family,
            user: user.id,
            issued_at: now,
            expires_at: now + self.refresh_lifetime,
            used_at: None,
            revoked_at: None,
        };
        storage::refresh_token::insert(session, record).await?;
        let subject = Subject { user_id: user.id, realm, session: family, role: user.role };
        let access = self.tokens.issue(subject, self.environment.ids.next(), now).map_err(|error| internal(&error))?;
        let permissions = storage::role::permissions(session, user.role).await?;
        let actor = Actor {
            user_id: user.id,
            tenant: realm.tenant(),
            role: user.role,
            permissions,
            session: family,
            kind: ActorKind::User,
        };
        Ok(SignedIn {
            access_token: access.token,
            refresh_token: refresh.to_secret_string(),
            expires_at: access.expires_at,
            caller: Caller { actor, name: user.email.clone(), tenant, origin },
        })
    }

    async fn audit_sign_in<S: Realm>(
        &self,
        session: &Session<S>,
        user: Option<Uuid>,
        email: &str,
        action: &str,
        origin: &Origin,
    ) -> Result<(), ServiceError> {
        let entry = audit::Entry {
            id: self.environment.ids.next(),
            at: self.environment.clock.now(),
            actor_id: user,
            // What a stranger typed is kept short: it is theirs to choose.
            actor_name: email.chars().take(254).collect(),
            action: action.to_owned(),
            entity_type: "Session".to_owned(),
            entity_id: None,
            before: None,
            after: None,
            request_id: origin.request_id.clone(),
            address: origin.address.clone(),
        };
        Ok(audit::write(session, entry).await?)
    }

    /// Who the access token belongs to, with what they may do today. [`ServiceError::Unauthenticated`] for a token that is
    /// not valid, or no longer, or whose person or tenant is no longer served.
    pub async fn authenticate(&self, token: &str) -> Result<(Actor, DateTime<Utc>), ServiceError> {
        let claims = self.tokens.verify(token, self.environment.clock.now()).map_err(|error| {
            tracing::info!(reason = %error, "an access token was refused");
            ServiceError::Unauthenticated
        })?;
        let subject = claims.subject;
        let tenant = match subject.realm.tenant() {
            None => None,
            Some(id) => {
                let tenant = self.gateway.tenant_by_id(id.0).await?;
                Some(
                    tenant
                        .filter(|tenant| tenant.status == TenantStatus::Active)
                        .ok_or(ServiceError::Unauthenticated)?,
                )
            }
        };
        let profile = self.profile(tenant.as_ref(), subject.user_id).await?;
        let profile = profile.filter(|profile| profile.active).ok_or(ServiceError::Unauthenticated)?;
        let actor = Actor {
            user_id: subject.user_id,
            tenant: subject.realm.tenant(),
            role: profile.role,
            permissions: profile.permissions,
            session: subject.session,
            kind: ActorKind::User,
        };
        Ok((actor, claims.expires_at))
    }

    /// The caller that an authenticated actor is.
    pub async fn caller(&self, mut actor: Actor, origin: Origin) -> Result<Caller, ServiceError> {
        let tenant = match actor.tenant {
            None => None,
            Some(id) => {
                let tenant = self.gateway.tenant_by_id(id.0).await?;
                Some(
                    tenant
                        .filter(|tenant| tenant.status == TenantStatus::Active)
                        .ok_or(ServiceError::Unauthenticated)?,
                )
            }
        };
        let profile = self.profile(tenant.as_ref(), actor.user_id).await?;
        let profile = profile.filter(|profile| profile.active).ok_or(ServiceError::Unauthenticated)?;
        // A WebSocket outlives what its person was permitted when it was opened.
        (actor.role, actor.permissions) = (profile.role, profile.permissions);
        Ok(Caller { actor, name: profile.email, tenant, origin })
    }

    /// The caller's own record, an operator's too.
    pub async fn own_record(&self, caller: &Caller) -> Result<User, ServiceError> {
        let id = [caller.actor.user_id];
        let users = match &caller.tenant {
            None => {
                let session = self.gateway.platform(Access::Read).await?;
                let found = storage::user::by_ids(&session, &id).await.map_err(ServiceError::from);
                settle(session, found).await?
            }
            Some(_) => {
                let session = self.read(caller).await?;
                let found = self.own_record_in(&session).await;
                return settle(session, found).await;
            }
        };
        users.into_iter().next().ok_or(ServiceError::Unauthenticated)
    }

    /// The record of the person in whose name the session reads.
    pub async fn own_record_in(&self, session: &Session<Tenant>) -> Result<User, ServiceError> {
        let users = storage::user::by_ids(session, &[session.actor().user_id]).await?;
        users.into_iter().next().ok_or(ServiceError::Unauthenticated)
    }

    async fn profile(&self, tenant: Option<&TenantRecord>, user: Uuid) -> Result<Option<Profile>, ServiceError> {
        let key = (tenant.map(|tenant| tenant.id), user);
        if let Some(profile) = self.profiles.get(&key) {
            return Ok(Some(profile));
        }
        let profile = match tenant {
            None => read_profile(self.gateway.platform(Access::Read).await?, user).await?,
            Some(tenant) => {
                let session = self.gateway.tenant(tenant, nobody(Some(tenant.id)), Access::Read).await?;
                read_profile(session, user).await?
            }
        };
        if let Some(profile) = &profile {
            self.profiles.insert(key, profile.clone());
        }
        Ok(profile)
    }
}

async fn read_profile<S: Realm>(session: Session<S>, user: Uuid) -> Result<Option<Profile>, ServiceError> {
    let result = async {
        let Some(user) = storage::user::by_ids(&session, &[user]).await?.into_iter().next() else {
            return Ok(None);
        };
        let permissions = storage::role::permissions(&session, user.role).await?;
        Ok(Some(Profile { email: user.email, role: user.role, active: user.active, permissions }))
    }
    .await;
    settle(session, result).await
}
