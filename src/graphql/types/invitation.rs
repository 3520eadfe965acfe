//! Invitations.

use async_graphql::{ComplexObject, Context, ID, Result, SimpleObject};
use uuid::Uuid;

use super::user::User;
use crate::graphql::connection::connection;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, PersonKey};
use crate::graphql::scalars::Instant;
use crate::storage::mail::MailToken;

/// An invitation that waits to be accepted.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct Invitation {
    /// The invitation's id.
    id: ID,
    /// The address that it is sent to.
    email: String,
    /// The name that it was made with; null where none was given.
    name: Option<String>,
    /// The code of the role that the person is to have, as `roles` shows it.
    role_code: String,
    /// When it was made.
    created_at: Instant,
    /// When its mail was last sent; null where that has still to be done.
    sent_at: Option<Instant>,
    /// Until when it can be accepted.
    expires_at: Instant,
    #[graphql(skip)]
    by: Option<Uuid>,
}

#[ComplexObject]
impl Invitation {
    /// Who invites; null where that is not known.
    async fn invited_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        match self.by {
            Some(id) => Ok(loaders::find(ctx, PersonKey(id)).await?.map(User)),
            None => Ok(None),
        }
    }
}

impl From<MailToken> for Invitation {
    fn from(token: MailToken) -> Self {
        Self {
            id: Kind::Invitation.id(token.id),
            email: token.email,
            name: token.name,
            role_code: token.role_code.unwrap_or_default(),
            created_at: Instant(token.created_at),
            sent_at: token.sent_at.map(Instant),
            expires_at: Instant(token.expires_at),
            by: token.created_by,
        }
    }
}

connection!(InvitationConnection, InvitationEdge, Invitation, "invitations, in the order of their making");
