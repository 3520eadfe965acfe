//! Keys for programs.

use async_graphql::{ComplexObject, Context, ID, Result, SimpleObject};
use uuid::Uuid;

use super::user::User;
use crate::graphql::connection::connection;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, PersonKey};
use crate::graphql::scalars::Instant;
use crate::storage::api_key::ApiKey as Row;

/// A key that a program sends in place of an access token.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct ApiKey {
    /// The key's id. The key itself is shown once, when it is made.
    id: ID,
    /// What it is called.
    name: String,
    /// The codes of the permissions that it was made for. What it permits today is of these what its maker may do today and what the
    /// role `SERVICE` grants.
    scopes: Vec<String>,
    /// When it was made.
    created_at: Instant,
    /// When it ends by itself.
    expires_at: Instant,
    /// When it was last used, within a minute; null where it never was.
    last_used_at: Option<Instant>,
    /// When it was ended; null where nobody has.
    ended_at: Option<Instant>,
    #[graphql(skip)]
    program: Uuid,
    #[graphql(skip)]
    maker: Uuid,
}

#[ComplexObject]
impl ApiKey {
    /// The program, as a person of the role `SERVICE`: whom records and the audit log name.
    async fn program(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(loaders::find(ctx, PersonKey(self.program)).await?.map(User))
    }

    /// Who made it.
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(loaders::find(ctx, PersonKey(self.maker)).await?.map(User))
    }
}

impl From<Row> for ApiKey {
    fn from(row: Row) -> Self {
        Self {
            id: Kind::ApiKey.id(row.id),
            name: row.name,
            scopes: row.scopes.iter().map(|scope| scope.code().to_owned()).collect(),
            created_at: Instant(row.created_at),
            expires_at: Instant(row.expires_at),
            last_used_at: row.last_used_at.map(Instant),
            ended_at: row.ended_at.map(Instant),
            program: row.user,
            maker: row.created_by,
        }
    }
}

connection!(ApiKeyConnection, ApiKeyEdge, ApiKey, "keys of programs, the latest first");
