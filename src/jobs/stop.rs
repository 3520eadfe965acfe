//! Being told to stop, as handlers and the worker see it.

use std::time::Duration;

use tokio::sync::watch;

/// Becomes true once and stays so.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// Tells everyone who holds a [`Stop`] of it.
pub(super) struct Stopper(watch::Sender<bool>);

impl Stopper {
    pub(super) fn new() -> (Self, Stop) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Stop(receiver))
    }

    pub(super) fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Whether to come to an end.
    pub fn is_told(&self) -> bool {
        *self.0.borrow()
    }

    /// Completes so long after it was told.
    pub(super) async fn overdue(&mut self, grace: Duration) {
        // A stopper that is gone will tell nothing: then nothing is ever overdue.
        let told = self.0.wait_for(|told| *told).await.is_ok();
        match told {
            true => tokio::time::sleep(grace).await,
            false => std::future::pending().await,
        }
    }
}
