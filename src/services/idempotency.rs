//! The same key again gives the same answer and does nothing twice.
//!
//! A key is claimed in the transaction of the change, so that it stands exactly if the change does. A second request with
//! the key waits for the first and then finds its answer; one with another input is refused.

use aws_lc_rs::digest;
use serde_json::Value;

use super::{RefusalCode, ServiceError, Services};
use crate::storage;
use crate::tenancy::{Session, Tenant};

/// The longest key that is taken.
const MAX_KEY: usize = 128;

/// A client's key for one request of one mutation.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    /// The key, unique among the actor's requests.
    pub key: String,
    /// The mutation's name.
    pub operation: &'static str,
    /// The mutation's input, in any form that is equal for equal inputs.
    pub request: String,
}

impl Services {
    /// Claims the key, or returns what was answered under it before.
    pub(super) async fn earlier_answer(
        &self,
        session: &Session<Tenant>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Value>, ServiceError> {
        let Some(key) = key else {
            return Ok(None);
        };
        if key.key.is_empty() || key.key.len() > MAX_KEY {
            let message = format!("the key has {} bytes: 1 to {MAX_KEY} are allowed", key.key.len());
            return Err(ServiceError::refused(RefusalCode::InvalidInput, &["idempotencyKey"], message));
        }
        let hash = digest::digest(&digest::SHA256, key.request.as_bytes());
        let now = self.environment.clock.now();
        let claim = storage::idempotency::claim(session, &key.key, key.operation, hash.as_ref(), now).await?;
        let Some(earlier) = claim else {
            return Ok(None);
        };
        if earlier.operation != key.operation || earlier.request_hash != hash.as_ref() {
            let message = format!("the key was used before, for another {}", earlier.operation);
            return Err(ServiceError::refused(RefusalCode::IdempotencyKeyReused, &["idempotencyKey"], message));
        }
        earlier.answer.map(Some).ok_or_else(|| ServiceError::Internal("a key stands without its answer".to_owned()))
    }

    /// Stores the answer under a key that [`Services::earlier_answer`] claimed.
    pub(super) async fn remember(
        &self,
        session: &Session<Tenant>,
        key: Option<&IdempotencyKey>,
        answer: Value,
    ) -> Result<(), ServiceError> {
        if let Some(key) = key {
            storage::idempotency::answer(session, &key.key, answer).await?;
        }
        Ok(())
    }
}
