//! Adding people, and changing one's own settings.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use secrecy::SecretString;

use super::idempotency;
use crate::graphql::context::Operation;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::Currency;
use crate::graphql::types::user::{User, UserRole};
use crate::graphql::types::user_error::UserError;
use crate::services::user::{NewUser, SettingsChanges};

/// A person to add.
#[derive(InputObject)]
pub struct UserCreateInput {
    /// The address to log in with; no other person of the tenant may have it.
    email: String,
    /// The person's name, 1 to 120 characters.
    name: String,
    /// What the person may do.
    role: UserRole,
    /// The first password, 8 to 256 characters.
    #[graphql(secret)]
    password: String,
    /// The currency that figures are shown in where none is asked for.
    #[graphql(default_with = "Currency(domain::money::Currency::EUR)")]
    currency: Currency,
}

/// What became of one person of the list.
#[derive(SimpleObject)]
pub struct UserCreateResult {
    /// The person; null where the row was refused.
    user: Option<User>,
    /// Why the row was refused.
    user_errors: Vec<UserError>,
}

/// What adding people gives.
#[derive(SimpleObject)]
pub struct UsersCreatePayload {
    /// A result for each row of the input, in its order.
    results: Vec<UserCreateResult>,
    /// Why the list as a whole was refused.
    user_errors: Vec<UserError>,
}

/// What to change of one's settings; what is not given stays.
#[derive(Debug, InputObject)]
pub struct UserSettingsInput {
    /// Another name, 1 to 120 characters.
    name: Option<String>,
    /// Another currency.
    currency: Option<Currency>,
    /// Another IANA time zone, such as `Europe/Zurich`.
    time_zone: Option<String>,
    /// Another BCP 47 language tag, such as `de-CH`.
    locale: Option<String>,
}

/// What changing one's settings gives.
#[derive(SimpleObject)]
pub struct UserSettingsPayload {
    /// The person since; null where it was refused.
    user: Option<User>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct UserMutation;

#[Object(guard = "Ruled")]
impl UserMutation {
    /// Adds people, each on its own: a row that is refused does not keep the others out.
    async fn users_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The people, 1 to 100.")] input: Vec<UserCreateInput>,
        #[graphql(desc = "The same key again gives the same answer and does nothing twice; 1 to 128 bytes.")]
        idempotency_key: Option<String>,
    ) -> Result<Option<UsersCreatePayload>> {
        let operation = Operation::of(ctx);
        // Without the passwords: what identifies a request is kept.
        let request: Vec<String> = input
            .iter()
            .map(|user| format!("{} {} {:?} {:?}", user.email, user.name, user.role, user.currency))
            .collect();
        let key = idempotency(idempotency_key, "usersCreate", format!("{request:?}"));
        let new = input
            .into_iter()
            .map(|user| NewUser {
                email: user.email,
                name: user.name,
                role: user.role.into(),
                password: SecretString::from(user.password),
                currency: user.currency.0,
            })
            .collect();
        let outcome = async { operation.services.users_create(operation.caller()?, new, key).await };
        let (results, user_errors) = operation.payload(outcome.await).await?;
        let results = results.unwrap_or_default().into_iter().map(|result| match result {
            Ok(user) => UserCreateResult { user: Some(User::from(user)), user_errors: Vec::new() },
            Err(refusal) => UserCreateResult { user: None, user_errors: vec![UserError::from(refusal)] },
        });
        Ok(Some(UsersCreatePayload { results: results.collect(), user_errors }))
    }

    /// Changes the caller's own settings.
    async fn user_settings_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The `version` that the change is based on: where the record has changed since, it is refused."
        )]
        expected_version: i64,
        #[graphql(desc = "What to change.")] input: UserSettingsInput,
        #[graphql(desc = "The same key again gives the same answer and does nothing twice; 1 to 128 bytes.")]
        idempotency_key: Option<String>,
    ) -> Result<Option<UserSettingsPayload>> {
        let operation = Operation::of(ctx);
        let key = idempotency(idempotency_key, "userSettingsUpdate", format!("{expected_version} {input:?}"));
        let changes = SettingsChanges {
            name: input.name,
            currency: input.currency.map(|currency| currency.0),
            time_zone: input.time_zone,
            locale: input.locale,
        };
        let outcome = async {
            operation.services.user_settings_update(operation.caller()?, expected_version, changes, key).await
        };
        let (user, user_errors) = operation.payload(outcome.await).await?;
        Ok(Some(UserSettingsPayload { user: user.map(User::from), user_errors }))
    }
}
