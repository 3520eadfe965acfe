//! Tokens and password hashing.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::{Problem, Secret, out_of_range};

/// The shortest secret that is accepted: as long as the key that is derived from it.
pub const MINIMUM_SECRET_BYTES: usize = 32;

/// What the demo encrypts its signing keys with. It is published, so production refuses it.
pub const DEMO_SECRET: &str = "published-demo-secret-protects-nothing-at-all";

/// `[auth]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// Encrypts the token signing keys at rest; at least [`MINIMUM_SECRET_BYTES`] long.
    pub secret: Option<Secret>,
    /// The `iss` of every token.
    pub issuer: String,
    /// The `aud` of every token.
    pub audience: String,
    /// How long an access token is good for.
    pub access_token_ttl_seconds: u64,
    /// How long a session can be renewed without a password.
    pub refresh_token_ttl_seconds: u64,
    /// Memory of one password hash, in KiB.
    pub argon2_memory_kib: u32,
    /// Passes of one password hash.
    pub argon2_iterations: u32,
    /// Lanes of one password hash.
    pub argon2_parallelism: u32,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            secret: None,
            issuer: "portfolio-analyzer".to_owned(),
            audience: "portfolio-api".to_owned(),
            access_token_ttl_seconds: 15 * 60,
            refresh_token_ttl_seconds: 30 * 24 * 60 * 60,
            argon2_memory_kib: 19_456,
            argon2_iterations: 2,
            argon2_parallelism: 1,
        }
    }
}

impl AuthConfig {
    /// `access_token_ttl_seconds` as a duration.
    #[must_use]
    pub fn access_token_ttl(&self) -> Duration {
        Duration::from_secs(self.access_token_ttl_seconds)
    }

    /// `refresh_token_ttl_seconds` as a duration.
    #[must_use]
    pub fn refresh_token_ttl(&self) -> Duration {
        Duration::from_secs(self.refresh_token_ttl_seconds)
    }

    pub(super) fn validate(&self) -> Vec<Problem> {
        let lanes = u64::from(self.argon2_parallelism);
        let mut problems = out_of_range(&[
            ("auth.access_token_ttl_seconds", self.access_token_ttl_seconds, 1, 86_400),
            // A session that ends before its first token does would be a puzzle, not a policy.
            (
                "auth.refresh_token_ttl_seconds",
                self.refresh_token_ttl_seconds,
                self.access_token_ttl_seconds,
                366 * 86_400,
            ),
            // Argon2 itself wants eight blocks a lane.
            ("auth.argon2_memory_kib", self.argon2_memory_kib.into(), 8 * lanes, 1 << 22),
            ("auth.argon2_iterations", self.argon2_iterations.into(), 1, 100),
            ("auth.argon2_parallelism", lanes, 1, 64),
        ]);
        for (key, value) in [("auth.issuer", &self.issuer), ("auth.audience", &self.audience)] {
            if value.trim().is_empty() {
                problems.push(Problem { key: key.to_owned(), message: "is empty; tokens must carry it".to_owned() });
            }
        }
        let too_short = |secret: &&Secret| secret.expose_secret().len() < MINIMUM_SECRET_BYTES;
        if let Some(secret) = self.secret.as_ref().filter(too_short) {
            problems.push(Problem {
                key: "auth.secret".to_owned(),
                message: format!(
                    "has {} bytes; it needs at least {MINIMUM_SECRET_BYTES}, for example from `openssl rand -base64 48`",
                    secret.expose_secret().len()
                ),
            });
        }
        problems
    }
}
