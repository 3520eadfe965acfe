//! What PostgreSQL stores in place of a password (RFC 5802, RFC 7677): sent instead of it, no statement holds the password, which
//! logs of statements would keep.

use aws_lc_rs::{digest, hmac, pbkdf2, rand};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::num::NonZeroU32;

use super::error::DatabaseError;

const SALT_BYTES: usize = 16;
/// As many as PostgreSQL itself takes.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4_096).expect("not zero");

/// The verifier of a password under a new salt.
pub(super) fn verifier(password: &str) -> Result<String, DatabaseError> {
    let mut salt = [0; SALT_BYTES];
    rand::fill(&mut salt).map_err(|_| DatabaseError::Corrupt("the system gives no random numbers".to_owned()))?;
    let Keys { stored, server } = Keys::of(password, &salt);
    let [salt, stored, server] = [&salt[..], &stored, &server].map(|bytes| STANDARD.encode(bytes));
    Ok(format!("SCRAM-SHA-256${ITERATIONS}:{salt}${stored}:{server}"))
}

/// What a server keeps to check a client, and to prove itself.
struct Keys {
    stored: Vec<u8>,
    server: Vec<u8>,
}

impl Keys {
    fn of(password: &str, salt: &[u8]) -> Self {
        // What cannot be prepared is taken as it is, by the server too.
        let prepared =
            stringprep::saslprep(password).map_or(password.as_bytes().to_vec(), |text| text.as_bytes().to_vec());
        let mut salted = [0; digest::SHA256_OUTPUT_LEN];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ITERATIONS, salt, &prepared, &mut salted);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &salted);
        let client = hmac::sign(&key, b"Client Key");
        let stored = digest::digest(&digest::SHA256, client.as_ref()).as_ref().to_vec();
        Self { stored, server: hmac::sign(&key, b"Server Key").as_ref().to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_comes_out() {
        // RFC 7677, section 3: user "user", password "pencil".
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let message =
            format!("n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={nonce}");
        let keys = Keys::of("pencil", &STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap());
        let sign = |key: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message.as_bytes());
        assert_eq!(STANDARD.encode(sign(&keys.server)), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        let proof = STANDARD.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap();
        let client: Vec<u8> = proof.iter().zip(sign(&keys.stored).as_ref()).map(|(a, b)| a ^ b).collect();
        assert_eq!(digest::digest(&digest::SHA256, &client).as_ref(), keys.stored);
    }

    #[test]
    fn a_verifier_does_not_hold_the_password_and_no_two_are_equal() {
        let [one, other] = [(); 2].map(|()| verifier("pencil").unwrap());
        assert!(one.starts_with("SCRAM-SHA-256$4096:") && !one.contains("pencil") && !one.contains('\''), "{one}");
        assert_ne!(one, other);
    }
}
