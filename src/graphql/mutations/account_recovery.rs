//! Getting back in by mail, and another address to log in with.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use secrecy::SecretString;

use crate::graphql::context::Operation;
use crate::graphql::rules::Ruled;
use crate::graphql::types::user_error::UserError;

/// Who has forgotten a password.
#[derive(InputObject)]
pub struct PasswordResetRequestInput {
    /// The short name of the tenant.
    tenant: String,
    /// The address that the person logs in with.
    email: String,
}

/// A token that came by mail, and a password.
#[derive(InputObject)]
pub struct PasswordResetInput {
    /// The token, as it stood in the mail.
    #[graphql(secret)]
    token: String,
    /// The password from now on: 8 to 256 characters that are hard to guess.
    #[graphql(secret)]
    password: String,
}

/// Another address.
#[derive(InputObject)]
pub struct EmailChangeInput {
    /// The address from then on.
    email: String,
    /// The caller's password.
    #[graphql(secret)]
    password: String,
}

/// A token that came by mail.
#[derive(InputObject)]
pub struct EmailChangeConfirmInput {
    /// The token, as it stood in the mail.
    #[graphql(secret)]
    token: String,
}

/// Whether it was done.
#[derive(SimpleObject)]
pub struct PasswordResetPayload {
    /// Why it was refused; empty where it was done.
    user_errors: Vec<UserError>,
}

/// Whether it was done.
#[derive(SimpleObject)]
pub struct EmailChangePayload {
    /// Why it was refused; empty where it was done.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct AccountRecoveryMutation;

#[Object(guard = "Ruled")]
impl AccountRecoveryMutation {
    /// Has a mail sent by which a person who has forgotten their password chooses another one, within an hour. The answer is the same
    /// whether there is such a person or not.
    async fn password_reset_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who.")] input: PasswordResetRequestInput,
    ) -> Result<Option<PasswordResetPayload>> {
        let operation = Operation::of(ctx);
        operation.one_password()?;
        operation.finish().await;
        let services = &operation.services;
        let outcome = services.password_reset_request(&input.tenant, &input.email, operation.origin()).await;
        let (_, user_errors) = operation.payload(outcome)?;
        Ok(Some(PasswordResetPayload { user_errors }))
    }

    /// Sets a password with a token that came by mail. All sessions of the person end.
    async fn password_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token and the password.")] input: PasswordResetInput,
    ) -> Result<Option<PasswordResetPayload>> {
        let operation = Operation::of(ctx);
        operation.one_password()?;
        operation.finish().await;
        let (token, password) = (SecretString::from(input.token), SecretString::from(input.password));
        let outcome = operation.services.password_reset(&token, &password, operation.origin()).await;
        let (_, user_errors) = operation.payload(outcome)?;
        Ok(Some(PasswordResetPayload { user_errors }))
    }

    /// Has a mail sent to another address of the caller's, which becomes the one to log in with once it is confirmed, within an hour.
    async fn email_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address, and the password.")] input: EmailChangeInput,
    ) -> Result<Option<EmailChangePayload>> {
        let operation = Operation::of(ctx);
        operation.one_password()?;
        let password = SecretString::from(input.password);
        let outcome =
            async { operation.services.email_change(operation.changing().await?, &input.email, &password).await };
        let (_, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(EmailChangePayload { user_errors }))
    }

    /// Confirms an address with the token that was sent there. The address until then gets a mail that says so.
    async fn email_change_confirm(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token.")] input: EmailChangeConfirmInput,
    ) -> Result<Option<EmailChangePayload>> {
        let operation = Operation::of(ctx);
        operation.finish().await;
        let token = SecretString::from(input.token);
        let outcome = operation.services.email_change_confirm(&token, operation.origin()).await;
        let (_, user_errors) = operation.payload(outcome)?;
        Ok(Some(EmailChangePayload { user_errors }))
    }
}
