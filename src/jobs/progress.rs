//! How far a run is, told to the queue while it runs.

use chrono::{DateTime, TimeDelta, Utc};

use super::worker::describe;
use crate::queue::{self, Job, Progress};
use crate::services::Services;
use crate::tenancy::Access;

/// How often it is told at the most, but for a new phase.
const PAUSE: TimeDelta = TimeDelta::seconds(2);

/// Tells the queue how far its run is.
pub struct Teller {
    services: Services,
    job: Job,
    last: Option<(&'static str, DateTime<Utc>)>,
}

impl Teller {
    pub(super) fn new(services: Services, job: Job) -> Self {
        Self { services, job, last: None }
    }

    /// Whether [`Teller::tell`] would tell: for whoever has to ask first how far it is.
    pub fn is_due(&self, phase: &'static str) -> bool {
        let now = self.services.environment.clock.now();
        self.last.is_none_or(|(told, at)| told != phase || now - at >= PAUSE)
    }

    /// Says how far the run is, in a transaction of its own, so that it is seen at once. It is no failure of the run if that
    /// cannot be said.
    pub async fn tell(&mut self, phase: &'static str, done: u64, total: Option<u64>) {
        if !self.is_due(phase) {
            return;
        }
        let now = self.services.environment.clock.now();
        self.last = Some((phase, now));
        let told = async {
            let session = self.services.gateway.platform(Access::Write).await?;
            queue::progress(&session, &self.job, Progress { phase, done, total }, now).await?;
            session.commit().await
        };
        if let Err(error) = told.await {
            tracing::debug!(id = %self.job.id, error = %describe(&error), "progress could not be told");
        }
    }
}
