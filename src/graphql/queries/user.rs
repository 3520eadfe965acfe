//! Who is logged in, who else there is, and what roles permit.

use async_graphql::{Context, Object, Result};

use crate::auth::Permission as Code;
use crate::graphql::connection::{self, PageInfo};
use crate::graphql::context::Operation;
use crate::graphql::rules::Ruled;
use crate::graphql::types::permission::Permission;
use crate::graphql::types::role::Role;
use crate::graphql::types::user::{User, UserConnection, Viewer};

#[derive(Default)]
pub struct UserQuery;

#[Object(guard = "Ruled")]
impl UserQuery {
    /// Who is logged in.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<Viewer>> {
        let operation = Operation::of(ctx);
        let viewer = async {
            let caller = operation.caller()?;
            let record = match &caller.tenant {
                Some(_) => operation.services.own_record_in(&*operation.session().await?).await?,
                None => operation.services.own_record(caller).await?,
            };
            Ok(Some(Viewer::new(caller, record)))
        };
        viewer.await.map_err(|error| operation.fail(error))
    }

    /// The people of the tenant, in the order of their making.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<UserConnection>> {
        let operation = Operation::of(ctx);
        let page = connection::page(Some(first), after.as_deref())?;
        let limit = page.limit;
        let read = async {
            let session = operation.session().await?;
            let rows = operation.services.user_page(&session, page).await?;
            let total = match connection::wants_total(ctx) {
                true => operation.services.user_count(&session).await?,
                false => 0,
            };
            Ok((rows, total))
        };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let (rows, info): (Vec<_>, PageInfo) = connection::cut(rows, limit, |row| row.id);
        let rows = rows.into_iter().map(|(cursor, row)| (cursor, User::from(row))).collect();
        Ok(Some(UserConnection::new(rows, info, total)))
    }

    /// Everything that a role can permit, and which root fields it opens.
    async fn permissions(&self) -> Option<Vec<Permission>> {
        Some(Code::ALL.iter().copied().map(Permission::from).collect())
    }

    /// The roles of the tenant and what each permits.
    async fn roles(&self, ctx: &Context<'_>) -> Result<Option<Vec<Role>>> {
        let operation = Operation::of(ctx);
        let roles = async { operation.services.roles(&*operation.session().await?).await };
        let roles = roles.await.map_err(|error| operation.fail(error))?;
        Ok(Some(roles.into_iter().map(Role::from).collect()))
    }
}
