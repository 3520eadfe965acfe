//! `worker`: does the work that waits in the queue, until it is told to stop or, with `--once`, until nothing is due.

use std::future::Future;
use std::process::ExitCode;

use super::{Context, database::Database, open, print, signals::Signals};
use crate::{
    config::{Config, JobsConfig, Profile},
    jobs::{self, Worker, WorkerSettings},
    services::Services,
};

/// The options of `worker`.
#[derive(Debug, clap::Args)]
pub struct WorkerOptions {
    /// Do what is due, then end
    #[arg(long)]
    once: bool,
}

pub(super) async fn command(options: WorkerOptions, context: Context) -> anyhow::Result<ExitCode> {
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    if config.profile == Profile::Production {
        config.validate_production()?;
    }
    let signals = Signals::listen()?;
    let database = Database::find(&globals, &config).await?;
    let result = work(&options, &database, &config, signals).await;
    let closed = database.close().await;
    let code = result?;
    closed?;
    Ok(code)
}

async fn work(
    options: &WorkerOptions,
    database: &Database,
    config: &Config,
    mut signals: Signals,
) -> anyhow::Result<ExitCode> {
    let services = open::services(database, config).await?;
    let worker = on(services.clone(), &config.jobs);
    let (drained, code) = match options.once {
        true => {
            let drained = worker.drain().await?;
            (drained, if drained.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        false => {
            tracing::info!(concurrency = config.jobs.concurrency, "working");
            (worker.run(signals.received()).await, ExitCode::SUCCESS)
        }
    };
    services.gateway.close().await;
    print(&format!("{} jobs done, {} runs failed", drained.done, drained.failed))?;
    if drained.failed > 0 {
        print("`jobs list` says why")?;
    }
    Ok(code)
}

/// A worker with every handler.
pub(super) fn on(services: Services, config: &JobsConfig) -> Worker {
    let settings = WorkerSettings {
        concurrency: config.concurrency,
        per_tenant: config.per_tenant,
        installation: config.installation,
        poll: config.poll(),
        lease: config.lease(),
        max_attempts: config.max_attempts,
        grace: config.shutdown_grace(),
    };
    Worker::new(services, jobs::handlers(), settings)
}

/// Runs `serving` with a worker beside it, if one is wanted, which comes to an end with it.
pub(super) async fn beside<T>(
    wanted: bool,
    services: &Services,
    config: &JobsConfig,
    serving: impl Future<Output = T>,
) -> T {
    if !wanted {
        return serving.await;
    }
    let (ended, end) = tokio::sync::oneshot::channel::<()>();
    let worker = on(services.clone(), config);
    // A task of its own, so that neither waits for the other's turn.
    let working = tokio::spawn(async move {
        worker
            .run(async {
                // An error means that serving ended without a word.
                let _ = end.await;
            })
            .await
    });
    let served = serving.await;
    drop(ended);
    if let Err(error) = working.await {
        tracing::error!(%error, "the worker ended before it was told to");
    }
    served
}
