//! Keyed hashes in place of what must be told apart and not read: whose address was typed, from where.

use std::fmt;

use aws_lc_rs::{hkdf, hmac};
use secrecy::{ExposeSecret, SecretString};

use super::signing_key::{KeyError, MIN_SECRET_BYTES};

const SALT: &[u8] = b"portfolio-analyzer";
const INFO: &[u8] = b"pseudonyms, HMAC-SHA256, version 1";

/// Makes pseudonyms, with a key derived from `auth.secret`: nobody without it can try which address one belongs to.
#[derive(Clone)]
pub struct Pseudonyms(hmac::Key);

impl Pseudonyms {
    /// Derives the key.
    pub fn derive(secret: &SecretString) -> Result<Self, KeyError> {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() < MIN_SECRET_BYTES {
            return Err(KeyError::WeakSecret { actual: secret.len() });
        }
        let pseudo_random = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(secret);
        let mut key = [0; 32];
        let derived = pseudo_random.expand(&[INFO], hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut key));
        derived.map_err(|_| KeyError::Derivation)?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    /// The pseudonym of these texts in this order. Each text's length counts, so that none can run into the next.
    pub fn of(&self, texts: &[&str]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0);
        for text in texts {
            context.update(&(text.len() as u64).to_be_bytes());
            context.update(text.as_bytes());
        }
        context.sign().as_ref().to_vec()
    }
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pseudonyms(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_equal_pseudonyms_and_no_others() {
        let pseudonyms = Pseudonyms::derive(&"a".repeat(32).into()).unwrap();
        let other = Pseudonyms::derive(&"b".repeat(32).into()).unwrap();
        assert_eq!(pseudonyms.of(&["ab", "c"]), pseudonyms.of(&["ab", "c"]));
        assert_ne!(pseudonyms.of(&["ab", "c"]), pseudonyms.of(&["a", "bc"]));
        assert_ne!(pseudonyms.of(&["ab", "c"]), other.of(&["ab", "c"]));
        assert_eq!(pseudonyms.of(&[]).len(), 32);
        assert!(Pseudonyms::derive(&"a".repeat(31).into()).is_err());
    }
}
