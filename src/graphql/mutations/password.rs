//! Choosing another password.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use secrecy::SecretString;

use crate::graphql::context::Operation;
use crate::graphql::rules::Ruled;
use crate::graphql::types::user_error::UserError;

/// The old password and another one.
#[derive(InputObject)]
pub struct PasswordChangeInput {
    /// The password until now.
    #[graphql(secret)]
    old_password: String,
    /// The password from now on: 8 to 256 characters that are hard to guess.
    #[graphql(secret)]
    new_password: String,
}

/// What changing a password gives.
#[derive(SimpleObject)]
pub struct PasswordChangePayload {
    /// How many other sessions have ended; null where it was refused.
    sessions_ended: Option<i32>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct PasswordMutation;

#[Object(guard = "Ruled")]
impl PasswordMutation {
    /// Replaces one's own password. All other sessions of the person end.
    async fn password_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The old and the new password.")] input: PasswordChangeInput,
    ) -> Result<Option<PasswordChangePayload>> {
        let operation = Operation::of(ctx);
        operation.one_password()?;
        let (old, new) = (SecretString::from(input.old_password), SecretString::from(input.new_password));
        let outcome = async { operation.services.password_change(operation.changing().await?, &old, &new).await };
        let (ended, user_errors) = operation.payload(outcome.await)?;
        let sessions_ended = ended.map(|ended| i32::try_from(ended).unwrap_or(i32::MAX));
        Ok(Some(PasswordChangePayload { sessions_ended, user_errors }))
    }
}
