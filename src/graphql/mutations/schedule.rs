//! What recurs.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::types::schedule::Schedule;
use crate::graphql::types::user_error::UserError;
use crate::services::schedule::{NewSchedule, ScheduleChanges};

/// A schedule to make.
#[derive(Debug, InputObject)]
pub struct ScheduleCreateInput {
    /// What it is called, 1 to 100 characters; no other schedule of the tenant may be.
    name: String,
    /// What kind of work it asks for: `performance_metrics`, the daily portfolio calculation, its first part
    /// `daily_facts`, which computes values and no figures, or `housekeeping`.
    kind: String,
    /// When, as a cron pattern of five fields: minute, hour, day of month, month, day of week. Every 15 minutes at the most.
    cron: String,
    /// By the clocks of this IANA time zone, such as `Europe/Zurich`.
    #[graphql(default_with = "\"UTC\".to_owned()")]
    time_zone: String,
}

/// What to change of a schedule; what is not given stays.
#[derive(Debug, InputObject)]
pub struct ScheduleUpdateInput {
    /// Another name, 1 to 100 characters. The program's own keep theirs.
    name: Option<String>,
    /// Another cron pattern of five fields. Every 15 minutes at the most; of the installation's schedules, every minute.
    cron: Option<String>,
    /// Another IANA time zone, such as `Europe/Zurich`.
    time_zone: Option<String>,
    /// Whether it fires.
    is_enabled: Option<bool>,
}

/// What acting on a schedule gives.
#[derive(SimpleObject)]
pub struct SchedulePayload {
    /// The schedule since; null where it is gone, and where nothing was done.
    schedule: Option<Schedule>,
    /// Why nothing was done.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct ScheduleMutation;

#[Object(guard = "Ruled")]
impl ScheduleMutation {
    /// Makes a schedule of the tenant's own, 20 at the most. It fires from its next time on.
    async fn schedule_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The schedule.")] input: ScheduleCreateInput,
    ) -> Result<Option<SchedulePayload>> {
        let operation = Operation::of(ctx);
        let ScheduleCreateInput { name, kind, cron, time_zone } = input;
        let new = NewSchedule { name, kind, cron, time_zone };
        let outcome = async { operation.services.schedule_create(operation.changing().await?, new).await };
        let (schedule, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(SchedulePayload { schedule: schedule.map(Schedule::from), user_errors }))
    }

    /// Changes, disables or enables a schedule of the tenant, the program's for it included; for an operator, of the installation.
    /// It fires from its next time on: what passed before is not made up for.
    async fn schedule_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The schedule's id.")] id: ID,
        #[graphql(
            desc = "The `version` that the change is based on: where the schedule has changed since, it is refused."
        )]
        expected_version: i64,
        #[graphql(desc = "What to change.")] input: ScheduleUpdateInput,
    ) -> Result<Option<SchedulePayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::Schedule.parse(&id, "id")?;
        let ScheduleUpdateInput { name, cron, time_zone, is_enabled } = input;
        let changes = ScheduleChanges { name, cron, time_zone, is_enabled };
        let outcome = async {
            operation.services.schedule_update(operation.changing().await?, id, expected_version, changes).await
        };
        let (schedule, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(SchedulePayload { schedule: schedule.map(Schedule::from), user_errors }))
    }

    /// Deletes a schedule of the tenant's own. The program's can be disabled by `scheduleUpdate`.
    async fn schedule_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The schedule's id.")] id: ID,
    ) -> Result<Option<SchedulePayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::Schedule.parse(&id, "id")?;
        let outcome = async { operation.services.schedule_delete(operation.changing().await?, id).await };
        let (_, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(SchedulePayload { schedule: None, user_errors }))
    }
}
