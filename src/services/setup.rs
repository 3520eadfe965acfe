//! Putting the services together, and what only a command on the machine may do.

use std::sync::Arc;
use std::thread::available_parallelism;

use chrono::TimeDelta;
use domain::money::Currency;
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::{Caller, Origin, ServiceError, Services, authentication};
use crate::audit;
use crate::auth::{
    AccessTokens, Actor, ActorKind, Entropy, KeyCipher, PasswordParams, Passwords, Permission, PermissionSet, Role,
    SigningKey, SigningKeys, SystemEntropy, TenantId, TokenSettings,
};
use crate::clock::Environment;
use crate::storage;
use crate::storage::signing_key::StoredKey;
use crate::storage::user::User;
use crate::tenancy::{Access, Gateway, TenantRecord};

/// What authentication needs of the configuration.
#[derive(Clone, Debug)]
pub struct AuthSettings {
    /// Encrypts the signing keys at rest.
    pub secret: SecretString,
    /// What tokens have in common.
    pub tokens: TokenSettings,
    /// How long an unused refresh token is valid.
    pub refresh_lifetime: TimeDelta,
    /// What a password hash costs.
    pub passwords: PasswordParams,
}

fn internal(error: impl std::fmt::Display) -> ServiceError {
    ServiceError::Internal(error.to_string())
}

impl Services {
    /// Opens the services on a database: reads the signing keys, makes the first one where there is none.
    pub async fn open(
        gateway: Gateway,
        environment: Environment,
        settings: AuthSettings,
    ) -> Result<Self, ServiceError> {
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let cores = available_parallelism().map_or(1, usize::from);
        let passwords = Passwords::new(settings.passwords, cores, Arc::clone(&entropy)).map_err(internal)?;
        let cipher = KeyCipher::derive(&settings.secret).map_err(internal)?;
        let keys = signing_keys(&gateway, &environment, &cipher, entropy.as_ref()).await?;
        let tokens = AccessTokens::new(keys, settings.tokens);
        Ok(Self::new(gateway, environment, passwords, tokens, entropy, settings.refresh_lifetime))
    }

    /// The server itself acting on a tenant, for commands on the machine; the audit log calls it `command`.
    pub fn system(&self, tenant: TenantRecord, name: &'static str) -> Caller {
        let actor = Actor {
            tenant: Some(TenantId(tenant.id)),
            role: Role::Admin,
            permissions: PermissionSet::of(Permission::ALL),
            kind: ActorKind::System,
            ..authentication::nobody(None)
        };
        Caller { actor, name: name.to_owned(), tenant: Some(tenant), origin: Origin::default() }
    }

    /// The server itself acting on the installation, on no tenant.
    pub fn installation(&self, name: &'static str) -> Caller {
        let permissions = crate::auth::default_grants(Role::PlatformOperator);
        let actor = Actor { role: Role::PlatformOperator, permissions, ..authentication::nobody(None) };
        Caller { actor, name: name.to_owned(), tenant: None, origin: Origin::default() }
    }

    /// An access token for a person, without their password: for whoever commands the machine. Audited as such.
    pub async fn access_token_for(&self, tenant: &TenantRecord, email: &str) -> Result<SecretString, ServiceError> {
        let system = authentication::nobody(Some(tenant.id));
        let session = self.gateway.tenant(tenant, system, Access::Write).await?;
        let result = async {
            let user = storage::user::by_email(&session, email).await?.filter(|user| user.active);
            let user =
                user.ok_or_else(|| ServiceError::BadInput(format!("{} has no active person {email}", tenant.slug)))?;
            let entry = audit::Entry {
                id: self.environment.ids.next(),
                at: self.environment.clock.now(),
                actor_id: None,
                actor_name: "command".to_owned(),
                action: "accessTokenIssue".to_owned(),
                entity_type: "User".to_owned(),
                entity_id: Some(user.id.to_string()),
                before: None,
                after: None,
                request_id: None,
                address: None,
            };
            audit::write_on_behalf(&session, entry, user.id).await?;
            let subject = crate::auth::Subject {
                user_id: user.id,
                realm: Some(TenantId(tenant.id)).into(),
                session: self.environment.ids.next(),
                role: user.role,
            };
            let now = self.environment.clock.now();
            Ok(self.tokens.issue(subject, self.environment.ids.next(), now).map_err(internal)?.token)
        }
        .await;
        super::settle(session, result).await
    }

    /// Adds an operator of the platform. Fails with the address where it is taken.
    pub async fn operator_create(
        &self,
        email: &str,
        name: &str,
        password: &SecretString,
    ) -> Result<Uuid, ServiceError> {
        let hash = self.passwords.hash(password).await?;
        let session = self.gateway.platform(Access::Write).await?;
        let now = self.environment.clock.now();
        let user = User {
            id: self.environment.ids.next(),
            email: email.to_owned(),
            name: name.to_owned(),
            role: Role::PlatformOperator,
            active: true,
            currency: Currency::EUR,
            time_zone: "UTC".to_owned(),
            locale: "en".to_owned(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let result = async {
            if storage::user::by_email(&session, email).await?.is_some() {
                return Err(ServiceError::BadInput(format!("{email} is the address of another operator")));
            }
            storage::user::insert(&session, &user).await?;
            storage::credential::put(&session, user.id, hash, now).await?;
            let entry = audit::Entry {
                id: self.environment.ids.next(),
                at: now,
                actor_id: None,
                actor_name: "command".to_owned(),
                action: "operatorCreate".to_owned(),
                entity_type: "User".to_owned(),
                entity_id: Some(user.id.to_string()),
                before: None,
                after: Some(json!({ "email": user.email, "name": user.name })),
                request_id: None,
                address: None,
            };
            audit::write(&session, entry).await?;
            Ok(user.id)
        }
        .await;
        super::settle(session, result).await
    }
}

/// The newest key signs; tokens of the older ones are accepted.
async fn signing_keys(
    gateway: &Gateway,
    environment: &Environment,
    cipher: &KeyCipher,
    entropy: &dyn Entropy,
) -> Result<SigningKeys, ServiceError> {
    let session = gateway.platform(Access::Read).await?;
    let mut stored = storage::signing_key::all(&session).await?;
    session.close().await?;
    if stored.is_empty() {
        let key = SigningKey::generate(entropy).map_err(internal)?;
        let session = gateway.platform(Access::Write).await?;
        let first = StoredKey {
            kid: key.public().key_id.clone(),
            encrypted_private_key: cipher.seal(&key, entropy).map_err(internal)?,
            created_at: environment.clock.now(),
        };
        storage::signing_key::insert(&session, first).await?;
        // Read again: of two processes that start at once, both then sign with the same key.
        stored = storage::signing_key::all(&session).await?;
        session.commit().await?;
    }
    let mut keys = Vec::with_capacity(stored.len());
    for key in &stored {
        keys.push(cipher.open(&key.kid, &key.encrypted_private_key).map_err(|error| {
            internal(format!(
                "the signing key {} cannot be read ({error}): is auth.secret the one it was made with?",
                key.kid
            ))
        })?);
    }
    let current = keys.pop().ok_or_else(|| internal("there is no signing key"))?;
    Ok(SigningKeys::new(current, keys.iter().map(|key| key.public().clone())))
}
