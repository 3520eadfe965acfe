//! The keys that sign access tokens: which are good now, and exchanging them without logging anybody out.
//!
//! A new key is in the database, and published, before it signs: by then every server has read it. The one before it signs no
//! more and verifies until the last token that it signed is over.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{ServiceError, Services, settle};
use crate::audit;
use crate::auth::{AccessTokens, Entropy, KeyCipher, PublicKey, SigningKey, SigningKeys, TokenSettings};
use crate::storage;
use crate::storage::signing_key::StoredKey;
use crate::tenancy::{Access, Gateway, Platform, Session};

/// How often each server reads the keys.
const READ_EVERY: TimeDelta = TimeDelta::seconds(30);
/// How long a new key is known before it signs.
const KNOWN_BEFORE: TimeDelta = TimeDelta::seconds(90);
/// How much longer than its tokens live a key verifies: a server signs with it until it has read the next one, and clocks differ.
const MARGIN: TimeDelta = TimeDelta::minutes(5);

fn internal(error: impl std::fmt::Display) -> ServiceError {
    ServiceError::Internal(error.to_string())
}

/// The keys as last read.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) tokens: AccessTokens,
    published: Vec<PublicKey>,
    /// What checkpoints of audit logs may be signed with: every key that ever signed, but for those that were revoked.
    pub(super) audited: Vec<PublicKey>,
}

/// Reads the keys, and keeps them for a while.
#[derive(Debug)]
pub(super) struct Keyring {
    cipher: KeyCipher,
    settings: TokenSettings,
    loaded: RwLock<Arc<Loaded>>,
    read_at: AtomicI64,
}

/// A key and what becomes of it.
#[derive(Clone, Debug)]
pub struct KeyState {
    /// The id that tokens name it by.
    pub kid: String,
    /// From when on it signs.
    pub active_from: DateTime<Utc>,
    /// From when on it does not.
    pub retired_at: Option<DateTime<Utc>>,
    /// Whether its tokens are accepted.
    pub verifies: bool,
}

impl Keyring {
    /// Reads the keys; makes the first one where there is none.
    pub(super) async fn open(
        gateway: &Gateway,
        cipher: KeyCipher,
        settings: TokenSettings,
        entropy: &dyn Entropy,
        now: DateTime<Utc>,
    ) -> Result<Self, ServiceError> {
        let mut stored = read(gateway).await?;
        if stored.is_empty() {
            let session = gateway.platform(Access::Write).await?;
            let first = made(&cipher, entropy, now, now)?;
            storage::signing_key::insert(&session, first).await?;
            // Read again: of two processes that start at once, both then sign with the same key.
            stored = storage::signing_key::all(&session).await?;
            session.commit().await?;
        }
        let loaded = load(&cipher, &settings, &stored, now)?;
        let read_at = AtomicI64::new(now.timestamp());
        Ok(Self { cipher, settings, loaded: RwLock::new(Arc::new(loaded)), read_at })
    }

    /// How long a token is good.
    pub(super) fn lifetime(&self) -> TimeDelta {
        self.settings.lifetime
    }

    /// The keys as they were last read.
    pub(super) fn current(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The keys that are good now. Whoever comes first after a while reads them again; the others go on with what is there.
    pub(super) async fn now(&self, gateway: &Gateway, now: DateTime<Utc>) -> Arc<Loaded> {
        let read_at = self.read_at.load(Ordering::Relaxed);
        let is_due = now.timestamp() - read_at >= READ_EVERY.num_seconds() || now.timestamp() < read_at;
        let swap = || self.read_at.compare_exchange(read_at, now.timestamp(), Ordering::Relaxed, Ordering::Relaxed);
        if is_due && swap().is_ok() {
            let read = async { load(&self.cipher, &self.settings, &read(gateway).await?, now) };
            match read.await {
                Ok(loaded) => *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded),
                Err(error) => tracing::warn!(%error, "the signing keys could not be read; those known go on"),
            }
        }
        self.current()
    }
}

async fn read(gateway: &Gateway) -> Result<Vec<StoredKey>, ServiceError> {
    let session = gateway.platform(Access::Read).await?;
    let stored = storage::signing_key::all(&session).await.map_err(ServiceError::from);
    settle(session, stored).await
}

fn made(
    cipher: &KeyCipher,
    entropy: &dyn Entropy,
    now: DateTime<Utc>,
    active_from: DateTime<Utc>,
) -> Result<StoredKey, ServiceError> {
    let key = SigningKey::generate(entropy).map_err(internal)?;
    Ok(StoredKey {
        kid: key.public().key_id.clone(),
        encrypted_private_key: Some(cipher.seal(&key, entropy).map_err(internal)?),
        public_key: Some(key.public().bytes.clone()),
        created_at: now,
        active_from,
        retired_at: None,
    })
}

fn opened(cipher: &KeyCipher, key: &StoredKey) -> Result<Option<SigningKey>, ServiceError> {
    let Some(sealed) = &key.encrypted_private_key else { return Ok(None) };
    let opened = cipher.open(&key.kid, sealed).map_err(|error| {
        internal(format!(
            "the signing key {} cannot be read ({error}): is auth.secret the one it was made with?",
            key.kid
        ))
    });
    opened.map(Some)
}

fn public(cipher: &KeyCipher, key: &StoredKey) -> Result<PublicKey, ServiceError> {
    if let Some(bytes) = &key.public_key {
        return PublicKey::from_bytes(bytes).map_err(internal);
    }
    let opened = opened(cipher, key)?.ok_or_else(|| internal(format!("the signing key {} has no half", key.kid)))?;
    Ok(opened.public().clone())
}

fn verifies(key: &StoredKey, lifetime: TimeDelta, now: DateTime<Utc>) -> bool {
    key.retired_at.is_none_or(|at| now < at + lifetime + MARGIN)
}

/// The newest key that is active signs; tokens of all that are not over are accepted.
fn load(
    cipher: &KeyCipher,
    settings: &TokenSettings,
    stored: &[StoredKey],
    now: DateTime<Utc>,
) -> Result<Loaded, ServiceError> {
    let signs = |key: &&StoredKey| {
        key.encrypted_private_key.is_some() && key.active_from <= now && key.retired_at.is_none_or(|at| at > now)
    };
    let current = stored.iter().rev().find(signs).ok_or_else(|| internal("there is no signing key"))?;
    let current = opened(cipher, current)?.ok_or_else(|| internal("there is no signing key"))?;
    let good = stored.iter().filter(|key| verifies(key, settings.lifetime, now));
    let published = good.map(|key| public(cipher, key)).collect::<Result<Vec<_>, _>>()?;
    let tokens = AccessTokens::new(SigningKeys::new(current, published.iter().cloned()), settings.clone());
    let audited = stored.iter().filter(|key| key.retired_at != Some(DateTime::UNIX_EPOCH));
    let audited = audited.map(|key| public(cipher, key)).collect::<Result<_, _>>()?;
    Ok(Loaded { tokens, published, audited })
}

impl Services {
    /// The keys that tokens are accepted of, as a JSON Web Key Set (RFC 7517, RFC 8037).
    pub async fn key_set(&self) -> serde_json::Value {
        let loaded = self.keys.now(&self.gateway, self.environment.clock.now()).await;
        let keys: Vec<_> = loaded.published.iter().map(PublicKey::to_jwk).collect();
        json!({ "keys": keys })
    }

    /// Makes a new key and retires the others. It signs once every server knows it, so that nobody is logged out; with `revoke`
    /// it signs at once, and no token that others signed is accepted any more: for a key that is no secret.
    pub async fn signing_key_rotate(&self, revoke: bool) -> Result<KeyState, ServiceError> {
        let session = self.gateway.platform(Access::Write).await?;
        let result = self.rotate_keys(&session, revoke).await;
        settle(session, result).await
    }

    async fn rotate_keys(&self, session: &Session<Platform>, revoke: bool) -> Result<KeyState, ServiceError> {
        let now = self.environment.clock.now();
        let active_from = if revoke { now } else { now + KNOWN_BEFORE };
        let retired_at = if revoke { DateTime::UNIX_EPOCH } else { active_from };
        let earlier = storage::signing_key::lock_all(session).await?;
        for key in earlier.iter().filter(|key| key.retired_at.is_none_or(|at| at > retired_at)) {
            storage::signing_key::retire(session, &key.kid, retired_at).await?;
        }
        let new = made(&self.keys.cipher, self.entropy.as_ref(), now, active_from)?;
        storage::signing_key::insert(session, new.clone()).await?;
        let entry = audit::Entry {
            id: self.environment.ids.next(),
            at: now,
            actor_id: None,
            actor_name: "command".to_owned(),
            action: "signingKeyRotate".to_owned(),
            entity_type: "SigningKey".to_owned(),
            entity_id: Some(new.kid.clone()),
            before: None,
            after: Some(json!({ "activeFrom": active_from, "revoked": revoke })),
            request_id: None,
            address: None,
        };
        audit::write(session, entry).await?;
        Ok(KeyState { kid: new.kid, active_from, retired_at: None, verifies: true })
    }

    /// Every key, in the order in which they came to sign.
    pub async fn signing_key_list(&self) -> Result<Vec<KeyState>, ServiceError> {
        let now = self.environment.clock.now();
        let state = |key: StoredKey| {
            let verifies = verifies(&key, self.keys.lifetime(), now);
            KeyState { kid: key.kid, active_from: key.active_from, retired_at: key.retired_at, verifies }
        };
        Ok(read(&self.gateway).await?.into_iter().map(state).collect())
    }

    /// Removes private halves of keys that sign nowhere any more; returns how many.
    pub(super) async fn erase_retired_keys(&self, session: &Session<Platform>) -> Result<usize, ServiceError> {
        let now = self.environment.clock.now();
        let mut erased = 0;
        for key in storage::signing_key::all(session).await? {
            let is_over = key.retired_at.is_some_and(|at| at + MARGIN < now);
            if is_over && key.encrypted_private_key.is_some() {
                let public = public(&self.keys.cipher, &key)?;
                storage::signing_key::erase_private(session, &key.kid, &public.bytes).await?;
                erased += 1;
            }
        }
        Ok(erased)
    }
}
