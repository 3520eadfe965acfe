//! `jobs`: what waits in the queue, what runs, and what was given up.

use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;
use uuid::Uuid;

use super::{Context, database::Database, print};
use crate::{
    clock::Environment,
    queue::{self, Listed},
    tenancy::{Access, Gateway},
};

/// The longest list.
const MOST: u32 = 1_000;

/// The subcommands of `jobs`.
#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// List jobs: dead letters first, then those that run, then those that wait
    List(JobsList),
    /// Put a dead letter back into the queue
    Retry(JobsId),
    /// Take a dead letter away
    Discard(JobsId),
}

/// The options of `jobs list`.
#[derive(Debug, clap::Args)]
pub struct JobsList {
    /// Only dead letters
    #[arg(long)]
    dead: bool,
}

/// Which dead letter.
#[derive(Debug, clap::Args)]
pub struct JobsId {
    /// The job's id, as `jobs list` shows it
    id: Uuid,
}

pub(super) async fn run(command: JobsCommand, context: Context) -> anyhow::Result<ExitCode> {
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    let database = Database::find(&globals, &config).await?;
    let result = answer(&command, &database).await;
    database.close().await?;
    print(&result?)?;
    Ok(ExitCode::SUCCESS)
}

/// By the weaker login: the queue is the platform's, and needs no owner.
async fn answer(command: &JobsCommand, database: &Database) -> anyhow::Result<String> {
    let gateway = database.gateway().await?;
    let answer = match command {
        JobsCommand::List(options) => list(&gateway, options.dead).await,
        JobsCommand::Retry(options) => retry(&gateway, options.id).await,
        JobsCommand::Discard(options) => discard(&gateway, options.id).await,
    };
    gateway.close().await;
    answer
}

async fn list(gateway: &Gateway, dead: bool) -> anyhow::Result<String> {
    let session = gateway.platform(Access::Read).await?;
    let jobs = queue::list(&session, dead.then_some("DEAD"), MOST).await?;
    session.close().await?;
    if jobs.is_empty() {
        return Ok(if dead { "no dead letters" } else { "the queue is empty" }.to_owned());
    }
    Ok(jobs.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn line(job: &Listed) -> String {
    let key = if job.key.is_empty() { "-" } else { &job.key };
    let since = job.enqueued_at.format("%Y-%m-%dT%H:%M:%SZ");
    let error = job.last_error.as_ref().map(|error| format!("\n    {error}")).unwrap_or_default();
    format!(
        "{}  {:7}  {}  {}  {key}  {} attempts  since {since}{error}",
        job.id, job.state, job.tenant, job.kind, job.attempts
    )
}

async fn retry(gateway: &Gateway, id: Uuid) -> anyhow::Result<String> {
    let session = gateway.platform(Access::Write).await?;
    let found = queue::retry(&session, id, Environment::system().clock.now()).await?;
    session.commit().await?;
    told(found, id, "is back in the queue")
}

async fn discard(gateway: &Gateway, id: Uuid) -> anyhow::Result<String> {
    let session = gateway.platform(Access::Write).await?;
    let found = queue::discard(&session, id).await?;
    session.commit().await?;
    told(found, id, "is gone")
}

fn told(found: bool, id: Uuid, done: &str) -> anyhow::Result<String> {
    match found {
        true => Ok(format!("{id} {done}")),
        false => bail!("there is no dead letter {id}; `jobs list --dead` shows those there are"),
    }
}
