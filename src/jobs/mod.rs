//! Doing the work that waits in the queue: one file a job, the list of what recurs, and the worker that runs them.
//!
//! A handler comes to the database through the same door as everything else, as the server acting on one tenant, or on the
//! installation where the job is nobody's. It may be ended anywhere and run again, by this worker or another: what it does twice
//! must come to the same as once.

mod attempt;
mod daily_value;
mod housekeeping;
mod mail;
mod market_refresh;
mod performance_metrics;
mod progress;
mod replay;
mod schedule;
mod simulation;
mod stop;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

pub use self::daily_value::DailyFacts;
pub use self::housekeeping::{Housekeeping, PlatformHousekeeping};
pub use self::mail::Mails;
pub use self::market_refresh::MarketRefresh;
pub use self::performance_metrics::PerformanceMetrics;
pub use self::progress::Teller;
pub use self::replay::Replays;
pub use self::schedule::STANDING;
pub use self::simulation::Simulations;
pub use self::stop::Stop;
pub use self::worker::{Drained, Worker};

use crate::queue::Owner;
use crate::services::refresh::What;
use crate::services::{Caller, ServiceError, Services};

/// What a handler is given.
pub struct Task {
    /// What can be done.
    pub services: Services,
    /// The server, acting on the job's tenant; of no tenant where the job is the installation's.
    pub caller: Caller,
    /// What the job is about.
    pub key: String,
    /// Asked between two pieces of work.
    pub stop: Stop,
    /// Told between them.
    pub progress: Teller,
    /// Whether the job is given up if this run fails.
    pub is_last: bool,
}

/// How a run ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is done.
    Done,
    /// A piece is done. The job goes back into the queue, behind those of other tenants.
    Again,
}

/// Does the jobs of one kind.
#[async_trait::async_trait]
pub trait Handler: Send + Sync {
    /// The kind.
    fn kind(&self) -> &'static str;

    /// Whose jobs they are. A job of another owner is never given to the handler.
    fn owner(&self) -> Owner {
        Owner::Tenant
    }

    /// Whether there is anything to do for it here. If not, its schedule rests, and its jobs are left to other workers.
    fn has_work(&self, _services: &Services) -> bool {
        true
    }

    /// Does one job, or a piece of it.
    async fn run(&self, task: Task) -> Result<Outcome, ServiceError>;
}

/// Every handler there is.
pub fn handlers() -> Vec<Arc<dyn Handler>> {
    vec![
        Arc::new(DailyFacts),
        Arc::new(PerformanceMetrics),
        Arc::new(Replays),
        Arc::new(Simulations),
        Arc::new(Mails),
        Arc::new(Housekeeping),
        Arc::new(PlatformHousekeeping),
        Arc::new(MarketRefresh(What::Prices)),
        Arc::new(MarketRefresh(What::Intraday)),
        Arc::new(MarketRefresh(What::Rates)),
        Arc::new(MarketRefresh(What::News)),
        Arc::new(MarketRefresh(What::Indicators)),
        Arc::new(MarketRefresh(What::Identifiers)),
    ]
}

/// On what terms a worker works.
#[derive(Clone, Copy, Debug)]
pub struct WorkerSettings {
    /// Jobs at once.
    pub concurrency: usize,
    /// Jobs of one tenant at once, over all workers.
    pub per_tenant: u32,
    /// Jobs of the installation at once, over all workers.
    pub installation: u32,
    /// How often to look for work when there was none.
    pub poll: Duration,
    /// How long a job stays a worker's that gives no sign of life.
    pub lease: Duration,
    /// How often a job is begun before it is given up.
    pub max_attempts: u32,
    /// How long running jobs may take to come to an end when the worker is told to stop.
    pub grace: Duration,
}

impl WorkerSettings {
    /// A sign of life comes several times a lease, and often enough for whoever cancels a job not to wait long.
    fn heartbeat(&self) -> Duration {
        (self.lease / 3).min(Duration::from_secs(3))
    }

    fn lease(&self) -> TimeDelta {
        TimeDelta::from_std(self.lease).unwrap_or(TimeDelta::MAX)
    }
}

/// How long to wait after so many failures: 5 seconds, doubled each time, an hour at the most.
fn backoff(attempts: i32) -> TimeDelta {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(10);
    TimeDelta::seconds((5 << doublings).min(3_600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        let seconds: Vec<i64> = [1, 2, 3, 10, 11, 1_000].map(|attempts| backoff(attempts).num_seconds()).to_vec();
        assert_eq!(seconds, [5, 10, 20, 2_560, 3_600, 3_600]);
    }
}
