//! Keys for programs: what they may do is bound by the role SERVICE, by their scopes, and by what their maker may do.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::authentication::nobody;
use super::portfolio::check_length;
use super::{Caller, Done, RefusalCode, ServiceError, Services, access, settle};
use crate::auth::{Actor, ActorKind, OpaqueToken, Permission, PermissionSet, Realm, Role, TenantId, TokenUse};
use crate::storage;
use crate::storage::api_key::{Allowed, ApiKey};
use crate::storage::user::{Profile, User};
use crate::tenancy::{Access, Session, Tenant, TenantRecord, TenantStatus};

/// Keys of a tenant that are good at once.
const MAX_KEYS: u64 = 100;
/// The longest that a key is good.
const MAX_LIFETIME: TimeDelta = TimeDelta::days(366);
/// How exactly the last use is told.
const USE_NOTED: TimeDelta = TimeDelta::minutes(1);

/// What a key is to be.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// What it is called.
    pub name: String,
    /// The codes of what it allows.
    pub scopes: Vec<String>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// A key that was found by its hash.
#[derive(Clone, Debug)]
pub(super) struct KnownKey {
    id: Uuid,
    user: Uuid,
    expires_at: DateTime<Utc>,
}

impl Services {
    /// Makes a key, and its program as a person of the role SERVICE. The key itself is told here and never again.
    pub async fn api_key_create(
        &self,
        caller: &Caller,
        new: NewApiKey,
    ) -> Result<(ApiKey, SecretString), ServiceError> {
        access::require(&caller.actor, Permission::ApiKeysManage)?;
        access::require_person(&caller.actor)?;
        let tenant = caller.tenant()?;
        let name = check_length(&new.name, 1, 120, "name")?;
        let now = self.environment.clock.now();
        if new.expires_at <= now || new.expires_at > now + MAX_LIFETIME {
            let message =
                format!("{}: a key ends after now and within {} days", new.expires_at, MAX_LIFETIME.num_days());
            return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", "expiresAt"], message));
        }
        let scopes = permissions(&new.scopes, &["input", "scopes"])?;
        let realm = Realm::Tenant(TenantId(tenant.id));
        let token = OpaqueToken::generate(TokenUse::ApiKey, realm, self.entropy.as_ref());
        let token = token.map_err(|error| ServiceError::Internal(error.to_string()))?;
        let session = self.write(caller).await?;
        let result = async {
            self.check_scopes(&session, caller, scopes).await?;
            let good = storage::api_key::count_good(&session, now).await?;
            if good >= MAX_KEYS {
                let message = format!("there are {good} keys already, {MAX_KEYS} at the most");
                return Err(ServiceError::refused(RefusalCode::LimitReached, &["input"], message));
            }
            let (id, user) = (self.environment.ids.next(), self.environment.ids.next());
            let program = User {
                id: user,
                // No mail can reach it, nobody can have it, and nobody logs in by it: there is no password.
                email: format!("{}@service.invalid", user.simple()),
                name: name.clone(),
                role: Role::Service,
                role_code: Role::Service.code().to_owned(),
                active: true,
                email_verified_at: None,
                currency: domain::money::Currency::EUR,
                time_zone: "UTC".to_owned(),
                locale: "en".to_owned(),
                version: 1,
                created_at: now,
                updated_at: now,
            };
            storage::user::insert(&session, &program).await?;
            let key = ApiKey {
                id,
                user,
                created_by: caller.actor.user_id,
                name,
                scopes,
                created_at: now,
                expires_at: new.expires_at,
                last_used_at: None,
                ended_at: None,
            };
            storage::api_key::insert(&session, &key, token.hash().as_bytes()).await?;
            let done = Done {
                action: "apiKeyCreate",
                entity_type: "ApiKey",
                entity_id: id,
                before: None,
                after: Some(shown(&key)),
            };
            self.audit(&session, caller, done).await?;
            Ok(key)
        }
        .await;
        Ok((settle(session, result).await?, token.to_secret_string()))
    }

    async fn check_scopes(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        scopes: PermissionSet,
    ) -> Result<(), ServiceError> {
        let field = &["input", "scopes"];
        let service = storage::role::permissions(session, Role::Service.code()).await?;
        let never: Vec<&str> = scopes.iter().filter(|scope| !service.contains(*scope)).map(Permission::code).collect();
        if !never.is_empty() {
            let message =
                format!("no key is for this: {}; the role SERVICE shows what keys can be for", never.join(", "));
            return Err(ServiceError::refused(RefusalCode::InvalidInput, field, message));
        }
        let missing: Vec<&str> =
            caller.actor.permissions.missing_of(scopes).into_iter().map(Permission::code).collect();
        if !missing.is_empty() {
            let message = format!("a key permits what you may do and no more: {}", missing.join(", "));
            return Err(ServiceError::refused(RefusalCode::ExceedsOwnPermissions, field, message));
        }
        Ok(())
    }

    /// Keys, those that are over too, the latest first.
    pub async fn api_key_page(
        &self,
        session: &Session<Tenant>,
        page: storage::Page<Uuid>,
    ) -> Result<Vec<ApiKey>, ServiceError> {
        access::require(session.actor(), Permission::ApiKeysManage)?;
        Ok(storage::api_key::page(session, page).await?)
    }

    /// How many there are.
    pub async fn api_key_count(&self, session: &Session<Tenant>) -> Result<u64, ServiceError> {
        access::require(session.actor(), Permission::ApiKeysManage)?;
        Ok(storage::api_key::count(session).await?)
    }

    /// Ends a key, and its program with it.
    pub async fn api_key_end(&self, caller: &Caller, id: Uuid) -> Result<ApiKey, ServiceError> {
        access::require(&caller.actor, Permission::ApiKeysManage)?;
        access::require_person(&caller.actor)?;
        let now = self.environment.clock.now();
        let session = self.write(caller).await?;
        let result = async {
            let unknown = || ServiceError::refused(RefusalCode::NotFound, &["id"], "no such key, or it has ended");
            let key = storage::api_key::by_id(&session, id).await?.ok_or_else(unknown)?;
            let program = storage::user::lock(&session, key.user).await?.ok_or_else(unknown)?;
            if !storage::api_key::end(&session, id, now).await? {
                return Err(unknown());
            }
            let disabled = User { active: false, version: program.version + 1, updated_at: now, ..program };
            storage::user::update_access(&session, &disabled).await?;
            let done = Done {
                action: "apiKeyEnd",
                entity_type: "ApiKey",
                entity_id: id,
                before: Some(shown(&key)),
                after: None,
            };
            self.audit(&session, caller, done).await?;
            Ok(ApiKey { ended_at: Some(now), ..key })
        }
        .await;
        let key = settle(session, result).await?;
        self.api_keys.invalidate_all();
        self.forget_profile(caller, key.user);
        Ok(key)
    }

    /// The program whose key this is. The last use is noted, within a minute.
    pub(super) async fn authenticate_key(&self, text: &str) -> Result<(Actor, DateTime<Utc>), ServiceError> {
        let refused = |reason: &str| {
            tracing::info!(reason, "an API key was refused");
            ServiceError::Unauthenticated
        };
        let token = OpaqueToken::parse(TokenUse::ApiKey, text).map_err(|_| refused("the key is malformed"))?;
        let id = token.realm().tenant().ok_or_else(|| refused("the platform has no keys"))?;
        let tenant = self.gateway.tenant_by_id(id.0).await?.filter(|tenant| tenant.status == TenantStatus::Active);
        let tenant = tenant.ok_or_else(|| refused("its tenant is not served"))?;
        let now = self.environment.clock.now();
        let place = (tenant.id, token.hash().as_bytes().to_vec());
        let known = match self.api_keys.get(&place) {
            Some(known) => known,
            None => {
                let found = self.find_key(&tenant, &place.1, now).await?;
                let known = found.ok_or_else(|| refused("there is no such key, or it is over"))?;
                self.api_keys.insert(place, known.clone());
                known
            }
        };
        if known.expires_at <= now {
            return Err(refused("the key has expired"));
        }
        let profile = self.profile(Some(&tenant), known.user).await?;
        let profile = profile.filter(|profile| profile.active).ok_or_else(|| refused("the key is over"))?;
        let actor = Actor {
            user_id: known.user,
            tenant: Some(TenantId(tenant.id)),
            role: Role::Service,
            permissions: profile.permissions,
            session: known.id,
            kind: ActorKind::Service,
        };
        Ok((actor, known.expires_at))
    }

    async fn find_key(
        &self,
        tenant: &TenantRecord,
        hash: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Option<KnownKey>, ServiceError> {
        let session = self.gateway.tenant(tenant, nobody(Some(tenant.id)), Access::Write).await?;
        let result = async {
            let Some(key) = storage::api_key::by_hash(&session, hash, now).await? else {
                return Ok(None);
            };
            storage::api_key::note_use(&session, key.id, now, now - USE_NOTED).await?;
            Ok(Some(KnownKey { id: key.id, user: key.user, expires_at: key.expires_at }))
        }
        .await;
        settle(session, result).await
    }
}

/// What a program may do: of its key's scopes what its maker may do today.
pub(super) fn profile_of(key: Allowed) -> Profile {
    let missing: PermissionSet = key.makers.missing_of(key.scopes).into_iter().collect();
    Profile {
        email: format!("API key {}", key.name),
        role: Role::Service,
        active: true,
        permissions: key.scopes.iter().filter(|scope| !missing.contains(*scope)).collect(),
        ended: Vec::new(),
    }
}

/// The permissions of these codes; none is an input that says nothing.
pub(super) fn permissions(codes: &[String], field: &[&str]) -> Result<PermissionSet, ServiceError> {
    let refuse = |message: String| ServiceError::refused(RefusalCode::InvalidInput, field, message);
    if codes.is_empty() || codes.len() > Permission::ALL.len() {
        return Err(refuse(format!("{} permissions: 1 to {} are needed", codes.len(), Permission::ALL.len())));
    }
    let parse = |code: &String| {
        let shown: String = code.chars().take(60).collect();
        code.parse().map_err(|_| refuse(format!("\"{shown}\" is no permission; `permissions` lists them")))
    };
    codes.iter().map(parse).collect()
}

fn shown(key: &ApiKey) -> serde_json::Value {
    let scopes: Vec<&str> = key.scopes.iter().map(Permission::code).collect();
    json!({ "name": key.name, "scopes": scopes, "expiresAt": key.expires_at, "program": key.user })
}
