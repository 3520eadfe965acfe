//! Brings a tenant's books, daily values and then stored figures up to date: the daily calculation, and what is asked for of one portfolio.
//!
//! While some portfolios are computed, the next are read and the ones before are stored.

use uuid::Uuid;

use super::daily_value::{Brought, bring_up};
use super::{Handler, Outcome, Stop, Task, Teller};
use crate::queue::PERFORMANCE_METRICS;
use crate::services::performance_metrics::{Batch, Computed, Failed, Of};
use crate::services::{Caller, ServiceError, Services};

/// Portfolios until another tenant has its turn: half a minute's worth.
const PORTFOLIOS: u64 = 5_000;
/// What a run does most of its time.
const COMPUTING: &str = "computing figures";

/// The handler of [`PERFORMANCE_METRICS`].
pub struct PerformanceMetrics;

#[async_trait::async_trait]
impl Handler for PerformanceMetrics {
    fn kind(&self) -> &'static str {
        PERFORMANCE_METRICS
    }

    async fn run(&self, task: Task) -> Result<Outcome, ServiceError> {
        let Task { services, caller, key, stop, mut progress, .. } = task;
        let only = match key.as_str() {
            "" => None,
            id => {
                Some(Uuid::try_parse(id).map_err(|_| ServiceError::Internal(format!("{id} is no id of a portfolio")))?)
            }
        };
        // What of values cannot be brought up to date is left out below, and does not keep the rest from it.
        let Brought::UpToDate { mut errors } = bring_up(&services, &caller, &stop, &mut progress).await? else {
            return Ok(Outcome::Again);
        };
        // Who asks for one portfolio is not told of others.
        errors.retain(|(id, _)| only.is_none_or(|one| one == *id));
        if only.is_none() {
            services.performance_metrics_clear(&caller).await?;
        }
        let is_done = compute(&services, &caller, only, &stop, &mut progress, &mut errors).await?;
        match (is_done, errors.is_empty()) {
            (false, _) => Ok(Outcome::Again),
            (true, true) => Ok(Outcome::Done),
            (true, false) => Err(ServiceError::Portfolios(errors)),
        }
    }
}

/// Computes and stores what does not hold; whether all of it.
async fn compute(
    services: &Services,
    caller: &Caller,
    only: Option<Uuid>,
    stop: &Stop,
    progress: &mut Teller,
    errors: &mut Vec<Failed>,
) -> Result<bool, ServiceError> {
    let total = services.performance_metrics_left(caller, Of { only, after: None }).await?;
    let mut done = 0;
    let mut read = services.performance_metrics_read(caller, Of { only, after: None }).await?;
    let mut computed: Option<Computed> = None;
    while read.is_some() || computed.is_some() {
        progress.tell(COMPUTING, done, Some(total)).await;
        // What is computed is stored, but nothing more is begun.
        let goes_on = !stop.is_told() && done < PORTFOLIOS;
        let after = read.as_ref().filter(|_| goes_on).map(|batch| batch.last);
        let (next, now, stored) = tokio::join!(
            async {
                match after {
                    Some(after) => services.performance_metrics_read(caller, Of { only, after: Some(after) }).await,
                    None => Ok(None),
                }
            },
            of_batch(services, read.take()),
            store(services, caller, computed.take()),
        );
        stored?;
        read = next?;
        computed = now?;
        if let Some(computed) = &mut computed {
            done += computed.portfolios;
            errors.append(&mut computed.failed);
        }
        if !goes_on {
            store(services, caller, computed.take()).await?;
            return Ok(done >= total && !stop.is_told());
        }
    }
    Ok(true)
}

async fn of_batch(services: &Services, batch: Option<Batch>) -> Result<Option<Computed>, ServiceError> {
    match batch {
        Some(batch) => services.performance_metrics_computed(batch).await.map(Some),
        None => Ok(None),
    }
}

async fn store(services: &Services, caller: &Caller, computed: Option<Computed>) -> Result<(), ServiceError> {
    match computed {
        Some(computed) => services.performance_metrics_store(caller, &computed).await,
        None => Ok(()),
    }
}
