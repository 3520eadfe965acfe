//! Keys of programs.

use async_graphql::{Context, Object, Result};

use crate::graphql::connection;
use crate::graphql::context::Operation;
use crate::graphql::rules::Ruled;
use crate::graphql::types::api_key::{ApiKey, ApiKeyConnection};

#[derive(Default)]
pub struct ApiKeyQuery;

#[Object(guard = "Ruled")]
impl ApiKeyQuery {
    /// Keys of the tenant's programs, those that are over too, the latest first.
    async fn api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<ApiKeyConnection>> {
        let operation = Operation::of(ctx);
        let page = connection::page(Some(first), after.as_deref())?;
        let (limit, wants_total) = (page.limit, connection::wants_total(ctx));
        let read = async {
            let session = operation.session().await?;
            let rows = operation.services.api_key_page(&session, page).await?;
            let total = match wants_total {
                true => operation.services.api_key_count(&session).await?,
                false => 0,
            };
            Ok((rows, total))
        };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let (rows, info) = connection::cut(rows, limit, |row| row.id);
        let rows = rows.into_iter().map(|(cursor, row)| (cursor, ApiKey::from(row))).collect();
        Ok(Some(ApiKeyConnection::new(rows, info, total)))
    }
}
