//! Work in the background: what waits and runs, and what has run.

use async_graphql::{Enum, ID, SimpleObject};

use crate::graphql::connection::connection;
use crate::graphql::id::Kind;
use crate::graphql::scalars::Instant;
use crate::queue::own::{OwnJob, OwnRun};

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum JobState {
    /// It waits for a worker, or for its next try after a failure.
    Waiting,
    /// A worker does it.
    Running,
    /// It failed for good: a dead letter, which is kept until somebody retries or discards it or a later run succeeds.
    Dead,
}

impl JobState {
    /// The word that the queue has for it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Running => "RUNNING",
            Self::Dead => "DEAD",
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum JobOutcome {
    /// Everything was done.
    Done,
    /// It failed, and was to be tried again.
    Failed,
    /// It failed for the last time.
    Dead,
    /// Somebody cancelled it.
    Cancelled,
}

impl JobOutcome {
    /// From the word that the queue has for it.
    pub fn of(code: &str) -> Self {
        match code {
            "DONE" => Self::Done,
            "FAILED" => Self::Failed,
            "CANCELLED" => Self::Cancelled,
            _ => Self::Dead,
        }
    }
}

/// How far a job is.
#[derive(Clone, Debug, SimpleObject)]
pub struct JobProgress {
    /// What it is doing.
    phase: String,
    /// How much of that is done, in what the phase names.
    done: i64,
    /// How much there is to do; null where that is not known.
    total: Option<i64>,
}

fn progress(phase: Option<String>, done: Option<i64>, total: Option<i64>) -> Option<JobProgress> {
    phase.zip(done).map(|(phase, done)| JobProgress { phase, done, total })
}

/// Work in the background that waits, runs, or was given up.
#[derive(Clone, Debug, SimpleObject)]
pub struct Job {
    /// The job's id.
    id: ID,
    /// What kind of work it is, such as `daily_facts` or `replay`.
    kind: String,
    /// Of what, by the id that the tables hold; empty where a kind has one job.
    key: String,
    /// Where it stands.
    state: JobState,
    /// How often it was begun since it was asked for, this time included where it runs.
    attempts: i32,
    /// When it was asked for.
    enqueued_at: Instant,
    /// When it is to run: a job that waits does not begin before.
    run_at: Instant,
    /// Since when it runs, or when it began where it was put back to be gone on with. Null where it has not begun.
    begun_at: Option<Instant>,
    /// When it last failed. Null where it never did.
    failed_at: Option<Instant>,
    /// Why it last failed. Null where it never did.
    error: Option<String>,
    /// How far it is. Null where it has said nothing of that.
    progress: Option<JobProgress>,
    /// As of when `progress` is.
    progress_at: Option<Instant>,
    /// When somebody wanted it to end. Null where nobody did.
    cancel_requested_at: Option<Instant>,
    /// Who wanted it to end. Null where nobody did.
    cancel_requested_by: Option<String>,
}

impl From<OwnJob> for Job {
    fn from(job: OwnJob) -> Self {
        let state = match job.state.as_str() {
            "WAITING" => JobState::Waiting,
            "RUNNING" => JobState::Running,
            _ => JobState::Dead,
        };
        Self {
            id: Kind::Job.id(job.id),
            kind: job.kind,
            key: job.key,
            state,
            attempts: job.attempts,
            enqueued_at: Instant(job.enqueued_at),
            run_at: Instant(job.run_at),
            begun_at: job.begun_at.map(Instant),
            failed_at: job.failed_at.map(Instant),
            error: job.error,
            progress: progress(job.progress_phase, job.progress_done, job.progress_total),
            progress_at: job.progress_at.map(Instant),
            cancel_requested_at: job.cancel_requested_at.map(Instant),
            cancel_requested_by: job.cancel_requested_by,
        }
    }
}

/// A run of a job that has ended. The latest thousand of the last 30 days are remembered.
#[derive(Clone, Debug, SimpleObject)]
pub struct JobRun {
    /// The run's id.
    id: ID,
    /// What kind of work it was.
    kind: String,
    /// Of what, by the id that the tables hold; empty where a kind has one job.
    key: String,
    /// How it ended.
    outcome: JobOutcome,
    /// The how manieth try it was; 0 where it never began.
    attempt: i32,
    /// When it began. Null where it never did.
    begun_at: Option<Instant>,
    /// When it ended.
    ended_at: Instant,
    /// Why it failed; of one that was cancelled, why the try before it did. Null where none did.
    error: Option<String>,
    /// How far it was at the end. Null where it has said nothing of that.
    progress: Option<JobProgress>,
    /// Who cancelled it. Null where nobody did.
    cancelled_by: Option<String>,
}

impl From<OwnRun> for JobRun {
    fn from(run: OwnRun) -> Self {
        Self {
            id: Kind::JobRun.id(run.id),
            kind: run.kind,
            key: run.key,
            outcome: JobOutcome::of(&run.outcome),
            attempt: run.attempt,
            begun_at: run.begun_at.map(Instant),
            ended_at: Instant(run.ended_at),
            error: run.error,
            progress: progress(run.progress_phase, run.progress_done, run.progress_total),
            cancelled_by: run.cancelled_by,
        }
    }
}

connection!(JobConnection, JobEdge, Job, "jobs, the latest request first");
connection!(JobRunConnection, JobRunEdge, JobRun, "runs of jobs, the latest first");
