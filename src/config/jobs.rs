//! The worker: how much at once, how often it looks, how long it is believed to live.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Problem, out_of_range};

/// `[jobs]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobsConfig {
    /// Whether `serve` runs a worker beside the API; `demo` always does.
    pub in_process: bool,
    /// Jobs that one worker runs at once.
    pub concurrency: usize,
    /// Jobs of one tenant at once, over all workers.
    pub per_tenant: u32,
    /// Jobs of the installation itself at once, over all workers: they are no tenant's.
    pub installation: u32,
    /// How often a worker looks for work when there was none.
    pub poll_ms: u64,
    /// A worker that gives no sign of life for so long has its jobs taken over. The clocks of the machines that run
    /// workers must agree within it.
    pub lease_seconds: u64,
    /// How often a job is begun before it stays as a dead letter.
    pub max_attempts: u32,
    /// How long running jobs may take to come to an end when the worker is told to stop.
    pub shutdown_grace_ms: u64,
}

impl Default for JobsConfig {
    fn default() -> Self {
        Self {
            in_process: false,
            concurrency: 3,
            per_tenant: 1,
            installation: 2,
            poll_ms: 1_000,
            lease_seconds: 45,
            max_attempts: 8,
            shutdown_grace_ms: 10_000,
        }
    }
}

impl JobsConfig {
    /// `poll_ms` as a duration.
    #[must_use]
    pub fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms)
    }

    /// `lease_seconds` as a duration.
    #[must_use]
    pub fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds)
    }

    /// `shutdown_grace_ms` as a duration.
    #[must_use]
    pub fn shutdown_grace(&self) -> Duration {
        Duration::from_millis(self.shutdown_grace_ms)
    }

    pub(super) fn validate(&self) -> Vec<Problem> {
        out_of_range(&[
            ("jobs.concurrency", self.concurrency as u64, 1, 64),
            ("jobs.per_tenant", self.per_tenant.into(), 1, 64),
            ("jobs.installation", self.installation.into(), 1, 64),
            ("jobs.poll_ms", self.poll_ms, 10, 60_000),
            ("jobs.lease_seconds", self.lease_seconds, 3, 3_600),
            ("jobs.max_attempts", self.max_attempts.into(), 1, 1_000),
            ("jobs.shutdown_grace_ms", self.shutdown_grace_ms, 0, 600_000),
        ])
    }
}
