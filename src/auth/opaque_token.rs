//! Opaque tokens: secrets that only their hash is kept of.
//!
//! A token says what it is for and names the realm it belongs to (`rt_{tenant}_{secret}`), because what a tenant's tokens open is
//! stored in the tenant's own schema and the server has to know where to look before it can look.

use std::fmt;

use aws_lc_rs::{constant_time, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::{
    entropy::{Entropy, EntropyError, draw},
    realm::{Realm, TenantId},
};

const PLATFORM: &str = "platform";
const SECRET_BYTES: usize = 32;
/// 32 bytes in base64 without padding.
const SECRET_CHARS: usize = 43;

/// What a token is for. One of another use is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenUse {
    /// Prolongs a log-in.
    Refresh,
    /// Is a service's credential.
    ApiKey,
    /// Makes whoever was invited a person of the tenant.
    Invitation,
    /// Sets a password that was forgotten.
    PasswordReset,
    /// Proves that an address is its person's.
    EmailChange,
}

impl TokenUse {
    /// How a token begins.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Refresh => "rt_",
            Self::ApiKey => "pak_",
            Self::Invitation => "inv_",
            Self::PasswordReset => "pwr_",
            Self::EmailChange => "emc_",
        }
    }
}

/// The text is not such a token. It says nothing about what is wrong, since only a forger would ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not such a token")]
pub struct OpaqueTokenError;

/// A token as its holder has it.
#[derive(Debug, Clone)]
pub struct OpaqueToken {
    used_for: TokenUse,
    realm: Realm,
    secret: SecretString,
}

/// SHA-256 of a token's secret: all that is stored. A plain hash is enough because the secret has 256 random bits.
#[derive(Clone, Copy)]
pub struct OpaqueTokenHash([u8; digest::SHA256_OUTPUT_LEN]);

impl OpaqueToken {
    /// Makes a new token for the realm.
    pub fn generate(used_for: TokenUse, realm: Realm, entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let bytes: [u8; SECRET_BYTES] = draw(entropy)?;
        Ok(Self { used_for, realm, secret: URL_SAFE_NO_PAD.encode(bytes).into() })
    }

    /// Reads a token of this use.
    pub fn parse(used_for: TokenUse, text: &str) -> Result<Self, OpaqueTokenError> {
        let rest = text.strip_prefix(used_for.prefix()).ok_or(OpaqueTokenError)?;
        // The secret's alphabet has an underscore too, the realm's has not: the first one ends the realm.
        let (realm, secret) = rest.split_once('_').ok_or(OpaqueTokenError)?;
        let realm = match realm {
            PLATFORM => Realm::Platform,
            id if id.len() == 32 && !id.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                Realm::Tenant(TenantId(Uuid::try_parse(id).map_err(|_| OpaqueTokenError)?))
            }
            _ => return Err(OpaqueTokenError),
        };
        let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if secret.len() != SECRET_CHARS || !secret.bytes().all(alphabet) {
            return Err(OpaqueTokenError);
        }
        Ok(Self { used_for, realm, secret: secret.into() })
    }

    /// The realm the token claims to belong to; only a stored hash in that realm proves it.
    pub fn realm(&self) -> Realm {
        self.realm
    }

    /// What is stored and looked up.
    pub fn hash(&self) -> OpaqueTokenHash {
        let digest = digest::digest(&digest::SHA256, self.secret.expose_secret().as_bytes());
        let mut bytes = [0; digest::SHA256_OUTPUT_LEN];
        bytes.copy_from_slice(digest.as_ref());
        OpaqueTokenHash(bytes)
    }

    /// The token as it is handed to its holder, once.
    pub fn to_secret_string(&self) -> SecretString {
        let (prefix, secret) = (self.used_for.prefix(), self.secret.expose_secret());
        match self.realm {
            Realm::Platform => format!("{prefix}{PLATFORM}_{secret}"),
            Realm::Tenant(TenantId(id)) => format!("{prefix}{}_{secret}", id.simple()),
        }
        .into()
    }
}

impl OpaqueTokenHash {
    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Compares with stored bytes, in a time that does not depend on where they differ.
    pub fn matches(&self, stored: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(&self.0, stored).is_ok()
    }
}

impl fmt::Debug for OpaqueTokenHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OpaqueTokenHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::entropy::tests::CountingEntropy;

    fn tenant() -> Realm {
        Realm::Tenant(TenantId(Uuid::from_u128(0xabc)))
    }

    #[test]
    fn a_token_reads_back_with_its_realm() {
        let entropy = CountingEntropy::default();
        for realm in [Realm::Platform, tenant()] {
            let token = OpaqueToken::generate(TokenUse::Refresh, realm, &entropy).unwrap();
            let text = token.to_secret_string();
            let read = OpaqueToken::parse(TokenUse::Refresh, text.expose_secret()).unwrap();
            assert_eq!(read.realm(), realm);
            assert!(read.hash().matches(token.hash().as_bytes()));
            assert!(OpaqueToken::parse(TokenUse::ApiKey, text.expose_secret()).is_err(), "a token has one use");
        }
    }

    #[test]
    fn two_tokens_differ_and_do_not_match_each_other() {
        let entropy = CountingEntropy::default();
        let first = OpaqueToken::generate(TokenUse::Refresh, tenant(), &entropy).unwrap();
        let second = OpaqueToken::generate(TokenUse::Refresh, tenant(), &entropy).unwrap();
        assert!(!first.hash().matches(second.hash().as_bytes()));
        assert!(!first.hash().matches(&[]));
    }

    #[test]
    fn anything_else_is_refused() {
        let id = Uuid::from_u128(0xabc).simple().to_string();
        let secret = "A".repeat(SECRET_CHARS);
        for text in [
            String::new(),
            "rt_".to_owned(),
            format!("rt_platform{secret}"),
            format!("rt_Platform_{secret}"),
            format!("xx_platform_{secret}"),
            format!("rt_{id}_{secret}A"),
            format!("rt_{id}_{}", &secret[1..]),
            format!("rt_{}_{secret}", id.to_uppercase()),
            format!("rt_{}_{secret}", Uuid::from_u128(0xabc)),
            format!("rt_{id}_{}=", &secret[1..]),
            format!("rt_{id}_{}", "é".repeat(21) + "A"),
        ] {
            assert!(OpaqueToken::parse(TokenUse::Refresh, &text).is_err(), "{text} was accepted");
        }
    }

    #[test]
    fn debug_output_does_not_show_the_secret() {
        let token = OpaqueToken::generate(TokenUse::Refresh, Realm::Platform, &CountingEntropy::default()).unwrap();
        let shown = format!("{token:?} {:?}", token.hash());
        assert!(!shown.contains(token.secret.expose_secret()));
    }
}
