//! Who is calling and what they may do: passwords, tokens, actors, permissions.
//!
//! Primitives only: nothing here reads a database, a clock or a configuration. Time comes in as an argument, randomness
//! through [`Entropy`].

mod access_token;
mod actor;
mod claims;
mod entropy;
mod key_set;
mod opaque_token;
mod password;
mod password_policy;
mod permission;
mod pseudonym;
mod realm;
mod role;
mod signing_key;

pub use access_token::{AccessTokens, IssuedToken, TokenSettings};
pub use actor::{Actor, ActorKind};
pub use claims::{Claims, Subject, TokenError};
pub use entropy::{Entropy, EntropyError, SystemEntropy};
pub use key_set::{read_key_set, write_key_set};
pub use opaque_token::{OpaqueToken, OpaqueTokenError, OpaqueTokenHash, TokenUse};
pub use password::{PasswordError, PasswordParams, Passwords, Verdict};
pub use password_policy::Weakness;
pub use permission::{Permission, PermissionSet, UnknownPermission};
pub use pseudonym::Pseudonyms;
pub use realm::{Realm, TenantId};
pub use role::{Role, UnknownRole, default_grants};
pub use signing_key::{KeyCipher, KeyError, PublicKey, SigningKey, SigningKeys};
