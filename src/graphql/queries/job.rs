//! Work in the background, and what recurs.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};

use crate::graphql::connection;
use crate::graphql::context::Operation;
use crate::graphql::rules::Ruled;
use crate::graphql::types::job::{Job, JobConnection, JobRun, JobRunConnection, JobState};
use crate::graphql::types::schedule::Schedule;
use crate::services::ServiceError;
use crate::tenancy::{Session, Tenant};

#[derive(Default)]
pub struct JobQuery;

#[Object(guard = "Ruled")]
impl JobQuery {
    /// The tenant's jobs that wait, run or were given up, the latest request first; for an operator, those of the installation.
    async fn jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only jobs of this state.")] state: Option<JobState>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<JobConnection>> {
        let operation = Operation::of(ctx);
        let page = connection::page(Some(first), after.as_deref())?;
        let (limit, wants_total) = (page.limit, connection::wants_total(ctx));
        let state = state.map(JobState::code);
        let read = async {
            let (caller, reading) = (operation.caller()?, reading(operation).await?);
            operation.services.job_page(caller, reading.as_deref(), state, page, wants_total).await
        };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let (rows, info) = connection::cut(rows, limit, |row| (row.enqueued_at, row.id));
        let rows = rows.into_iter().map(|(cursor, row)| (cursor, Job::from(row))).collect();
        Ok(Some(JobConnection::new(rows, info, total)))
    }

    /// The runs of the tenant's jobs that have ended, the latest first; for an operator, those of the installation.
    async fn job_runs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<JobRunConnection>> {
        let operation = Operation::of(ctx);
        let page = connection::page(Some(first), after.as_deref())?;
        let (limit, wants_total) = (page.limit, connection::wants_total(ctx));
        let read = async {
            let (caller, reading) = (operation.caller()?, reading(operation).await?);
            operation.services.job_run_page(caller, reading.as_deref(), page, wants_total).await
        };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let (rows, info) = connection::cut(rows, limit, |row| (row.ended_at, row.id));
        let rows = rows.into_iter().map(|(cursor, row)| (cursor, JobRun::from(row))).collect();
        Ok(Some(JobRunConnection::new(rows, info, total)))
    }

    /// The tenant's schedules, those of the program first; for an operator, those of the installation.
    async fn schedules(&self, ctx: &Context<'_>) -> Result<Option<Vec<Schedule>>> {
        let operation = Operation::of(ctx);
        let read = async {
            let (caller, reading) = (operation.caller()?, reading(operation).await?);
            operation.services.schedules(caller, reading.as_deref()).await
        };
        let rows = read.await.map_err(|error| operation.fail(error))?;
        Ok(Some(rows.into_iter().map(Schedule::from).collect()))
    }
}

/// The operation's session; an operator has none.
async fn reading(operation: &Operation) -> Result<Option<Arc<Session<Tenant>>>, ServiceError> {
    match operation.caller()?.tenant {
        Some(_) => Ok(Some(operation.session().await?)),
        None => Ok(None),
    }
}
