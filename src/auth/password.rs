//! Passwords: Argon2id, bounded in length, in memory and in how many are hashed at once.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{self, PasswordHasher, PasswordVerifier, phc},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::entropy::{Entropy, EntropyError, draw};
use super::password_policy::{MIN_SCORE, Weakness, weakness};

/// Shortest new password, in characters.
pub const MIN_CHARS: usize = 8;
/// Longest new password, in characters.
pub const MAX_CHARS: usize = 256;
/// Longest password that is hashed at all, in bytes: 256 characters of four bytes.
const MAX_BYTES: usize = 1024;
const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = 32;

/// What one hash costs. Raising a number makes older hashes [`Verdict::Match`] with `needs_rehash`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordParams {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes; more of them do not make this implementation faster.
    pub parallelism: u32,
}

impl Default for PasswordParams {
    /// The OWASP recommendation for Argon2id.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, iterations: 2, parallelism: 1 }
    }
}

/// Why a password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// A new password is too short.
    #[error("a password has at least {MIN_CHARS} characters, this one has {chars}")]
    TooShort {
        /// Its length in characters.
        chars: usize,
    },
    /// A new password is too long.
    #[error("a password has at most {MAX_CHARS} characters, this one has {chars}")]
    TooLong {
        /// Its length in characters.
        chars: usize,
    },
    /// A new password is too easy to guess.
    #[error("the password is too easy to guess: strength {} of 4, at least {MIN_SCORE} is needed. {}", .0.score, .0.advice)]
    Weak(Weakness),
    /// The parameters are outside what Argon2 allows.
    #[error("the password hashing parameters are not valid: {0}")]
    Params(argon2::Error),
    /// The stored hash cannot be read.
    #[error("the stored password hash cannot be read: {0}")]
    StoredHash(phc::Error),
    /// The hash could not be computed.
    #[error("the password could not be hashed: {0}")]
    Hashing(password_hash::Error),
    /// There was no salt.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The worker thread is gone because the server is stopping.
    #[error("the password could not be hashed because the server is stopping")]
    Stopping,
}

/// Whether a password is the stored one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Match {
        /// The stored hash is weaker than today's parameters: hash the password again and store that.
        needs_rehash: bool,
    },
    /// It is not.
    Mismatch,
}

/// Hashes and checks passwords off the async threads, a few at a time.
#[derive(Debug, Clone)]
pub struct Passwords {
    params: Params,
    decoy: Arc<str>,
    entropy: Arc<dyn Entropy>,
    permits: Arc<Semaphore>,
}

impl Passwords {
    /// Prepares hashing with these parameters, at most `concurrency` (the number of cores) at once: each one holds
    /// `memory_kib` and a core.
    pub fn new(params: PasswordParams, concurrency: usize, entropy: Arc<dyn Entropy>) -> Result<Self, PasswordError> {
        let params = Params::new(params.memory_kib, params.iterations, params.parallelism, Some(OUTPUT_BYTES))
            .map_err(PasswordError::Params)?;
        let decoy = decoy(&params, entropy.as_ref())?.into();
        Ok(Self { params, decoy, entropy, permits: Arc::new(Semaphore::new(concurrency.max(1))) })
    }

    /// Hashes a password that somebody chooses into a PHC string, unless it is easy to guess for whoever knows what is known of
    /// the person: their name, their address.
    pub async fn hash_chosen(&self, password: &SecretString, known: Vec<String>) -> Result<String, PasswordError> {
        check_length(password)?;
        let estimated = password.clone();
        self.run(move || weakness(&estimated, &known).map_or(Ok(()), |weakness| Err(PasswordError::Weak(weakness))))
            .await?;
        self.hash(password).await
    }

    /// Hashes a password into a PHC string, after checking its length.
    pub async fn hash(&self, password: &SecretString) -> Result<String, PasswordError> {
        check_length(password)?;
        let salt: [u8; SALT_BYTES] = draw(self.entropy.as_ref())?;
        let (argon2, password) = (argon2(&self.params), password.clone());
        self.run(move || {
            let hash: phc::PasswordHash = argon2
                .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
                .map_err(PasswordError::Hashing)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Checks a password against a stored PHC string.
    pub async fn verify(&self, password: &SecretString, stored: &str) -> Result<Verdict, PasswordError> {
        // Nobody can have set such a password, and hashing it would be the caller's choice of our work.
        if password.expose_secret().len() > MAX_BYTES {
            return Ok(Verdict::Mismatch);
        }
        let hash = phc::PasswordHash::new(stored).map_err(PasswordError::StoredHash)?;
        let needs_rehash = self.is_outdated(&hash);
        let (argon2, password) = (argon2(&self.params), password.clone());
        self.run(move || match argon2.verify_password(password.expose_secret().as_bytes(), &hash) {
            Ok(()) => Ok(Verdict::Match { needs_rehash }),
            Err(password_hash::Error::PasswordInvalid) => Ok(Verdict::Mismatch),
            Err(error) => Err(PasswordError::Hashing(error)),
        })
        .await
    }

    /// Spends what [`verify`](Self::verify) spends, for an account that does not exist, so that the time of the answer
    /// does not tell which accounts do.
    pub async fn verify_unknown(&self, password: &SecretString) -> Result<(), PasswordError> {
        self.verify(password, &self.decoy).await.map(drop)
    }

    fn is_outdated(&self, hash: &phc::PasswordHash) -> bool {
        let current = |stored: Params| {
            hash.algorithm == Algorithm::Argon2id.ident()
                && hash.version == Some(Version::V0x13.into())
                && stored.m_cost() == self.params.m_cost()
                && stored.t_cost() == self.params.t_cost()
                && stored.p_cost() == self.params.p_cost()
        };
        !Params::try_from(hash).is_ok_and(current)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| PasswordError::Stopping)?;
        let worker = tokio::task::spawn_blocking(move || {
            // Held by the work and not by the waiting request: a request that is cancelled does not stop its hash.
            let _permit = permit;
            work()
        });
        worker.await.map_err(|_| PasswordError::Stopping)?
    }
}

fn check_length(password: &SecretString) -> Result<(), PasswordError> {
    match password.expose_secret().chars().count() {
        chars if chars < MIN_CHARS => Err(PasswordError::TooShort { chars }),
        chars if chars > MAX_CHARS => Err(PasswordError::TooLong { chars }),
        _ => Ok(()),
    }
}

fn argon2(params: &Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
}

/// A well-formed hash that belongs to no password: its output is random instead of computed.
fn decoy(params: &Params, entropy: &dyn Entropy) -> Result<String, PasswordError> {
    let salt: [u8; SALT_BYTES] = draw(entropy)?;
    let output: [u8; OUTPUT_BYTES] = draw(entropy)?;
    let hash = phc::PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: phc::ParamsString::try_from(params).map_err(PasswordError::Hashing)?,
        salt: Some(phc::Salt::new(&salt).map_err(PasswordError::StoredHash)?),
        hash: Some(phc::Output::new(&output).map_err(PasswordError::StoredHash)?),
    };
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::entropy::tests::CountingEntropy;

    const CHEAP: PasswordParams = PasswordParams { memory_kib: 64, iterations: 1, parallelism: 1 };

    fn passwords(params: PasswordParams) -> Passwords {
        Passwords::new(params, 2, Arc::new(CountingEntropy::default())).unwrap()
    }

    #[tokio::test]
    async fn the_right_password_matches_and_another_does_not() {
        let passwords = passwords(CHEAP);
        let stored = passwords.hash(&"correct horse".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
        let verdict = passwords.verify(&"correct horse".into(), &stored).await.unwrap();
        assert_eq!(verdict, Verdict::Match { needs_rehash: false });
        assert_eq!(passwords.verify(&"correct horsE".into(), &stored).await.unwrap(), Verdict::Mismatch);
    }

    #[tokio::test]
    async fn equal_passwords_have_different_hashes() {
        let passwords = passwords(CHEAP);
        let first = passwords.hash(&"correct horse".into()).await.unwrap();
        assert_ne!(first, passwords.hash(&"correct horse".into()).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_with_older_parameters_still_matches_and_asks_for_a_new_one() {
        let stored = passwords(CHEAP).hash(&"correct horse".into()).await.unwrap();
        let stronger = passwords(PasswordParams { iterations: 2, ..CHEAP });
        let verdict = stronger.verify(&"correct horse".into(), &stored).await.unwrap();
        assert_eq!(verdict, Verdict::Match { needs_rehash: true });
    }

    #[tokio::test]
    async fn a_new_password_has_8_to_256_characters() {
        let passwords = passwords(CHEAP);
        let hash = async |text: String| passwords.hash(&text.into()).await;
        assert!(matches!(hash("ä".repeat(7)).await, Err(PasswordError::TooShort { chars: 7 })));
        assert!(matches!(hash("ä".repeat(257)).await, Err(PasswordError::TooLong { chars: 257 })));
        assert!(hash("🦀".repeat(8)).await.is_ok());
        assert!(hash("🦀".repeat(256)).await.is_ok());
    }

    #[tokio::test]
    async fn a_chosen_password_is_hard_to_guess() {
        let passwords = passwords(CHEAP);
        let chosen = async |text: &str| passwords.hash_chosen(&text.into(), vec!["Mara Keller".to_owned()]).await;
        assert!(matches!(chosen("short").await, Err(PasswordError::TooShort { chars: 5 })));
        assert!(matches!(chosen("password1").await, Err(PasswordError::Weak(Weakness { score: 0, .. }))));
        assert!(matches!(chosen("marakeller").await, Err(PasswordError::Weak(_))));
        assert!(chosen("correct horse battery").await.is_ok());
    }

    #[tokio::test]
    async fn an_oversized_password_is_a_mismatch_without_hashing() {
        let passwords = passwords(CHEAP);
        // The stored text is not a hash: reading it would be an error.
        let verdict = passwords.verify(&"x".repeat(1025).into(), "not a hash").await.unwrap();
        assert_eq!(verdict, Verdict::Mismatch);
        assert!(passwords.verify(&"x".repeat(1024).into(), "not a hash").await.is_err());
    }

    #[tokio::test]
    async fn the_decoy_costs_the_same_parameters_and_matches_nothing() {
        let passwords = passwords(CHEAP);
        let hash = phc::PasswordHash::new(&passwords.decoy).unwrap();
        assert!(!passwords.is_outdated(&hash));
        passwords.verify_unknown(&"correct horse".into()).await.unwrap();
    }

    #[test]
    fn impossible_parameters_are_refused_at_once() {
        let params = PasswordParams { memory_kib: 1, ..CHEAP };
        let refused = Passwords::new(params, 2, Arc::new(CountingEntropy::default()));
        assert!(matches!(refused, Err(PasswordError::Params(_))));
    }
}
