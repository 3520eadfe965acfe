//! What an access token says, and the reasons to refuse one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    realm::{Realm, TenantId},
    role::Role,
};

/// Whom a token is issued to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// The person.
    pub user_id: Uuid,
    /// The directory they belong to.
    pub realm: Realm,
    /// The family of tokens that began with one log-in.
    pub session: Uuid,
    /// Their role when the token was issued.
    pub role: Role,
}

/// The content of a token that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// Whom the token was issued to.
    pub subject: Subject,
    /// The token's own id.
    pub token_id: Uuid,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// When it ceases to be valid.
    pub expires_at: DateTime<Utc>,
}

/// Why a token was refused. This is for the log; a client is told [`TokenError::PUBLIC_MESSAGE`] and no more, since a
/// reason helps whoever forges.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Longer than any token of this server.
    #[error("the token is too long")]
    TooLong,
    /// Not a token, or one without the claims of this server.
    #[error("the token is malformed")]
    Malformed,
    /// Signed with anything but Ed25519, or not signed at all.
    #[error("the token's algorithm is not EdDSA")]
    Algorithm,
    /// The header asks for something this server does not do, or names another type of token.
    #[error("the token's header is not that of an access token")]
    Header,
    /// No key has this id.
    #[error("the token was signed with an unknown key")]
    UnknownKey,
    /// The signature is not the key's.
    #[error("the token's signature is wrong")]
    Signature,
    /// From another installation.
    #[error("the token's issuer is another one")]
    Issuer,
    /// For another service.
    #[error("the token's audience is another one")]
    Audience,
    /// A platform role inside a tenant, or a tenant's role outside one.
    #[error("the token's role and tenant contradict each other")]
    Realm,
    /// Past its time.
    #[error("the token has expired")]
    Expired,
    /// Before its time.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// The signature could not be made.
    #[error("the token could not be signed")]
    Signing,
}

impl TokenError {
    /// All that a client learns about a refused token.
    pub const PUBLIC_MESSAGE: &str = "the access token is not valid";
}

/// The claims as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WireClaims {
    pub iss: String,
    pub aud: String,
    pub sub: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tid: Option<TenantId>,
    pub sid: Uuid,
    pub role: String,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    pub jti: Uuid,
}

impl TryFrom<WireClaims> for Claims {
    type Error = TokenError;

    fn try_from(wire: WireClaims) -> Result<Self, Self::Error> {
        let role: Role = wire.role.parse().map_err(|_| TokenError::Malformed)?;
        let realm = Realm::from(wire.tid);
        if role.is_platform() != (realm == Realm::Platform) {
            return Err(TokenError::Realm);
        }
        let instant = |seconds| DateTime::from_timestamp(seconds, 0).ok_or(TokenError::Malformed);
        Ok(Self {
            subject: Subject { user_id: wire.sub, realm, session: wire.sid, role },
            token_id: wire.jti,
            issued_at: instant(wire.iat)?,
            expires_at: instant(wire.exp)?,
        })
    }
}
