//! Brings a tenant's books and daily values up to date: first books that lack what the market did, a portfolio after another, then
//! the values that are out of date, a stretch after another.

use super::{Handler, Outcome, Stop, Task};
use crate::queue::DAILY_FACTS;
use crate::services::ServiceError;
use crate::services::daily_value::Step;
use crate::services::{Caller, Services, market_action};

/// Stretches until another tenant has its turn: a few seconds' worth.
const STRETCHES: usize = 200;
/// Portfolios that are booked anew until another tenant has its turn.
const BOOKINGS: usize = 100;

/// The handler of [`DAILY_FACTS`].
pub struct DailyFacts;

#[async_trait::async_trait]
impl Handler for DailyFacts {
    fn kind(&self) -> &'static str {
        DAILY_FACTS
    }

    async fn run(&self, task: Task) -> Result<Outcome, ServiceError> {
        let Task { services, caller, stop, .. } = task;
        let Some(mut errors) = bring_up_books(&services, &caller, &stop).await? else {
            return Ok(Outcome::Again);
        };
        services.daily_values_find_outdated(&caller).await?;
        // One that cannot be valued does not keep the others from it.
        let mut failed = Vec::new();
        for _ in 0..STRETCHES {
            if stop.is_told() {
                return Ok(Outcome::Again);
            }
            match services.daily_values_step(&caller, &failed).await? {
                Step::Stored | Step::Overtaken => {}
                Step::Failed { portfolio, error } => {
                    failed.push(portfolio);
                    errors.push(format!("portfolio {portfolio}: {error}"));
                }
                Step::Nothing if errors.is_empty() => return Ok(Outcome::Done),
                Step::Nothing => return Err(ServiceError::Internal(errors.join("; "))),
            }
        }
        Ok(Outcome::Again)
    }
}

/// Books anew what lacks something that the market did; why some could not be, or nothing where there is more to do.
async fn bring_up_books(
    services: &Services,
    caller: &Caller,
    stop: &Stop,
) -> Result<Option<Vec<String>>, ServiceError> {
    services.market_actions_pass(caller).await?;
    let mut failed = Vec::new();
    let mut errors = Vec::new();
    let mut booked = 0;
    // Those that fail are not counted, and not tried twice: however many they are, a run comes to its end.
    while booked < BOOKINGS {
        if stop.is_told() {
            return Ok(None);
        }
        match services.market_actions_step(caller, &failed).await? {
            market_action::Step::Booked => booked += 1,
            market_action::Step::Failed { portfolio, error } => {
                failed.push(portfolio);
                errors.push(format!("portfolio {portfolio}: {error}"));
            }
            market_action::Step::Nothing => return Ok(Some(errors)),
        }
    }
    Ok(None)
}
