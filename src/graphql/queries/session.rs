//! Who is logged in from where.

use async_graphql::{Context, ID, Object, Result};

use crate::graphql::connection;
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::types::session::{Session, SessionConnection};

#[derive(Default)]
pub struct SessionQuery;

#[Object(guard = "Ruled")]
impl SessionQuery {
    /// Log-ins that have not ended, the latest first: one's own, or those of a person for whoever manages people.
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose, by id. One's own where it is not given.")] user_id: Option<ID>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<SessionConnection>> {
        let operation = Operation::of(ctx);
        let page = connection::page(Some(first), after.as_deref())?;
        let (limit, wants_total) = (page.limit, connection::wants_total(ctx));
        let user = user_id.map(|id| Kind::User.parse(&id, "userId")).transpose()?;
        let read = async {
            // It opens a session of its own, and an operation holds one at a time.
            operation.finish().await;
            operation.services.sign_in_page(operation.caller()?, user, page, wants_total).await
        };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let (rows, info) = connection::cut(rows, limit, |row| row.id);
        let rows = rows.into_iter().map(|(cursor, row)| (cursor, Session::from(row))).collect();
        Ok(Some(SessionConnection::new(rows, info, total)))
    }
}
