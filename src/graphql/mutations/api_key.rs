//! Making and ending keys of programs.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use secrecy::ExposeSecret;

use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::Instant;
use crate::graphql::types::api_key::ApiKey;
use crate::graphql::types::user_error::UserError;
use crate::services::api_key::NewApiKey;

/// What a key is to be.
#[derive(InputObject)]
pub struct ApiKeyCreateInput {
    /// What it is called, 1 to 120 characters.
    name: String,
    /// The codes of the permissions that it is for: some that the caller has and the role `SERVICE` grants.
    scopes: Vec<String>,
    /// When it ends, within 366 days.
    expires_at: Instant,
}

/// What making a key gives.
#[derive(SimpleObject)]
pub struct ApiKeyCreatePayload {
    /// The key's record; null where it was refused.
    api_key: Option<ApiKey>,
    /// The key itself, for the `Authorization` header as `Bearer …`. It is shown here and never again.
    secret: Option<String>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

/// What ending a key gives.
#[derive(SimpleObject)]
pub struct ApiKeyPayload {
    /// The key that has ended; null where it was refused.
    api_key: Option<ApiKey>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct ApiKeyMutation;

#[Object(guard = "Ruled")]
impl ApiKeyMutation {
    /// Makes a key for a program, which is from then on a person of the role `SERVICE`.
    async fn api_key_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is to be.")] input: ApiKeyCreateInput,
    ) -> Result<Option<ApiKeyCreatePayload>> {
        let operation = Operation::of(ctx);
        let new = NewApiKey { name: input.name, scopes: input.scopes, expires_at: input.expires_at.0 };
        let outcome = async { operation.services.api_key_create(operation.changing().await?, new).await };
        let (made, user_errors) = operation.payload(outcome.await)?;
        let (api_key, secret) = made.unzip();
        Ok(Some(ApiKeyCreatePayload {
            api_key: api_key.map(ApiKey::from),
            secret: secret.map(|secret| secret.expose_secret().to_owned()),
            user_errors,
        }))
    }

    /// Ends a key: by this server at once, by others on the same database within ten seconds.
    async fn api_key_end(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key's id.")] id: ID,
    ) -> Result<Option<ApiKeyPayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::ApiKey.parse(&id, "id")?;
        let outcome = async { operation.services.api_key_end(operation.changing().await?, id).await };
        let (api_key, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(ApiKeyPayload { api_key: api_key.map(ApiKey::from), user_errors }))
    }
}
