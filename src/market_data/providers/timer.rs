//! Waiting, injected, so that a test of an hour's backoff takes no hour.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use governor::clock::Clock as GovernorClock;
use governor::nanos::Nanos;
use std::sync::Arc;
use tokio::time::Instant;

/// Measures time that only moves forward, and waits.
#[async_trait]
pub trait Timer: Debug + Send + Sync {
    /// The time since some moment that does not change.
    fn elapsed(&self) -> Duration;

    /// Comes back after `wait`.
    async fn sleep(&self, wait: Duration);

    /// What the chance in waits is drawn from; none stands for the system's.
    fn seed(&self) -> Option<u64> {
        None
    }
}

/// The system's time.
#[derive(Clone, Copy, Debug)]
pub struct SystemTimer(Instant);

impl Default for SystemTimer {
    fn default() -> Self {
        Self(Instant::now())
    }
}

#[async_trait]
impl Timer for SystemTimer {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, wait: Duration) {
        tokio::time::sleep(wait).await;
    }
}

/// A timer as the rate limiter wants it.
#[derive(Clone, Debug)]
pub(super) struct LimiterClock(pub(super) Arc<dyn Timer>);

impl GovernorClock for LimiterClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.elapsed())
    }
}
