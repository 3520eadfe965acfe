//! The loop: takes jobs while there is room, waits when there are none, comes to an end when told.

use std::future::Future;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::attempt::Ended;
use super::schedule::Looked;
use super::stop::{Stop, Stopper};
use super::{Handler, WorkerSettings};
use crate::queue::{self, Claim, Job};
use crate::services::Services;
use crate::tenancy::{Access, DatabaseError};

/// Runs jobs.
#[derive(Clone)]
pub struct Worker {
    pub(super) services: Services,
    pub(super) handlers: Vec<Arc<dyn Handler>>,
    pub(super) settings: WorkerSettings,
}

/// What a worker has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Jobs that are done.
    pub done: usize,
    /// Runs that failed.
    pub failed: usize,
}

impl Drained {
    fn count(&mut self, ended: Ended) {
        match ended {
            Ended::Done => self.done += 1,
            Ended::Failed => self.failed += 1,
            Ended::GivenBack | Ended::Cancelled | Ended::Lost => {}
        }
    }
}

impl Worker {
    /// A worker with those of these handlers that have anything to do.
    pub fn new(services: Services, mut handlers: Vec<Arc<dyn Handler>>, settings: WorkerSettings) -> Self {
        handlers.retain(|handler| handler.has_work(&services));
        Self { services, handlers, settings }
    }

    /// Works until `told` completes. Then nothing more is taken; what runs may come to an end, and is given back if it does
    /// not within the grace.
    pub async fn run(&self, told: impl Future<Output = ()>) -> Drained {
        let (stopper, stop) = Stopper::new();
        let mut running = JoinSet::new();
        let mut drained = Drained::default();
        let mut looked = Looked::default();
        tokio::pin!(told);
        loop {
            if let Err(error) = looked.look(&self.services, &self.kinds()).await {
                tracing::warn!(error = %describe(&error), "the schedules cannot be read");
            }
            self.fill(&mut running, &stop).await;
            tokio::select! {
                () = &mut told => break,
                Some(ended) = running.join_next() => drained.count(settled(ended)),
                () = sleep(self.settings.poll) => {}
            }
        }
        stopper.stop();
        while let Some(ended) = running.join_next().await {
            drained.count(settled(ended));
        }
        drained
    }

    /// Works until nothing is due, what schedules ask for included.
    ///
    /// # Errors
    /// The queue cannot be reached.
    pub async fn drain(&self) -> Result<Drained, DatabaseError> {
        let (_stopper, stop) = Stopper::new();
        let mut running = JoinSet::new();
        let mut drained = Drained::default();
        Looked::default().look(&self.services, &self.kinds()).await?;
        loop {
            while running.len() < self.settings.concurrency
                && let Some(job) = self.claim().await?
            {
                self.begin(&mut running, job, &stop);
            }
            match running.join_next().await {
                Some(ended) => drained.count(settled(ended)),
                None => return Ok(drained),
            }
        }
    }

    /// Takes jobs while there is room. A queue that cannot be reached is tried again by the next round.
    async fn fill(&self, running: &mut JoinSet<Ended>, stop: &Stop) {
        while running.len() < self.settings.concurrency {
            match self.claim().await {
                Ok(Some(job)) => self.begin(running, job, stop),
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(error = %describe(&error), "the queue cannot be read");
                    return;
                }
            }
        }
    }

    fn begin(&self, running: &mut JoinSet<Ended>, job: Job, stop: &Stop) {
        let (worker, stop) = (self.clone(), stop.clone());
        running.spawn(async move { worker.attempt(job, stop).await });
    }

    fn kinds(&self) -> Vec<&'static str> {
        self.handlers.iter().map(|handler| handler.kind()).collect()
    }

    async fn claim(&self) -> Result<Option<Job>, DatabaseError> {
        let environment = &self.services.environment;
        let now = environment.clock.now();
        let claim = Claim {
            run: environment.ids.next(),
            kinds: self.kinds(),
            now,
            lease_until: now + self.settings.lease(),
            per_tenant: self.settings.per_tenant,
            installation: self.settings.installation,
            max_attempts: self.settings.max_attempts,
        };
        let session = self.services.gateway.platform(Access::Write).await?;
        // Dropped on failure, which closes the connection: nothing was taken.
        let job = queue::claim(&session, &claim).await?;
        session.commit().await?;
        Ok(job)
    }
}

fn settled(ended: Result<Ended, tokio::task::JoinError>) -> Ended {
    // Its lease runs out, and another run takes it over.
    ended.unwrap_or_else(|error| {
        tracing::error!(%error, "a run ended without settling its job");
        Ended::Lost
    })
}

/// An error with its causes.
pub(super) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
