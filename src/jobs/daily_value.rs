//! Brings a tenant's daily values up to date: finds what is out of date, then a stretch after another.

use super::{Handler, Outcome, Task};
use crate::queue::DAILY_FACTS;
use crate::services::ServiceError;
use crate::services::daily_value::Step;

/// Stretches until another tenant has its turn: a few seconds' worth.
const STRETCHES: usize = 200;

/// The handler of [`DAILY_FACTS`].
pub struct DailyFacts;

#[async_trait::async_trait]
impl Handler for DailyFacts {
    fn kind(&self) -> &'static str {
        DAILY_FACTS
    }

    async fn run(&self, task: Task) -> Result<Outcome, ServiceError> {
        let Task { services, caller, stop, .. } = task;
        services.daily_values_find_outdated(&caller).await?;
        // One that cannot be valued does not keep the others from it.
        let mut failed = Vec::new();
        let mut errors = Vec::new();
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
