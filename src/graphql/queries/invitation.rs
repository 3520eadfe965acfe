//! Who has been invited.

use async_graphql::{Context, Object, Result};

use crate::graphql::connection;
use crate::graphql::context::Operation;
use crate::graphql::rules::Ruled;
use crate::graphql::types::invitation::{Invitation, InvitationConnection};

#[derive(Default)]
pub struct InvitationQuery;

#[Object(guard = "Ruled")]
impl InvitationQuery {
    /// Invitations that wait to be accepted, and those that have expired unused, in the order of their making.
    async fn invitations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<InvitationConnection>> {
        let operation = Operation::of(ctx);
        let page = connection::page(Some(first), after.as_deref())?;
        let (limit, wants_total) = (page.limit, connection::wants_total(ctx));
        let read = async {
            let session = operation.session().await?;
            let rows = operation.services.invitation_page(&session, page).await?;
            let total = match wants_total {
                true => operation.services.invitation_count(&session).await?,
                false => 0,
            };
            Ok((rows, total))
        };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let (rows, info) = connection::cut(rows, limit, |row| row.id);
        let rows = rows.into_iter().map(|(cursor, row)| (cursor, Invitation::from(row))).collect();
        Ok(Some(InvitationConnection::new(rows, info, total)))
    }
}
