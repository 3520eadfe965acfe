//! `jobs`: what waits in the queue, what runs, and what was given up; `schedule`: what recurs.

use std::process::ExitCode;

use anyhow::bail;
use chrono::{DateTime, Utc};
use clap::Subcommand;
use uuid::Uuid;

use super::{Context, database::Database, open, print};
use crate::{
    config::Config,
    queue::{self, Listed, Scheduled},
    services::{ServiceError, Services},
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
    /// Take a job that waits out of the queue, or have one that runs come to an end
    Cancel(JobsId),
}

/// The subcommands of `schedule`.
#[derive(Debug, Subcommand)]
pub enum ScheduleCommand {
    /// List schedules: the installation's, then those of each tenant
    List,
}

/// The options of `jobs list`.
#[derive(Debug, clap::Args)]
pub struct JobsList {
    /// Only dead letters
    #[arg(long)]
    dead: bool,
}

/// Which job.
#[derive(Debug, clap::Args)]
pub struct JobsId {
    /// The job's id, as `jobs list` shows it
    id: Uuid,
}

pub(super) async fn run(command: JobsCommand, context: Context) -> anyhow::Result<ExitCode> {
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    let database = Database::find(&globals, &config).await?;
    let result = answer(&command, &database, &config).await;
    database.close().await?;
    print(&result?)?;
    Ok(ExitCode::SUCCESS)
}

/// Reads by the weaker login: the queue is the platform's, and needs no owner. What is changed is a service's doing, and in the
/// audit log of whose job it is.
async fn answer(command: &JobsCommand, database: &Database, config: &Config) -> anyhow::Result<String> {
    let id = match command {
        JobsCommand::List(options) => {
            let gateway = database.gateway().await?;
            let answer = list(&gateway, options.dead).await;
            gateway.close().await;
            return answer;
        }
        JobsCommand::Retry(job) | JobsCommand::Discard(job) | JobsCommand::Cancel(job) => job.id,
    };
    let services = open::services(database, config).await?;
    let answer = act(command, id, &services).await;
    services.gateway.close().await;
    answer
}

async fn act(command: &JobsCommand, id: Uuid, services: &Services) -> anyhow::Result<String> {
    let Some(caller) = services.owner_of_job(id).await? else {
        bail!("there is no job {id}; `jobs list` shows those there are");
    };
    let done = match command {
        JobsCommand::Retry(_) => services.job_retry(&caller, id).await.map(|_| "is back in the queue"),
        JobsCommand::Cancel(_) => services.job_cancel(&caller, id).await.map(|running| match running {
            Some(_) => "will end within seconds",
            None => "is gone",
        }),
        _ => services.job_discard(&caller, id).await.map(|()| "is gone"),
    };
    match done {
        Ok(done) => Ok(format!("{id} {done}")),
        Err(refused @ ServiceError::Refused(_)) => bail!("{id}: {refused}"),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn schedule(command: ScheduleCommand, context: Context) -> anyhow::Result<ExitCode> {
    let ScheduleCommand::List = command;
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    let database = Database::find(&globals, &config).await?;
    let result = schedules(&database).await;
    database.close().await?;
    print(&result?)?;
    Ok(ExitCode::SUCCESS)
}

async fn schedules(database: &Database) -> anyhow::Result<String> {
    let gateway = database.gateway().await?;
    let session = gateway.platform(Access::Read).await?;
    let schedules = queue::schedules(&session, MOST).await?;
    session.close().await?;
    gateway.close().await;
    if schedules.is_empty() {
        return Ok("there is no schedule yet: a worker makes those of the program".to_owned());
    }
    Ok(schedules.iter().map(schedule_line).collect::<Vec<_>>().join("\n"))
}

fn schedule_line(schedule: &Scheduled) -> String {
    let at = |at: Option<DateTime<Utc>>| at.map_or("-".to_owned(), |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    let Scheduled { tenant, name, kind, cron, time_zone, last_missed, .. } = schedule;
    let next = if schedule.is_enabled { at(schedule.next_run_at) } else { "disabled".to_owned() };
    let missed = if *last_missed > 0 { format!(" for {last_missed} more") } else { String::new() };
    let last = at(schedule.last_fired_at);
    format!("{}  {tenant}  {name}  {kind}  \"{cron}\" {time_zone}  next {next}  last {last}{missed}", schedule.id)
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
