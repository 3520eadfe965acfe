//! The Ed25519 keys that sign access tokens, and how they are kept at rest.

use std::{collections::HashMap, fmt};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest, hkdf,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::entropy::{Entropy, EntropyError, draw};

/// Fewest bytes of `auth.secret`. HKDF adds no strength to a secret that can be guessed.
pub const MIN_SECRET_BYTES: usize = 32;
const SEED_BYTES: usize = 32;
/// 96 bits of the public key's hash: short, and no two keys of an installation will share it.
const KEY_ID_BYTES: usize = 12;
const SALT: &[u8] = b"portfolio-analyzer";
const INFO: &[u8] = b"signing keys at rest, AES-256-GCM, version 1";

/// Why a key cannot be made, sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// `auth.secret` is too short.
    #[error("auth.secret has {actual} bytes; it needs at least {MIN_SECRET_BYTES} random ones")]
    WeakSecret {
        /// Its length in bytes.
        actual: usize,
    },
    /// There was no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The sealed bytes were not made with this secret for this key id, or were changed.
    #[error("the signing key cannot be opened: auth.secret is not the one it was sealed with, or the row was changed")]
    Sealed,
    /// The bytes are not an Ed25519 key.
    #[error("not an Ed25519 signing key")]
    Malformed,
    /// The cryptography library refused; it does so only when memory is out.
    #[error("the key could not be derived")]
    Derivation,
}

/// A private key that signs tokens.
#[derive(Clone)]
pub struct SigningKey {
    public: PublicKey,
    pkcs8: SecretSlice<u8>,
}

/// The public half: what tokens of retired keys are still checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Identifies the key in a token's header; derived from the key itself.
    pub key_id: String,
    /// The 32 bytes of the key.
    pub bytes: Vec<u8>,
}

impl PublicKey {
    /// A public key from its stored bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() != SEED_BYTES {
            return Err(KeyError::Malformed);
        }
        let hash = digest::digest(&digest::SHA256, bytes);
        let key_id = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..KEY_ID_BYTES]);
        Ok(Self { key_id, bytes: bytes.to_vec() })
    }

    /// The key as others read it to verify tokens (RFC 8037).
    pub fn to_jwk(&self) -> serde_json::Value {
        serde_json::json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "alg": "EdDSA",
            "use": "sig",
            "kid": self.key_id,
            "x": URL_SAFE_NO_PAD.encode(&self.bytes),
        })
    }

    /// Whether the key's private half has signed this.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.bytes).verify(message, signature).is_ok()
    }
}

impl SigningKey {
    /// Makes a new key.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, KeyError> {
        let seed = SecretSlice::from(draw::<SEED_BYTES>(entropy)?.to_vec());
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose_secret()).map_err(|_| KeyError::Malformed)?;
        let pkcs8 = pair.to_pkcs8().map_err(|_| KeyError::Malformed)?;
        Self::from_pkcs8(pkcs8.as_ref().to_vec())
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(self.pkcs8.expose_secret()).map_err(|_| KeyError::Malformed)?;
        Ok(pair.sign(message).as_ref().to_vec())
    }

    fn from_pkcs8(pkcs8: Vec<u8>) -> Result<Self, KeyError> {
        let pkcs8 = SecretSlice::from(pkcs8);
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.expose_secret()).map_err(|_| KeyError::Malformed)?;
        Ok(Self { public: PublicKey::from_bytes(pair.public_key().as_ref())?, pkcs8 })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKey({})", self.public.key_id)
    }
}

/// Seals signing keys for storage, with a key derived from `auth.secret`.
pub struct KeyCipher(LessSafeKey);

impl KeyCipher {
    /// Derives the sealing key.
    pub fn derive(secret: &SecretString) -> Result<Self, KeyError> {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() < MIN_SECRET_BYTES {
            return Err(KeyError::WeakSecret { actual: secret.len() });
        }
        let pseudo_random = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(secret);
        let sealing = pseudo_random.expand(&[INFO], &AES_256_GCM).map_err(|_| KeyError::Derivation)?;
        Ok(Self(LessSafeKey::new(UnboundKey::from(sealing))))
    }

    /// Encrypts a key for storage: nonce, ciphertext, tag. The key id is authenticated with it, so that two rows cannot be
    /// exchanged.
    pub fn seal(&self, key: &SigningKey, entropy: &dyn Entropy) -> Result<Vec<u8>, KeyError> {
        let nonce: [u8; NONCE_LEN] = draw(entropy)?;
        let mut sealed = key.pkcs8.expose_secret().to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(key.public.key_id.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| KeyError::Derivation)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts a stored key.
    pub fn open(&self, key_id: &str, sealed: &[u8]) -> Result<SigningKey, KeyError> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN).ok_or(KeyError::Sealed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| KeyError::Sealed)?;
        let mut bytes = sealed.to_vec();
        let opened =
            self.0.open_in_place(nonce, Aad::from(key_id.as_bytes()), &mut bytes).map_err(|_| KeyError::Sealed)?;
        let key = SigningKey::from_pkcs8(opened.to_vec())?;
        if key.public.key_id == key_id { Ok(key) } else { Err(KeyError::Malformed) }
    }
}

impl fmt::Debug for KeyCipher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyCipher(..)")
    }
}

/// The key that signs, and all those whose tokens are still accepted.
#[derive(Clone)]
pub struct SigningKeys {
    current: SigningKey,
    encoding: EncodingKey,
    public: Vec<PublicKey>,
    verification: HashMap<String, DecodingKey>,
}

impl SigningKeys {
    /// `current` signs from now on; tokens signed with `retired` keys are accepted until they expire.
    pub fn new(current: SigningKey, retired: impl IntoIterator<Item = PublicKey>) -> Self {
        let encoding = EncodingKey::from_ed_der(current.pkcs8.expose_secret());
        let public: Vec<PublicKey> = retired.into_iter().chain([current.public.clone()]).collect();
        let verification =
            public.iter().map(|key| (key.key_id.clone(), DecodingKey::from_ed_der(&key.bytes))).collect();
        Self { current, encoding, public, verification }
    }

    /// The id of the key that signs.
    pub fn current_id(&self) -> &str {
        &self.current.public.key_id
    }

    /// The public halves of all keys, the current one last.
    pub fn public(&self) -> &[PublicKey] {
        &self.public
    }

    /// Signs a statement that is no token: its bytes must begin with what tells what it is, and no token may begin so.
    pub fn sign(&self, statement: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.current.sign(statement)
    }

    pub(super) fn current(&self) -> (&str, &EncodingKey) {
        (&self.current.public.key_id, &self.encoding)
    }

    pub(super) fn verification(&self, key_id: &str) -> Option<&DecodingKey> {
        self.verification.get(key_id)
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("SigningKeys").field(&self.current).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::entropy::tests::CountingEntropy;

    fn cipher(secret: &str) -> KeyCipher {
        KeyCipher::derive(&secret.repeat(MIN_SECRET_BYTES).into()).unwrap()
    }

    #[test]
    fn a_sealed_key_opens_with_the_same_secret_and_id() {
        let entropy = CountingEntropy::default();
        let key = SigningKey::generate(&entropy).unwrap();
        let sealed = cipher("a").seal(&key, &entropy).unwrap();
        let opened = cipher("a").open(&key.public().key_id, &sealed).unwrap();
        assert_eq!(opened.public(), key.public());
        assert_eq!(opened.pkcs8.expose_secret(), key.pkcs8.expose_secret());
        let hidden = key.pkcs8.expose_secret();
        assert!(!sealed.windows(hidden.len()).any(|window| window == hidden));
    }

    #[test]
    fn another_secret_another_row_or_a_flipped_bit_does_not_open() {
        let entropy = CountingEntropy::default();
        let key = SigningKey::generate(&entropy).unwrap();
        let other = SigningKey::generate(&entropy).unwrap();
        let sealed = cipher("a").seal(&key, &entropy).unwrap();
        let id = &key.public().key_id;
        assert_eq!(cipher("b").open(id, &sealed).unwrap_err(), KeyError::Sealed);
        assert_eq!(cipher("a").open(&other.public().key_id, &sealed).unwrap_err(), KeyError::Sealed);
        assert_eq!(cipher("a").open(id, &sealed[..NONCE_LEN - 1]).unwrap_err(), KeyError::Sealed);
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(cipher("a").open(id, &changed).unwrap_err(), KeyError::Sealed, "byte {index}");
        }
    }

    #[test]
    fn a_short_secret_is_refused() {
        let refused = KeyCipher::derive(&"x".repeat(31).into()).unwrap_err();
        assert_eq!(refused, KeyError::WeakSecret { actual: 31 });
    }
}
