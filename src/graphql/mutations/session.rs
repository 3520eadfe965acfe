//! Ending log-ins.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::types::session::Session;
use crate::graphql::types::user_error::UserError;

/// Whose log-ins to end.
#[derive(InputObject)]
pub struct SessionsEndAllInput {
    /// Whose, by id; of others for whoever manages people. One's own where it is not given.
    user_id: Option<ID>,
    /// Whether the session of this request goes on.
    #[graphql(default = true)]
    keep_current: bool,
}

/// What ending a session gives.
#[derive(SimpleObject)]
pub struct SessionPayload {
    /// The session that has ended; null where it was refused.
    session: Option<Session>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

/// What ending all sessions gives.
#[derive(SimpleObject)]
pub struct SessionsEndAllPayload {
    /// How many have ended; null where it was refused.
    count: Option<i32>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct SessionMutation;

#[Object(guard = "Ruled")]
impl SessionMutation {
    /// Ends a log-in: one's own, or a person's for whoever manages people. Its refresh token is refused at once, its access tokens by
    /// this server at once and by others on the same database within ten seconds.
    async fn session_end(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The session's id.")] id: ID,
    ) -> Result<Option<SessionPayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::Session.parse(&id, "id")?;
        let outcome = async { operation.services.sign_in_end(operation.changing().await?, id).await };
        let (session, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(SessionPayload { session: session.map(Session::from), user_errors }))
    }

    /// Ends all log-ins of a person, as `sessionEnd` does.
    async fn sessions_end_all(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose.")] input: SessionsEndAllInput,
    ) -> Result<Option<SessionsEndAllPayload>> {
        let operation = Operation::of(ctx);
        let user = input.user_id.map(|id| Kind::User.parse(&id, "input.userId")).transpose()?;
        let outcome =
            async { operation.services.sign_ins_end_all(operation.changing().await?, user, input.keep_current).await };
        let (count, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(SessionsEndAllPayload {
            count: count.map(|count| i32::try_from(count).unwrap_or(i32::MAX)),
            user_errors,
        }))
    }
}
