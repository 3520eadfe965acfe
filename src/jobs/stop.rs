//! Being told to stop, as handlers and the worker see it: because the worker ends, or because the job was cancelled.

use std::time::Duration;

use tokio::sync::watch;

/// What makes a run stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    GoOn,
    Stop,
}

/// Becomes true once and stays so.
#[derive(Clone, Debug)]
pub struct Stop {
    worker: watch::Receiver<Told>,
    /// Of this run alone, once it has begun.
    run: Option<watch::Receiver<Told>>,
}

/// Tells everyone who holds a [`Stop`] of it.
pub(super) struct Stopper(watch::Sender<Told>);

impl Stopper {
    pub(super) fn new() -> (Self, Stop) {
        let (sender, worker) = watch::channel(Told::GoOn);
        (Self(sender), Stop { worker, run: None })
    }

    pub(super) fn stop(&self) {
        self.0.send_replace(Told::Stop);
    }
}

impl Stop {
    /// Whether to come to an end.
    pub fn is_told(&self) -> bool {
        let run = self.run.as_ref().map(|run| *run.borrow());
        *self.worker.borrow() == Told::Stop || run == Some(Told::Stop)
    }

    /// One that is told beside this one too: by whoever cancels the run.
    pub(super) fn of_run(&self) -> (Stopper, Self) {
        let (sender, run) = watch::channel(Told::GoOn);
        (Stopper(sender), Self { worker: self.worker.clone(), run: Some(run) })
    }

    /// Completes so long after it was told.
    pub(super) async fn overdue(mut self, grace: Duration) {
        let run = async {
            match &mut self.run {
                Some(run) => told(run).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = told(&mut self.worker) => {}
            () = run => {}
        }
        tokio::time::sleep(grace).await;
    }
}

async fn told(receiver: &mut watch::Receiver<Told>) {
    // A stopper that is gone will tell nothing: then nothing is ever overdue.
    if receiver.wait_for(|told| *told == Told::Stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
