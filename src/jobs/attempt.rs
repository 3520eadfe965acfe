//! One run of one job: its handler beside signs of life, and what the queue is told of how it ended.

use std::sync::Arc;

use chrono::TimeDelta;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::progress::Teller;
use super::stop::Stop;
use super::worker::{Worker, describe};
use super::{Handler, Outcome, Task, backoff};
use crate::queue::{self, Failure, Hold, Job, Owner};
use crate::services::{Caller, ServiceError, Services};
use crate::tenancy::{Access, DatabaseError};

/// The longest error that is kept with a job.
const MAX_ERROR: usize = 2_000;

/// How long the jobs of a tenant wait whose schema is not this program's yet.
const TENANT_BEHIND: TimeDelta = TimeDelta::seconds(30);

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The job is done.
    Done,
    /// It waits for its next try, or is a dead letter.
    Failed,
    /// It is back in the queue, to be gone on with.
    GivenBack,
    /// It was cancelled.
    Cancelled,
    /// It is another run's, or the queue could not be told: then it will be, when the lease is over.
    Lost,
}

/// Why a handler's run came to no outcome.
enum Interrupted {
    LeaseLost,
    GraceOver,
    Cancelled,
}

impl Worker {
    pub(super) async fn attempt(&self, job: Job, stop: Stop) -> Ended {
        tracing::debug!(id = %job.id, kind = job.kind, tenant = ?job.tenant_id, attempt = job.attempts, "begun");
        let ended = match self.supervised(&job, stop).await {
            Ok(Ok(Outcome::Done)) => self.done(&job).await,
            Ok(Ok(Outcome::Again)) => self.give_back(&job, true, TimeDelta::zero()).await,
            // Nobody's fault: `migrate` is on its way, and the job is none of those that fail.
            Ok(Err(ServiceError::Database(DatabaseError::VersionMismatch { .. }))) => {
                self.give_back(&job, false, TENANT_BEHIND).await
            }
            Ok(Err(error)) => self.failed(&job, &error).await,
            Err(Interrupted::GraceOver) => self.give_back(&job, false, TimeDelta::zero()).await,
            Err(Interrupted::Cancelled) => self.cancelled(&job).await,
            Err(Interrupted::LeaseLost) => Ok(Ended::Lost),
        };
        ended.unwrap_or_else(|error| {
            tracing::warn!(id = %job.id, error = %describe(&error), "a job could not be settled");
            Ended::Lost
        })
    }

    /// The handler's answer, a panic as an error; or what kept it from one.
    async fn supervised(&self, job: &Job, stop: Stop) -> Result<Result<Outcome, ServiceError>, Interrupted> {
        let Some(handler) = self.handlers.iter().find(|handler| handler.kind() == job.kind).cloned() else {
            return Ok(Err(ServiceError::Internal(format!("nothing handles {}", job.kind))));
        };
        let (canceller, stop) = stop.of_run();
        // Begun once: signs of life in between do not put it off.
        let overdue = stop.clone().overdue(self.settings.grace);
        tokio::pin!(overdue);
        let mut is_cancelled = false;
        // A set, since its tasks end when it is dropped: with this run, however that ends.
        let mut work = JoinSet::new();
        work.spawn(Self::handle(self.services.clone(), handler, job.clone(), stop, self.is_last(job)));
        loop {
            tokio::select! {
                Some(ended) = work.join_next() => {
                    let answer = ended.unwrap_or_else(|error| Err(ServiceError::Internal(format!("panicked: {error}"))));
                    // What is done is done, whoever wanted it to end.
                    return if is_cancelled && !matches!(answer, Ok(Outcome::Done)) {
                        Err(Interrupted::Cancelled)
                    } else {
                        Ok(answer)
                    };
                }
                () = sleep(self.settings.heartbeat()) => match self.prolong(job).await {
                    Ok(Hold::Held) => {}
                    Ok(Hold::Cancelled) => {
                        is_cancelled = true;
                        canceller.stop();
                    }
                    // It is given back after its stretch, and waits until the tenant is served again.
                    Ok(Hold::Suspended) => canceller.stop(),
                    Ok(Hold::Lost) => {
                        tracing::warn!(id = %job.id, "the lease was lost: another worker goes on");
                        return Err(Interrupted::LeaseLost);
                    }
                    Err(error) => tracing::warn!(id = %job.id, error = %describe(&error), "no sign of life was given"),
                },
                () = &mut overdue => {
                    return Err(if is_cancelled { Interrupted::Cancelled } else { Interrupted::GraceOver });
                }
            }
        }
    }

    async fn handle(
        services: Services,
        handler: Arc<dyn Handler>,
        job: Job,
        stop: Stop,
        is_last: bool,
    ) -> Result<Outcome, ServiceError> {
        let owner = if job.tenant_id.is_some() { Owner::Tenant } else { Owner::Installation };
        if handler.owner() != owner {
            return Err(ServiceError::Internal(format!("{} is no job of the {owner:?}", job.kind)));
        }
        let caller = caller(&services, &job).await?;
        let progress = Teller::new(services.clone(), job.clone());
        handler.run(Task { services, caller, key: job.key, stop, progress, is_last }).await
    }

    /// Whether a job that fails in this run is given up.
    fn is_last(&self, job: &Job) -> bool {
        u32::try_from(job.attempts).unwrap_or(u32::MAX) >= self.settings.max_attempts
    }

    async fn done(&self, job: &Job) -> Result<Ended, DatabaseError> {
        let now = self.services.environment.clock.now();
        let session = self.services.gateway.platform(Access::Write).await?;
        let held = queue::finish(&session, job, now).await?;
        session.commit().await?;
        Ok(if held { Ended::Done } else { Ended::Lost })
    }

    /// First what the job was about is told, then the queue: a worker that is killed in between is followed by one that does
    /// both again.
    async fn cancelled(&self, job: &Job) -> Result<Ended, DatabaseError> {
        let told = async {
            let caller = caller(&self.services, job).await?;
            self.services.job_was_cancelled(&caller, &job.kind, &job.key).await
        };
        if let Err(error) = told.await {
            tracing::error!(id = %job.id, error = %describe(&error), "a cancelled job could not clean up");
        }
        let now = self.services.environment.clock.now();
        let session = self.services.gateway.platform(Access::Write).await?;
        let held = queue::cancelled(&session, job, now).await?;
        session.commit().await?;
        tracing::info!(id = %job.id, kind = job.kind, "a job was cancelled");
        Ok(if held { Ended::Cancelled } else { Ended::Lost })
    }

    async fn prolong(&self, job: &Job) -> Result<Hold, DatabaseError> {
        let until = self.services.environment.clock.now() + self.settings.lease();
        let session = self.services.gateway.platform(Access::Write).await?;
        let held = queue::prolong(&session, job, until).await?;
        session.commit().await?;
        Ok(held)
    }

    async fn give_back(&self, job: &Job, progressed: bool, pause: TimeDelta) -> Result<Ended, DatabaseError> {
        let due = self.services.environment.clock.now() + pause;
        let session = self.services.gateway.platform(Access::Write).await?;
        let held = queue::release(&session, job, due, progressed).await?;
        session.commit().await?;
        Ok(if held { Ended::GivenBack } else { Ended::Lost })
    }

    async fn failed(&self, job: &Job, error: &ServiceError) -> Result<Ended, DatabaseError> {
        let shortened = |text: String| -> String { text.chars().take(MAX_ERROR).collect() };
        let text = shortened(describe(error));
        let now = self.services.environment.clock.now();
        let again = (!self.is_last(job)).then(|| now + backoff(job.attempts));
        let failure = Failure { error: text.clone(), message: shortened(error.told()), again };
        let session = self.services.gateway.platform(Access::Write).await?;
        let held = queue::fail(&session, job, &failure, now).await?;
        session.commit().await?;
        match again {
            Some(again) => tracing::warn!(id = %job.id, kind = job.kind, error = text, %again, "a job failed"),
            None => tracing::error!(id = %job.id, kind = job.kind, error = text, "a job failed for good: `jobs list`"),
        }
        Ok(if held { Ended::Failed } else { Ended::Lost })
    }
}

/// The server, acting on whose the job is.
async fn caller(services: &Services, job: &Job) -> Result<Caller, ServiceError> {
    let Some(id) = job.tenant_id else {
        return Ok(services.installation("worker"));
    };
    let tenant = services.gateway.tenant_by_id(id).await?;
    let tenant = tenant.ok_or_else(|| ServiceError::Internal("the tenant is gone".to_owned()))?;
    Ok(services.system(tenant, "worker"))
}
