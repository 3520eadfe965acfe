//! Inviting people, and accepting.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use secrecy::SecretString;

use super::transactions_import::ImportRowError;
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::Currency;
use crate::graphql::types::invitation::Invitation;
use crate::graphql::types::user_error::UserError;
use crate::services::invitation::NewInvitation;

/// Who is to be invited.
#[derive(InputObject)]
pub struct UserInviteInput {
    /// The address; no person of the tenant may have it.
    email: String,
    /// The person's name, 1 to 120 characters, if it is known. They may choose another.
    name: Option<String>,
    /// The code of the role that the person is to have, as `roles` shows it. It may permit nothing that the caller may not do.
    role: String,
    /// The currency that figures are shown in where none is asked for; the euro where none is given.
    currency: Option<Currency>,
}

/// Many who are to be invited.
#[derive(InputObject)]
pub struct UsersInviteInput {
    /// The file's text, at most 500 rows and 256 KiB. Its first line is `email,name,role,currency`; name and currency may be empty.
    csv: String,
}

/// What an invitee says.
#[derive(InputObject)]
pub struct InvitationAcceptInput {
    /// The token, as it stood in the mail.
    #[graphql(secret)]
    token: String,
    /// The person's name, 1 to 120 characters.
    name: String,
    /// The password to log in with: 8 to 256 characters that are hard to guess.
    #[graphql(secret)]
    password: String,
}

/// What acting on an invitation gives.
#[derive(SimpleObject)]
pub struct InvitationPayload {
    /// The invitation; null where it was refused.
    invitation: Option<Invitation>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

/// What inviting many gives.
#[derive(SimpleObject)]
pub struct UsersInvitePayload {
    /// Rows in the file.
    rows_read: i32,
    /// The invitations that were made.
    invitations: Vec<Invitation>,
    /// What is wrong with the other rows, by line.
    row_errors: Vec<ImportRowError>,
    /// Why the file as a whole was refused; nobody was invited then.
    user_errors: Vec<UserError>,
}

/// What accepting an invitation gives.
#[derive(SimpleObject)]
pub struct InvitationAcceptPayload {
    /// The address to log in with; null where it was refused.
    email: Option<String>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct InvitationMutation;

#[Object(guard = "Ruled")]
impl InvitationMutation {
    /// Invites a person by mail. The invitation can be accepted for seven days.
    async fn user_invite(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who.")] input: UserInviteInput,
    ) -> Result<Option<InvitationPayload>> {
        let operation = Operation::of(ctx);
        let new = NewInvitation {
            email: input.email,
            name: input.name,
            role_code: input.role,
            currency: input.currency.map(|currency| currency.0),
        };
        let outcome = async { operation.services.user_invite(operation.changing().await?, new).await };
        let (invitation, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(InvitationPayload { invitation: invitation.map(Invitation::from), user_errors }))
    }

    /// Invites the people of a CSV file, as `userInvite` does: each on its own, so that a wrong row does not keep the others out.
    async fn users_invite(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The file.")] input: UsersInviteInput,
    ) -> Result<Option<UsersInvitePayload>> {
        let operation = Operation::of(ctx);
        let outcome = async { operation.services.users_invite(operation.changing().await?, &input.csv).await };
        let (invited, user_errors) = operation.payload(outcome.await)?;
        let invited = invited.unwrap_or_default();
        Ok(Some(UsersInvitePayload {
            rows_read: i32::try_from(invited.rows_read).unwrap_or(i32::MAX),
            invitations: invited.invitations.into_iter().map(Invitation::from).collect(),
            row_errors: invited.row_errors.into_iter().map(ImportRowError::from).collect(),
            user_errors,
        }))
    }

    /// Sends an invitation again, for another seven days. The token that was sent before is good no more.
    async fn invitation_resend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The invitation's id.")] id: ID,
    ) -> Result<Option<InvitationPayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::Invitation.parse(&id, "id")?;
        let outcome = async { operation.services.invitation_resend(operation.changing().await?, id).await };
        let (invitation, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(InvitationPayload { invitation: invitation.map(Invitation::from), user_errors }))
    }

    /// Takes an invitation back: it cannot be accepted any more.
    async fn invitation_withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The invitation's id.")] id: ID,
    ) -> Result<Option<InvitationPayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::Invitation.parse(&id, "id")?;
        let outcome = async { operation.services.invitation_withdraw(operation.changing().await?, id).await };
        let (invitation, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(InvitationPayload { invitation: invitation.map(Invitation::from), user_errors }))
    }

    /// Makes whoever was invited a person of the firm, with the role that the invitation says. Then they log in with `login`.
    async fn invitation_accept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token, the name and the password.")] input: InvitationAcceptInput,
    ) -> Result<Option<InvitationAcceptPayload>> {
        let operation = Operation::of(ctx);
        operation.one_password()?;
        operation.finish().await;
        let (token, password) = (SecretString::from(input.token), SecretString::from(input.password));
        let outcome = operation.services.invitation_accept(&token, &input.name, &password, operation.origin()).await;
        let (user, user_errors) = operation.payload(outcome)?;
        Ok(Some(InvitationAcceptPayload { email: user.map(|user| user.email), user_errors }))
    }
}
