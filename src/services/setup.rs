//! Putting the services together, and what only a command on the machine may do.

use std::sync::Arc;
use std::thread::available_parallelism;

use chrono::TimeDelta;
use domain::money::Currency;
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::signing_key::Keyring;
use super::{Caller, Origin, ServiceError, Services, authentication};
use crate::audit;
use crate::auth::{
    Actor, ActorKind, Entropy, KeyCipher, PasswordParams, Passwords, Permission, PermissionSet, Pseudonyms, Role,
    SystemEntropy, TenantId, TokenSettings,
};
use crate::clock::Environment;
use crate::storage;
use crate::storage::sign_in::SignIn;
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
        let pseudonyms = Pseudonyms::derive(&settings.secret).map_err(internal)?;
        let now = environment.clock.now();
        let keys = Keyring::open(&gateway, cipher, settings.tokens, entropy.as_ref(), now).await?;
        Ok(Self::new(gateway, environment, passwords, keys, pseudonyms, entropy, settings.refresh_lifetime))
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
        let tokens = self.keys.now(&self.gateway, self.environment.clock.now()).await;
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
            let (id, now) = (self.environment.ids.next(), self.environment.clock.now());
            let subject = crate::auth::Subject {
                user_id: user.id,
                realm: Some(TenantId(tenant.id)).into(),
                session: id,
                role: user.role,
            };
            let issued = tokens.tokens.issue(subject, self.environment.ids.next(), now).map_err(internal)?;
            let sign_in = SignIn {
                id,
                user: user.id,
                begun_at: now,
                address: None,
                user_agent: Some("a command on the server".to_owned()),
                last_used_at: now,
                last_address: None,
                expires_at: issued.expires_at,
                ended_at: None,
            };
            storage::sign_in::prolong(&session, &sign_in).await?;
            Ok(issued.token)
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
        let hash = self.passwords.hash_chosen(password, vec![email.to_owned(), name.to_owned()]).await?;
        let session = self.gateway.platform(Access::Write).await?;
        let now = self.environment.clock.now();
        let user = User {
            id: self.environment.ids.next(),
            email: email.to_owned(),
            name: name.to_owned(),
            role: Role::PlatformOperator,
            role_code: Role::PlatformOperator.code().to_owned(),
            email_verified_at: None,
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
