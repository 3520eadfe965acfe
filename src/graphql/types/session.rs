//! Log-ins.

use async_graphql::{ComplexObject, Context, ID, Result, SimpleObject};
use uuid::Uuid;

use super::user::User;
use crate::graphql::connection::connection;
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, PersonKey};
use crate::graphql::scalars::Instant;
use crate::storage::sign_in::SignIn;

/// A log-in of a person: what began with a password and is prolonged by refresh tokens.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct Session {
    /// The session's id.
    id: ID,
    /// When the person logged in.
    begun_at: Instant,
    /// From which network address. Null where it is not known.
    address: Option<String>,
    /// With which program, in that program's own words, cut to 300 characters. Null where it said nothing.
    user_agent: Option<String>,
    /// When it was begun or last prolonged: with access tokens of 15 minutes, at most so long before its last request.
    last_used_at: Instant,
    /// From which network address it was begun or last prolonged. Null where it is not known.
    last_address: Option<String>,
    /// When it ends unless it is prolonged.
    expires_at: Instant,
    #[graphql(skip)]
    row: Uuid,
    #[graphql(skip)]
    person: Uuid,
}

#[ComplexObject]
impl Session {
    /// Whose log-in it is; null for an operator of the platform.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        match Operation::of(ctx).actor().is_some_and(|actor| actor.tenant.is_some()) {
            true => Ok(loaders::find(ctx, PersonKey(self.person)).await?.map(User)),
            false => Ok(None),
        }
    }

    /// Whether this request belongs to it.
    async fn is_current(&self, ctx: &Context<'_>) -> bool {
        Operation::of(ctx).actor().is_some_and(|actor| actor.session == self.row)
    }
}

impl From<SignIn> for Session {
    fn from(row: SignIn) -> Self {
        Self {
            id: Kind::Session.id(row.id),
            begun_at: Instant(row.begun_at),
            address: row.address,
            user_agent: row.user_agent,
            last_used_at: Instant(row.last_used_at),
            last_address: row.last_address,
            expires_at: Instant(row.expires_at),
            row: row.id,
            person: row.user,
        }
    }
}

connection!(SessionConnection, SessionEdge, Session, "log-ins, the latest first");
