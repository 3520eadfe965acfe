//! Randomness as a dependency, so that tests can repeat what they do.

use std::fmt::Debug;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// The source of random bytes could not deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct EntropyError;

/// A source of random bytes that are fit for keys.
pub trait Entropy: Debug + Send + Sync {
    /// Fills `bytes` entirely, or fails without a promise about their content.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// The operating system's generator: what the server uses outside tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        SystemRandom::new().fill(bytes).map_err(|_| EntropyError)
    }
}

/// Draws a fixed number of random bytes.
pub(super) fn draw<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], EntropyError> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::{Entropy, EntropyError};

    /// Every draw differs from the last and is the same in every run.
    #[derive(Debug, Default)]
    pub struct CountingEntropy(AtomicU8);

    impl Entropy for CountingEntropy {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
            Ok(())
        }
    }
}
