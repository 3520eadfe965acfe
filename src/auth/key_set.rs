//! Public keys as others read them: a JSON Web Key Set (RFC 7517, RFC 8037).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::signing_key::{KeyError, PublicKey};

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kty: String,
    crv: String,
    kid: String,
    x: String,
}

/// The keys as a JSON Web Key Set.
pub fn write_key_set(keys: &[PublicKey]) -> String {
    serde_json::json!({ "keys": keys.iter().map(PublicKey::to_jwk).collect::<Vec<_>>() }).to_string()
}

/// The keys of a JSON Web Key Set, each of which is an Ed25519 key under the id that is made of it.
pub fn read_key_set(text: &str) -> Result<Vec<PublicKey>, KeyError> {
    let set: KeySet = serde_json::from_str(text).map_err(|_| KeyError::Malformed)?;
    let key = |key: Key| {
        let bytes = URL_SAFE_NO_PAD.decode(&key.x).map_err(|_| KeyError::Malformed)?;
        let read = PublicKey::from_bytes(&bytes)?;
        let is_one = key.kty == "OKP" && key.crv == "Ed25519" && key.kid == read.key_id;
        if is_one { Ok(read) } else { Err(KeyError::Malformed) }
    };
    set.keys.into_iter().map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_reads_back_and_no_other_does() {
        let keys = [[1; 32], [2; 32]].map(|bytes| PublicKey::from_bytes(&bytes).expect("a key"));
        let text = write_key_set(&keys);
        assert_eq!(read_key_set(&text).expect("keys"), keys);
        for (from, to) in [("OKP", "EC"), ("Ed25519", "X25519"), (keys[0].key_id.as_str(), "other"), ("\"x\"", "\"y\"")]
        {
            assert!(read_key_set(&text.replacen(from, to, 1)).is_err(), "{from}");
        }
    }
}
