//! Who may ask for the schema's own description (`__schema`, `__type`). `__typename` is everyone's.

use async_graphql::ServerError;

use super::error::ErrorCode;
use super::limits::Admitted;
use crate::auth::{Actor, Permission};

/// Who may ask for the schema's description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Introspection {
    /// Everyone, also without an access token.
    Everyone,
    /// Whoever has the permission [`Permission::SchemaRead`].
    Permitted,
    /// Nobody.
    Nobody,
}

impl Introspection {
    /// Refuses an operation that asks for the description in the name of somebody who may not.
    pub fn check(self, admitted: &Admitted, actor: Option<&Actor>) -> Result<(), ServerError> {
        let permission = Permission::SchemaRead;
        match (self, actor) {
            _ if !admitted.introspects => Ok(()),
            (Self::Everyone, _) => Ok(()),
            (Self::Nobody, _) => {
                Err(ErrorCode::Forbidden.server_error("not permitted: this server does not describe its schema"))
            }
            (Self::Permitted, None) => {
                let message = "log in first: the schema's description needs an access token";
                Err(ErrorCode::Unauthenticated.server_error(message))
            }
            (Self::Permitted, Some(actor)) if actor.permissions.contains(permission) => Ok(()),
            (Self::Permitted, Some(_)) => {
                let message = format!("not permitted: the schema's description needs {permission}");
                Err(ErrorCode::Forbidden.server_error(message))
            }
        }
    }
}
