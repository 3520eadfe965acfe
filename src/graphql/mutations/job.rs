//! Acting on work in the background.

use async_graphql::{Context, ID, Object, Result, SimpleObject};

use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::types::job::Job;
use crate::graphql::types::user_error::UserError;

/// What acting on a job gives.
#[derive(SimpleObject)]
pub struct JobPayload {
    /// The job since; null where it is gone, and where nothing was done.
    job: Option<Job>,
    /// Why nothing was done.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct JobMutation;

#[Object(guard = "Ruled")]
impl JobMutation {
    /// Puts a job that was given up back into the queue, to be tried as often as a new one. Of the tenant; for an operator, of the
    /// installation.
    async fn job_retry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job's id.")] id: ID,
    ) -> Result<Option<JobPayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::Job.parse(&id, "id")?;
        let outcome = async { operation.services.job_retry(operation.changing().await?, id).await };
        let (job, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(JobPayload { job: job.map(Job::from), user_errors }))
    }

    /// Takes a job away that was given up. Of the tenant; for an operator, of the installation.
    async fn job_discard(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job's id.")] id: ID,
    ) -> Result<Option<JobPayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::Job.parse(&id, "id")?;
        let outcome = async { operation.services.job_discard(operation.changing().await?, id).await };
        let (_, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(JobPayload { job: None, user_errors }))
    }

    /// Cancels a job. One that waits is gone at once, with every other request for the same work. One that runs is told to end,
    /// which takes seconds: it is returned, and listed in `jobRuns` when it has. What it has done until then stays done, and what is
    /// out of date stays so until the next change or schedule. Of the tenant; for an operator, of the installation.
    async fn job_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job's id.")] id: ID,
    ) -> Result<Option<JobPayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::Job.parse(&id, "id")?;
        let outcome = async { operation.services.job_cancel(operation.changing().await?, id).await };
        let (job, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(JobPayload { job: job.flatten().map(Job::from), user_errors }))
    }
}
