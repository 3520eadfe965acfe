//! Access tokens: short-lived JWTs signed with Ed25519, and nothing else.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode, errors::ErrorKind};
use secrecy::SecretString;
use uuid::Uuid;

use super::{
    claims::{Claims, Subject, TokenError, WireClaims},
    signing_key::SigningKeys,
};

/// How far the clocks of two machines may differ.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);
/// Far above what this server issues (about 700 bytes), and little to decode.
const MAX_BYTES: usize = 4096;
/// Sets access tokens apart from other JWTs that the same key might sign one day (RFC 9068).
const TOKEN_TYPE: &str = "at+jwt";

/// What every token of this installation has in common.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// The installation that issues and accepts the tokens.
    pub issuer: String,
    /// The service they are for.
    pub audience: String,
    /// How long one is valid.
    pub lifetime: TimeDelta,
}

/// A token and when it ends.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// The token as the client sends it.
    pub token: SecretString,
    /// When it ceases to be valid, in whole seconds.
    pub expires_at: DateTime<Utc>,
}

/// Issues and verifies access tokens.
#[derive(Debug, Clone)]
pub struct AccessTokens {
    keys: SigningKeys,
    settings: TokenSettings,
    validation: Validation,
}

impl AccessTokens {
    /// Tokens of one installation, signed with its keys.
    pub fn new(keys: SigningKeys, settings: TokenSettings) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&settings.issuer]);
        validation.set_audience(&[&settings.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        // The crate reads the system's clock; time is checked here against the given one.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self { keys, settings, validation }
    }

    /// How long a token is valid.
    pub fn lifetime(&self) -> TimeDelta {
        self.settings.lifetime
    }

    /// The keys that sign.
    pub fn keys(&self) -> &SigningKeys {
        &self.keys
    }

    /// Signs a token for the subject, valid from `now` on.
    pub fn issue(&self, subject: Subject, token_id: Uuid, now: DateTime<Utc>) -> Result<IssuedToken, TokenError> {
        let issued_at = now.timestamp();
        let expires_at = now + self.settings.lifetime;
        let claims = WireClaims {
            iss: self.settings.issuer.clone(),
            aud: self.settings.audience.clone(),
            sub: subject.user_id,
            tid: subject.realm.tenant(),
            sid: subject.session,
            role: subject.role.code().to_owned(),
            iat: issued_at,
            nbf: issued_at,
            exp: expires_at.timestamp(),
            jti: token_id,
        };
        let (key_id, key) = self.keys.current();
        let header =
            Header { typ: Some(TOKEN_TYPE.to_owned()), kid: Some(key_id.to_owned()), ..Header::new(Algorithm::EdDSA) };
        let token = encode(&header, &claims, key).map_err(|_| TokenError::Signing)?;
        let expires_at = DateTime::from_timestamp(claims.exp, 0).ok_or(TokenError::Signing)?;
        Ok(IssuedToken { token: token.into(), expires_at })
    }

    /// Reads a token that a client sent, and refuses it for the first of the reasons that [`TokenError`] lists.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, TokenError> {
        if token.len() > MAX_BYTES {
            return Err(TokenError::TooLong);
        }
        let header = decode_header(token).map_err(|error| header_error(error.kind()))?;
        if header.alg != Algorithm::EdDSA {
            return Err(TokenError::Algorithm);
        }
        if header.typ.as_deref() != Some(TOKEN_TYPE) || header.crit.is_some() {
            return Err(TokenError::Header);
        }
        // A key inside the header (jwk, jku, x5c) is never looked at: only the installation's own keys count.
        let key = header.kid.and_then(|id| self.keys.verification(&id)).ok_or(TokenError::UnknownKey)?;
        let wire = decode::<WireClaims>(token, key, &self.validation).map_err(|error| claims_error(error.kind()))?;
        check_time(wire.claims.nbf, wire.claims.exp, now)?;
        wire.claims.try_into()
    }
}

fn check_time(not_before: i64, expires: i64, now: DateTime<Utc>) -> Result<(), TokenError> {
    let (now, leeway) = (now.timestamp(), LEEWAY.num_seconds());
    if now >= expires.saturating_add(leeway) {
        return Err(TokenError::Expired);
    }
    if now < not_before.saturating_sub(leeway) {
        return Err(TokenError::NotYetValid);
    }
    Ok(())
}

fn header_error(kind: &ErrorKind) -> TokenError {
    match kind {
        // `alg: none` and other names the crate does not know fail as JSON, with the name in the message.
        ErrorKind::Json(error) if error.to_string().contains("unknown variant") => TokenError::Algorithm,
        _ => TokenError::Malformed,
    }
}

fn claims_error(kind: &ErrorKind) -> TokenError {
    match kind {
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::InvalidIssuer => TokenError::Issuer,
        ErrorKind::InvalidAudience => TokenError::Audience,
        ErrorKind::InvalidAlgorithm => TokenError::Algorithm,
        _ => TokenError::Malformed,
    }
}

#[cfg(test)]
#[path = "access_token_tests.rs"]
mod tests;
