//! Brings a tenant's books and daily values up to date: first books that lack what the market did, a portfolio after another, then
//! the values that are out of date, a stretch after another.

use uuid::Uuid;

use super::{Handler, Outcome, Stop, Task, Teller};
use crate::queue::DAILY_FACTS;
use crate::services::ServiceError;
use crate::services::daily_value::Step;
use crate::services::{Caller, Services, market_action};

/// Stretches until another tenant has its turn: a few seconds' worth.
const STRETCHES: usize = 200;
/// Portfolios that are booked anew until another tenant has its turn.
const BOOKINGS: u64 = 100;
/// What a run does most of its time.
const VALUING: &str = "valuing portfolios";

/// The handler of [`DAILY_FACTS`].
pub struct DailyFacts;

#[async_trait::async_trait]
impl Handler for DailyFacts {
    fn kind(&self) -> &'static str {
        DAILY_FACTS
    }

    async fn run(&self, task: Task) -> Result<Outcome, ServiceError> {
        let Task { services, caller, stop, mut progress, .. } = task;
        match bring_up(&services, &caller, &stop, &mut progress).await? {
            Brought::InPart => Ok(Outcome::Again),
            Brought::UpToDate { errors } if errors.is_empty() => Ok(Outcome::Done),
            Brought::UpToDate { errors } => Err(ServiceError::Portfolios(errors)),
        }
    }
}

/// How far books and values came.
pub(super) enum Brought {
    /// There is more to do.
    InPart,
    /// Everything is done, but for what cannot be.
    UpToDate { errors: Vec<(Uuid, ServiceError)> },
}

/// Brings books and values up to date, or a piece of that.
pub(super) async fn bring_up(
    services: &Services,
    caller: &Caller,
    stop: &Stop,
    progress: &mut Teller,
) -> Result<Brought, ServiceError> {
    let Some(mut errors) = bring_up_books(services, caller, stop, progress).await? else {
        return Ok(Brought::InPart);
    };
    services.daily_values_find_outdated(caller).await?;
    // One that cannot be valued does not keep the others from it.
    let (mut failed, mut total) = (Vec::new(), 0);
    for _ in 0..STRETCHES {
        if stop.is_told() {
            return Ok(Brought::InPart);
        }
        if progress.is_due(VALUING) {
            let left = services.daily_values_left(caller).await?;
            total = left.max(total);
            progress.tell(VALUING, total - left, Some(total)).await;
        }
        match services.daily_values_step(caller, &failed).await? {
            Step::Stored | Step::Overtaken => {}
            Step::Failed { portfolio, error } => {
                failed.push(portfolio);
                errors.push((portfolio, error));
            }
            Step::Nothing => return Ok(Brought::UpToDate { errors }),
        }
    }
    Ok(Brought::InPart)
}

/// Books anew what lacks something that the market did; why some could not be, or nothing where there is more to do.
async fn bring_up_books(
    services: &Services,
    caller: &Caller,
    stop: &Stop,
    progress: &mut Teller,
) -> Result<Option<Vec<(Uuid, ServiceError)>>, ServiceError> {
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
            market_action::Step::Booked => {
                booked += 1;
                progress.tell("booking what the market did", booked, None).await;
            }
            market_action::Step::Failed { portfolio, error } => {
                failed.push(portfolio);
                errors.push((portfolio, error));
            }
            market_action::Step::Nothing => return Ok(Some(errors)),
        }
    }
    Ok(None)
}
