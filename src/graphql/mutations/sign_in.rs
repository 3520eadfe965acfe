//! Logging in, staying logged in, logging out.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use secrecy::{ExposeSecret, SecretString};

use crate::graphql::context::Operation;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::Instant;
use crate::graphql::types::user::Viewer;
use crate::graphql::types::user_error::UserError;
use crate::services::{ServiceError, authentication::SignedIn};

/// Who logs in.
#[derive(InputObject)]
pub struct LoginInput {
    /// The short name of the tenant; none for an operator of the platform.
    tenant: Option<String>,
    /// The e-mail address, whatever its case.
    email: String,
    /// The password.
    #[graphql(secret)]
    password: String,
}

/// A refresh token.
#[derive(InputObject)]
pub struct RefreshTokenInput {
    /// The token, as `login` or `tokenRefresh` gave it.
    #[graphql(secret)]
    refresh_token: String,
}

/// What a log-in gives. Every field but `userErrors` is null where it was refused.
#[derive(SimpleObject)]
pub struct SignInPayload {
    /// For the `Authorization` header, as `Bearer …`.
    access_token: Option<String>,
    /// Exchanges for the next pair of tokens through `tokenRefresh`, once. Using it a second time ends the log-in.
    refresh_token: Option<String>,
    /// When the access token ends.
    expires_at: Option<Instant>,
    /// Who has logged in.
    viewer: Option<Viewer>,
    /// Why the log-in was refused.
    user_errors: Vec<UserError>,
}

/// What a log-out gives.
#[derive(SimpleObject)]
pub struct LogoutPayload {
    /// Why it could not be done.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct SignInMutation;

async fn payload(operation: &Operation, outcome: Result<SignedIn, ServiceError>) -> Result<Option<SignInPayload>> {
    let (signed_in, user_errors) = operation.payload(outcome)?;
    let Some(signed_in) = signed_in else {
        let nothing =
            SignInPayload { access_token: None, refresh_token: None, expires_at: None, viewer: None, user_errors };
        return Ok(Some(nothing));
    };
    let record = operation.services.own_record(&signed_in.caller).await.map_err(|error| operation.fail(error))?;
    let viewer = Viewer::new(&signed_in.caller, record);
    Ok(Some(SignInPayload {
        access_token: Some(signed_in.access_token.expose_secret().to_owned()),
        refresh_token: Some(signed_in.refresh_token.expose_secret().to_owned()),
        expires_at: Some(Instant(signed_in.expires_at)),
        viewer: Some(viewer),
        user_errors,
    }))
}

#[Object(guard = "Ruled")]
impl SignInMutation {
    /// Logs a person in. An unknown tenant, an unknown address and a wrong password are answered alike.
    async fn login(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who logs in.")] input: LoginInput,
    ) -> Result<Option<SignInPayload>> {
        let operation = Operation::of(ctx);
        operation.one_password()?;
        operation.finish().await;
        let password = SecretString::from(input.password);
        let outcome =
            operation.services.login(input.tenant.as_deref(), &input.email, &password, operation.origin()).await;
        payload(operation, outcome).await
    }

    /// Exchanges a refresh token for a new access token and the next refresh token. A token that was used before has been
    /// stolen, from its owner or by its owner's thief: everyone who descends from that log-in is logged out.
    async fn token_refresh(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The refresh token.")] input: RefreshTokenInput,
    ) -> Result<Option<SignInPayload>> {
        let operation = Operation::of(ctx);
        operation.finish().await;
        let token = SecretString::from(input.refresh_token);
        let outcome = operation.services.refresh(&token, operation.origin()).await;
        payload(operation, outcome).await
    }

    /// Ends the log-in that the refresh token belongs to, its access tokens too.
    async fn logout(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The refresh token.")] input: RefreshTokenInput,
    ) -> Result<Option<LogoutPayload>> {
        let operation = Operation::of(ctx);
        operation.finish().await;
        let outcome = operation.services.logout(&SecretString::from(input.refresh_token), operation.origin()).await;
        let (_, user_errors) = operation.payload(outcome)?;
        Ok(Some(LogoutPayload { user_errors }))
    }
}
