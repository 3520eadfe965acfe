//! What recurs.

use async_graphql::{ID, SimpleObject};

use super::job::JobOutcome;
use crate::graphql::id::Kind;
use crate::graphql::scalars::Instant;
use crate::queue::own::OwnSchedule;

/// How the latest run of what a schedule asks for ended.
#[derive(Clone, Debug, SimpleObject)]
pub struct ScheduleRun {
    /// How it ended.
    outcome: JobOutcome,
    /// When it did.
    ended_at: Instant,
    /// Why it failed. Null where it did not.
    error: Option<String>,
}

/// Work that is asked for again and again, by a clock.
#[derive(Clone, Debug, SimpleObject)]
pub struct Schedule {
    /// The schedule's id.
    id: ID,
    /// What it is called.
    name: String,
    /// What kind of work it asks for, as `Job.kind` names it.
    kind: String,
    /// Whether it is the program's own: it can be changed and disabled, and neither renamed nor deleted.
    is_standing: bool,
    /// When, as a cron pattern of five fields: minute, hour, day of month, month, day of week.
    cron: String,
    /// By the clocks of this IANA time zone. A time that a change of clocks leaves out is made up for right after it; one that it
    /// repeats counts once.
    time_zone: String,
    /// Whether it fires.
    is_enabled: bool,
    /// When it fires next. Null where it does not.
    next_run_at: Option<Instant>,
    /// The time that it last fired for. Null where it has not fired yet.
    last_due_at: Option<Instant>,
    /// When it did: later than `lastDueAt` where no worker ran then.
    last_fired_at: Option<Instant>,
    /// How many further times had passed by then and came to the same run.
    last_missed: i32,
    /// The latest run of such work that has ended, whoever asked for it. Null where none is remembered.
    last_run: Option<ScheduleRun>,
    /// Grows with each change.
    version: i64,
}

impl From<OwnSchedule> for Schedule {
    fn from(schedule: OwnSchedule) -> Self {
        let error = schedule.run_error;
        let last_run = schedule.run_outcome.zip(schedule.run_ended_at).map(|(outcome, ended_at)| ScheduleRun {
            outcome: JobOutcome::of(&outcome),
            ended_at: Instant(ended_at),
            error,
        });
        Self {
            id: Kind::Schedule.id(schedule.id),
            name: schedule.name,
            kind: schedule.kind,
            is_standing: schedule.is_standing,
            cron: schedule.cron,
            time_zone: schedule.time_zone,
            is_enabled: schedule.is_enabled,
            next_run_at: schedule.next_run_at.map(Instant),
            last_due_at: schedule.last_due_at.map(Instant),
            last_fired_at: schedule.last_fired_at.map(Instant),
            last_missed: schedule.last_missed,
            last_run,
            version: schedule.version,
        }
    }
}
