//! Schedules: those that the program brings with it, and a tenant's own.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::job::{in_realm, read_in_realm};
use super::{Caller, Done, RefusalCode, ServiceError, Services, access, settle};
use crate::auth::Permission;
use crate::queue::own::{self, OwnSchedule, Plan};
use crate::queue::{Recurrence, RecurrenceError, SCHEDULED_BY_TENANTS};
use crate::tenancy::{Access, DatabaseError, Realm, Session, Tenant};

/// How far apart the times of a tenant's schedule are at least.
const LEAST_OF_TENANTS: TimeDelta = TimeDelta::minutes(15);
/// The same of the installation's: nothing looks more often.
const LEAST_OF_INSTALLATION: TimeDelta = TimeDelta::minutes(1);
/// Schedules of one owner's own.
const MOST: usize = 20;
/// The longest name.
const MAX_NAME: usize = 100;
/// The longest pattern that is read.
const MAX_CRON: usize = 100;

/// A schedule to make.
#[derive(Clone, Debug)]
pub struct NewSchedule {
    /// What people call it.
    pub name: String,
    /// What it has done.
    pub kind: String,
    /// When, as a cron pattern.
    pub cron: String,
    /// By the clocks of this IANA time zone.
    pub time_zone: String,
}

/// What to change of a schedule; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct ScheduleChanges {
    /// Another name, of one that is not the program's.
    pub name: Option<String>,
    /// Another pattern.
    pub cron: Option<String>,
    /// Another time zone.
    pub time_zone: Option<String>,
    /// Whether it fires.
    pub is_enabled: Option<bool>,
}

impl Services {
    /// The schedules of the caller's tenant, or of the installation.
    pub async fn schedules(
        &self,
        caller: &Caller,
        reading: Option<&Session<Tenant>>,
    ) -> Result<Vec<OwnSchedule>, ServiceError> {
        access::require(&caller.actor, Permission::JobsRead)?;
        read_in_realm!(self, caller, reading, session => Ok(own::schedules(session).await?))
    }

    /// Makes a schedule of the tenant's own.
    pub async fn schedule_create(&self, caller: &Caller, new: NewSchedule) -> Result<OwnSchedule, ServiceError> {
        access::require(&caller.actor, Permission::JobsManage)?;
        if caller.tenant.is_none() {
            let message = "the installation has the program's schedules: they can be changed, and none can be added";
            return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input"], message));
        }
        if !SCHEDULED_BY_TENANTS.contains(&new.kind.as_str()) {
            let kinds = SCHEDULED_BY_TENANTS.join(", ");
            let message = format!("\"{}\" cannot be scheduled; what can be: {kinds}", shortened(&new.kind));
            return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", "kind"], message));
        }
        let name = checked_name(&new.name)?;
        let now = self.environment.clock.now();
        let next = Some(next_of(caller, &new.cron, &new.time_zone, now)?);
        in_realm!(self, caller, Access::Write, session => {
            let there = own::schedules(&session).await?.iter().filter(|schedule| !schedule.is_standing).count();
            if there >= MOST {
                let message = format!("there are {there} schedules already, {MOST} at the most");
                return Err(ServiceError::refused(RefusalCode::LimitReached, &["input"], message));
            }
            let id = self.environment.ids.next();
            let plan = Plan { name: &name, cron: &new.cron, time_zone: &new.time_zone, next };
            own::create_schedule(&session, id, &new.kind, &plan, now).await.map_err(|error| name_taken(error, &name))?;
            let made = own::schedule(&session, id).await?.ok_or_else(unknown)?;
            self.audit_schedule(&session, caller, "scheduleCreate", id, None, Some(shown(&made))).await?;
            Ok(made)
        })
    }

    /// Changes a schedule if it is still at the version that the caller has seen. From then on it is fired as if it were new:
    /// times that have passed are not made up for.
    pub async fn schedule_update(
        &self,
        caller: &Caller,
        id: Uuid,
        expected_version: i64,
        changes: ScheduleChanges,
    ) -> Result<OwnSchedule, ServiceError> {
        access::require(&caller.actor, Permission::JobsManage)?;
        let now = self.environment.clock.now();
        in_realm!(self, caller, Access::Write, session => {
            let before = own::schedule(&session, id).await?.ok_or_else(unknown)?;
            if before.version != expected_version {
                return Err(stale(before.version, expected_version));
            }
            let name = match &changes.name {
                Some(name) if before.is_standing && *name != before.name => {
                    let message = format!("\"{}\" is the program's own and keeps its name", before.name);
                    return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", "name"], message));
                }
                Some(name) => checked_name(name)?,
                None => before.name.clone(),
            };
            let cron = changes.cron.as_ref().unwrap_or(&before.cron);
            let time_zone = changes.time_zone.as_ref().unwrap_or(&before.time_zone);
            let is_enabled = changes.is_enabled.unwrap_or(before.is_enabled);
            let next = next_of(caller, cron, time_zone, now)?;
            let plan = Plan { name: &name, cron, time_zone, next: is_enabled.then_some(next) };
            let updated = own::update_schedule(&session, id, expected_version, &plan, is_enabled, now).await;
            if !updated.map_err(|error| name_taken(error, &name))? {
                return Err(stale(expected_version + 1, expected_version));
            }
            let after = own::schedule(&session, id).await?.ok_or_else(unknown)?;
            let (was, is) = (Some(shown(&before)), Some(shown(&after)));
            self.audit_schedule(&session, caller, "scheduleUpdate", id, was, is).await?;
            Ok(after)
        })
    }

    /// Removes a schedule that is not the program's.
    pub async fn schedule_delete(&self, caller: &Caller, id: Uuid) -> Result<(), ServiceError> {
        access::require(&caller.actor, Permission::JobsManage)?;
        in_realm!(self, caller, Access::Write, session => {
            let before = own::schedule(&session, id).await?.ok_or_else(unknown)?;
            if before.is_standing {
                let message = format!("\"{}\" is the program's own: it can be disabled", before.name);
                return Err(ServiceError::refused(RefusalCode::InvalidInput, &["id"], message));
            }
            if !own::delete_schedule(&session, id).await? {
                return Err(unknown());
            }
            self.audit_schedule(&session, caller, "scheduleDelete", id, Some(shown(&before)), None).await
        })
    }

    async fn audit_schedule<S: Realm>(
        &self,
        session: &Session<S>,
        caller: &Caller,
        action: &'static str,
        id: Uuid,
        before: Option<Value>,
        after: Option<Value>,
    ) -> Result<(), ServiceError> {
        self.audit(session, caller, Done { action, entity_type: "Schedule", entity_id: id, before, after }).await
    }
}

fn unknown() -> ServiceError {
    ServiceError::refused(RefusalCode::NotFound, &["id"], "no such schedule")
}

fn stale(found: i64, expected: i64) -> ServiceError {
    let message = format!("the schedule is at version {found}, not at {expected}: read it again");
    ServiceError::refused(RefusalCode::VersionConflict, &["expectedVersion"], message)
}

/// The refusal that a name which another has comes to.
pub(super) fn name_taken(error: DatabaseError, name: &str) -> ServiceError {
    match error {
        DatabaseError::AlreadyExists(_) => {
            let message = format!("\"{name}\" is there already");
            ServiceError::refused(RefusalCode::AlreadyExists, &["input", "name"], message)
        }
        other => other.into(),
    }
}

pub(super) fn checked_name(name: &str) -> Result<String, ServiceError> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > MAX_NAME || name.chars().any(char::is_control) {
        let message = format!("the name has {length} characters: 1 to {MAX_NAME} on one line are allowed");
        return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", "name"], message));
    }
    Ok(name.to_owned())
}

/// When a recurrence comes next, if the caller may have it.
fn next_of(caller: &Caller, cron: &str, zone: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, ServiceError> {
    let least = if caller.tenant.is_some() { LEAST_OF_TENANTS } else { LEAST_OF_INSTALLATION };
    let refused = |error: RecurrenceError| {
        let field = if matches!(error, RecurrenceError::Zone(_)) { "timeZone" } else { "cron" };
        ServiceError::refused(RefusalCode::InvalidInput, &["input", field], error.to_string())
    };
    if cron.len() > MAX_CRON {
        return Err(refused(RecurrenceError::Pattern(shortened(cron), format!("it is longer than {MAX_CRON} bytes"))));
    }
    if zone.len() > MAX_CRON {
        return Err(refused(RecurrenceError::Zone(shortened(zone))));
    }
    Recurrence::parse(cron, zone).and_then(|recurrence| recurrence.check(least, now)).map_err(refused)
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

fn shown(schedule: &OwnSchedule) -> Value {
    json!({ "name": schedule.name, "kind": schedule.kind, "cron": schedule.cron, "timeZone": schedule.time_zone,
        "isEnabled": schedule.is_enabled, "version": schedule.version })
}
