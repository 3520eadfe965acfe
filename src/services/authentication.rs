//! Logging in and staying logged in.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::signing_key::Loaded;
use super::throttle::Tried;
use super::{Caller, Origin, RefusalCode, ServiceError, Services, api_key, settle};
use crate::audit;
use crate::auth::{
    AccessTokens, Actor, ActorKind, OpaqueToken, PasswordError, PermissionSet, Realm as RealmId, Role, Subject,
    TenantId, TokenUse, Verdict,
};
use crate::storage::refresh_token::RefreshTokenRecord;
use crate::storage::sign_in::SignIn;
use crate::storage::user::{Profile, User};
use crate::storage::{self};
use crate::tenancy::{Access, Realm, Session, Tenant, TenantRecord, TenantStatus};

/// How much longer than a token lives the end of its log-in is remembered: the clocks of two machines differ.
const ENDED_MARGIN: TimeDelta = TimeDelta::minutes(2);

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
            PasswordError::Weak(_) => Self::refused(RefusalCode::WeakPassword, &["password"], error.to_string()),
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
    /// Checks a password and opens a family of tokens, unless too many attempts failed. Without a tenant, an operator of the platform logs in.
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
        let attempt = self.attempt(Tried::Password, tenant.unwrap_or_default(), email, &origin).await?;
        // Read before a session opens, which then needs no second connection beside it.
        let keys = self.keys.now(&self.gateway, self.environment.clock.now()).await;
        let Some(slug) = tenant else {
            let session = self.gateway.platform(Access::Read).await?;
            let known = self.credential(&session, email).await?;
            session.close().await?;
            let outcome = self.check(known, password).await?;
            let session = self.gateway.platform(Access::Write).await?;
            let signed_in = self.conclude(session, None, email, outcome, origin, &keys).await?;
            self.attempt_succeeded(attempt).await?;
            return Ok(signed_in);
        };
        let tenant = self.gateway.tenant_by_slug(slug).await?.filter(|tenant| tenant.status == TenantStatus::Active);
        let Some(tenant) = tenant else {
            self.passwords.verify_unknown(password).await?;
            // On record where it can be: no firm has a log for it.
            let session = self.gateway.platform(Access::Write).await?;
            return self.conclude(session, None, email, None, origin, &keys).await;
        };
        let actor = nobody(Some(tenant.id));
        let session = self.gateway.tenant(&tenant, actor.clone(), Access::Read).await?;
        let known = self.credential(&session, email).await?;
        session.close().await?;
        let outcome = self.check(known, password).await?;
        let session = self.gateway.tenant(&tenant, actor, Access::Write).await?;
        let signed_in = self.conclude(session, Some(tenant), email, outcome, origin, &keys).await?;
        self.attempt_succeeded(attempt).await?;
        Ok(signed_in)
    }

    pub(super) async fn credential<S: Realm>(
        &self,
        session: &Session<S>,
        email: &str,
    ) -> Result<Option<(User, String)>, ServiceError> {
        let user = storage::user::by_email(session, email).await?.filter(|user| user.active);
        // Asked for nobody too: how many statements run tells nothing.
        let id = user.as_ref().map_or(Uuid::nil(), |user| user.id);
        let hash = storage::credential::password_hash(session, id).await?;
        Ok(user.zip(hash))
    }

    /// The person if the password is theirs, and the new hash where the stored one is of weaker parameters.
    pub(super) async fn check(
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
        keys: &Loaded,
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
            self.issue(&session, tenant, &user, family, origin, &keys.tokens).await
        }
        .await;
        settle(session, result).await
    }

    /// Exchanges a refresh token for the next one. One that was used before has been stolen or its thief has: the whole
    /// family ends.
    pub async fn refresh(&self, token: &SecretString, origin: Origin) -> Result<SignedIn, ServiceError> {
        use secrecy::ExposeSecret;
        let token = OpaqueToken::parse(TokenUse::Refresh, token.expose_secret()).map_err(|_| wrong_token())?;
        let keys = self.keys.now(&self.gateway, self.environment.clock.now()).await;
        let Some(id) = token.realm().tenant() else {
            let session = self.gateway.platform(Access::Write).await?;
            return self.rotate(session, None, &token, origin, &keys).await;
        };
        let tenant = self.gateway.tenant_by_id(id.0).await?.filter(|tenant| tenant.status == TenantStatus::Active);
        let tenant = tenant.ok_or_else(wrong_token)?;
        let session = self.gateway.tenant(&tenant, nobody(Some(tenant.id)), Access::Write).await?;
        self.rotate(session, Some(tenant), &token, origin, &keys).await
    }

    async fn rotate<S: Realm>(
        &self,
        session: Session<S>,
        tenant: Option<TenantRecord>,
        token: &OpaqueToken,
        origin: Origin,
        keys: &Loaded,
    ) -> Result<SignedIn, ServiceError> {
        let now = self.environment.clock.now();
        let tenant_id = tenant.as_ref().map(|tenant| tenant.id);
        let result = async {
            let hash = token.hash();
            let Some(stored) = storage::refresh_token::lock(&session, hash.as_bytes()).await? else {
                return Ok(Err(None));
            };
            let users = storage::user::by_ids(&session, &[stored.user]).await?;
            let Some(user) = users.into_iter().find(|user| user.active) else {
                return Ok(Err(None));
            };
            if stored.used_at.is_some() && stored.revoked_at.is_none() {
                storage::sign_in::end(&session, stored.family, now).await?;
                self.audit_sign_in(&session, Some(user.id), &user.email, "tokenReused", &origin).await?;
                return Ok(Err(Some(user.id)));
            }
            if stored.used_at.is_some() || stored.revoked_at.is_some() || stored.expires_at <= now {
                return Ok(Err(None));
            }
            storage::refresh_token::mark_used(&session, hash.as_bytes(), now).await?;
            self.issue(&session, tenant, &user, stored.family, origin, &keys.tokens).await.map(Ok)
        }
        .await;
        // A refusal commits too: it may have ended the family.
        let outcome = settle(session, result).await?;
        outcome.map_err(|ended| {
            ended.into_iter().for_each(|user| self.profiles.invalidate(&(tenant_id, user)));
            wrong_token()
        })
    }

    /// Ends the family that the refresh token belongs to. Says nothing of a token that is not known.
    pub async fn logout(&self, token: &SecretString, origin: Origin) -> Result<(), ServiceError> {
        use secrecy::ExposeSecret;
        let Ok(token) = OpaqueToken::parse(TokenUse::Refresh, token.expose_secret()) else {
            return Ok(());
        };
        match token.realm().tenant() {
            None => {
                let ended = self.end_family(self.gateway.platform(Access::Write).await?, &token, origin).await?;
                ended.into_iter().for_each(|user| self.profiles.invalidate(&(None, user)));
            }
            Some(id) => {
                let Some(tenant) = self.gateway.tenant_by_id(id.0).await? else {
                    return Ok(());
                };
                let session = self.gateway.tenant(&tenant, nobody(Some(tenant.id)), Access::Write).await?;
                let ended = self.end_family(session, &token, origin).await?;
                ended.into_iter().for_each(|user| self.profiles.invalidate(&(Some(tenant.id), user)));
            }
        }
        Ok(())
    }

    async fn end_family<S: Realm>(
        &self,
        session: Session<S>,
        token: &OpaqueToken,
        origin: Origin,
    ) -> Result<Option<Uuid>, ServiceError> {
        let result = async {
            let stored = storage::refresh_token::lock(&session, token.hash().as_bytes()).await?;
            if let Some(stored) = &stored {
                let now = self.environment.clock.now();
                storage::sign_in::end(&session, stored.family, now).await?;
                let users = storage::user::by_ids(&session, &[stored.user]).await?;
                let email = users.first().map_or("", |user| user.email.as_str());
                self.audit_sign_in(&session, Some(stored.user), email, "logout", &origin).await?;
            }
            Ok(stored.map(|stored| stored.user))
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
        tokens: &AccessTokens,
    ) -> Result<SignedIn, ServiceError> {
        let now = self.environment.clock.now();
        let realm = RealmId::from(tenant.as_ref().map(|tenant| TenantId(tenant.id)));
        let internal = |error: &dyn std::fmt::Display| ServiceError::Internal(error.to_string());
        let refresh =
            OpaqueToken::generate(TokenUse::Refresh, realm, self.entropy.as_ref()).map_err(|error| internal(&error))?;
        let record = RefreshTokenRecord {
            hash: refresh.hash().as_bytes().to_vec(),
            family,
            user: user.id,
            issued_at: now,
            expires_at: now + self.refresh_lifetime,
            used_at: None,
            revoked_at: None,
        };
        let sign_in = SignIn {
            id: family,
            user: user.id,
            begun_at: now,
            address: origin.address.clone(),
            user_agent: origin.user_agent.clone(),
            last_used_at: now,
            last_address: origin.address.clone(),
            expires_at: record.expires_at,
            ended_at: None,
        };
        storage::sign_in::prolong(session, &sign_in).await?;
        storage::refresh_token::insert(session, record).await?;
        let subject = Subject { user_id: user.id, realm, session: family, role: user.role };
        let access = tokens.issue(subject, self.environment.ids.next(), now).map_err(|error| internal(&error))?;
        let permissions = storage::role::permissions(session, &user.role_code).await?;
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

    pub(super) async fn audit_sign_in<S: Realm>(
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
        // No access token begins so: its first part is a JSON object in base64.
        if token.starts_with(TokenUse::ApiKey.prefix()) {
            return self.authenticate_key(token).await;
        }
        let now = self.environment.clock.now();
        let claims = self.keys.now(&self.gateway, now).await.tokens.verify(token, now).map_err(|error| {
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
        let profile = good(profile, subject.session)?;
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
        let profile = good(profile, actor.session)?;
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

    pub(super) async fn profile(
        &self,
        tenant: Option<&TenantRecord>,
        user: Uuid,
    ) -> Result<Option<Profile>, ServiceError> {
        let key = (tenant.map(|tenant| tenant.id), user);
        if let Some(profile) = self.profiles.get(&key) {
            return Ok(Some(profile));
        }
        let ended_after = self.environment.clock.now() - self.keys.lifetime() - ENDED_MARGIN;
        let profile = match tenant {
            None => read_profile(self.gateway.platform(Access::Read).await?, user, ended_after).await?,
            Some(tenant) => {
                let session = self.gateway.tenant(tenant, nobody(Some(tenant.id)), Access::Read).await?;
                let now = self.environment.clock.now();
                let profile = async {
                    let profile = storage::user::profile(&session, user, ended_after).await?;
                    match profile {
                        Some(profile) if profile.role == Role::Service => {
                            Ok(storage::api_key::of_program(&session, user, now).await?.map(api_key::profile_of))
                        }
                        other => Ok(other),
                    }
                };
                let profile = profile.await;
                settle(session, profile).await?
            }
        };
        if let Some(profile) = &profile {
            self.profiles.insert(key, profile.clone());
        }
        Ok(profile)
    }
}

async fn read_profile<S: Realm>(
    session: Session<S>,
    user: Uuid,
    ended_after: DateTime<Utc>,
) -> Result<Option<Profile>, ServiceError> {
    let profile = storage::user::profile(&session, user, ended_after).await.map_err(ServiceError::from);
    settle(session, profile).await
}

/// The profile, if its person may act and the log-in has not been ended.
fn good(profile: Option<Profile>, log_in: Uuid) -> Result<Profile, ServiceError> {
    profile.filter(|profile| profile.active && !profile.ended.contains(&log_in)).ok_or(ServiceError::Unauthenticated)
}
