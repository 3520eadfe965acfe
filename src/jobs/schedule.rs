//! What the program does by itself, and when: one list. A new line here is a new schedule, of the installation or of each tenant.
//!
//! Every worker looks at the schedules that are due. Times that have passed while none did come to one run.

use chrono::{DateTime, TimeDelta, Utc};

use crate::queue::schedule::{fire, keep};
use crate::queue::{
    HOUSEKEEPING, MARKET_IDENTIFIERS, MARKET_INDICATORS, MARKET_INTRADAY, MARKET_NEWS, MARKET_PRICES, MARKET_RATES,
    Owner, PERFORMANCE_METRICS, PLATFORM_HOUSEKEEPING, Recurrence, Standing,
};
use crate::services::Services;
use crate::tenancy::{Access, DatabaseError};

/// The schedules of the program. What an operator or a tenant has changed about one stays as they want it.
pub const STANDING: &[Standing] = &[
    Standing {
        owner: Owner::Tenant,
        name: "Daily portfolio calculation",
        kind: PERFORMANCE_METRICS,
        cron: "0 6 * * *",
        time_zone: "UTC",
    },
    Standing { owner: Owner::Tenant, name: "Housekeeping", kind: HOUSEKEEPING, cron: "30 3 * * *", time_zone: "UTC" },
    Standing {
        owner: Owner::Installation,
        name: "Housekeeping",
        kind: PLATFORM_HOUSEKEEPING,
        cron: "15 * * * *",
        time_zone: "UTC",
    },
    Standing { owner: Owner::Installation, name: "Prices", kind: MARKET_PRICES, cron: "5 * * * *", time_zone: "UTC" },
    Standing {
        owner: Owner::Installation,
        name: "Prices while exchanges are open",
        kind: MARKET_INTRADAY,
        cron: "* * * * *",
        time_zone: "UTC",
    },
    // The European Central Bank publishes at about 16:00 on business days, at times later.
    Standing {
        owner: Owner::Installation,
        name: "Exchange rates",
        kind: MARKET_RATES,
        cron: "15 16-20 * * 1-5",
        time_zone: "Europe/Berlin",
    },
    Standing { owner: Owner::Installation, name: "News", kind: MARKET_NEWS, cron: "*/15 * * * *", time_zone: "UTC" },
    Standing {
        owner: Owner::Installation,
        name: "Market indicators",
        kind: MARKET_INDICATORS,
        cron: "30 6,22 * * *",
        time_zone: "UTC",
    },
    Standing {
        owner: Owner::Installation,
        name: "Instrument identifiers",
        kind: MARKET_IDENTIFIERS,
        cron: "0 4 * * 0",
        time_zone: "UTC",
    },
];

/// How often the list is compared with the table: a new tenant has its schedules so soon.
const KEEP_EVERY: TimeDelta = TimeDelta::seconds(60);
/// How often workers look for what is due, by their clock.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(1);

/// When a worker has last looked.
#[derive(Debug, Default)]
pub(super) struct Looked {
    kept: Option<DateTime<Utc>>,
    fired: Option<DateTime<Utc>>,
}

fn is_due(last: Option<DateTime<Utc>>, every: TimeDelta, now: DateTime<Utc>) -> bool {
    // A clock that has gone back is no reason to wait for it.
    last.is_none_or(|last| now - last >= every || now < last)
}

impl Looked {
    /// Keeps the standing schedules and puts the jobs of those that are due into the queue, if it is time to look. Only what
    /// this worker has handlers of fires: a worker of an earlier release leaves the rest to others.
    pub(super) async fn look(&mut self, services: &Services, kinds: &[&'static str]) -> Result<(), DatabaseError> {
        let now = services.environment.clock.now();
        if is_due(self.kept, KEEP_EVERY, now) {
            keep_standing(services, kinds, now).await?;
            self.kept = Some(now);
        }
        if is_due(self.fired, LOOK_EVERY, now) {
            while fire_due(services, kinds, now).await? {}
            self.fired = Some(now);
        }
        Ok(())
    }
}

async fn keep_standing(services: &Services, kinds: &[&str], now: DateTime<Utc>) -> Result<(), DatabaseError> {
    let session = services.gateway.platform(Access::Write).await?;
    for standing in STANDING.iter().filter(|standing| kinds.contains(&standing.kind)) {
        match Recurrence::parse(standing.cron, standing.time_zone) {
            Ok(recurrence) => {
                let (next, id) = (recurrence.after(now), services.environment.ids.next());
                keep(&session, standing, next, id, now).await?;
            }
            Err(error) => tracing::error!(schedule = standing.name, %error, "a standing schedule cannot be read"),
        }
    }
    session.commit().await
}

/// Fires some of what is due; whether there may be more.
async fn fire_due(services: &Services, kinds: &[&'static str], now: DateTime<Utc>) -> Result<bool, DatabaseError> {
    let session = services.gateway.platform(Access::Write).await?;
    let fired = fire(&session, kinds, now, || services.environment.ids.next()).await?;
    session.commit().await?;
    if fired > 0 {
        tracing::debug!(schedules = fired, "fired");
    }
    Ok(fired > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standing_schedule_can_be_read_and_has_a_handler_and_a_name_of_its_own() {
        let now = "2024-03-15T12:00:00Z".parse().expect("an instant");
        for standing in STANDING {
            let recurrence = Recurrence::parse(standing.cron, standing.time_zone).expect(standing.name);
            recurrence.check(TimeDelta::minutes(1), now).expect(standing.name);
            let handler = crate::jobs::handlers().into_iter().find(|handler| handler.kind() == standing.kind);
            assert_eq!(handler.map(|handler| handler.owner()), Some(standing.owner), "{}", standing.name);
        }
        let names: std::collections::BTreeSet<_> =
            STANDING.iter().map(|standing| (standing.owner == Owner::Tenant, standing.name)).collect();
        assert_eq!(names.len(), STANDING.len());
    }
}
