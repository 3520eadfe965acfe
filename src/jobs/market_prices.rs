//! Asks providers for prices: each hour of all that is held, each minute of what is traded, where that is wanted.

use super::{Handler, Outcome, Task};
use crate::queue::{MARKET_INTRADAY, MARKET_PRICES, Owner};
use crate::services::refresh::PriceScope;
use crate::services::{ServiceError, Services};

/// The handler of [`MARKET_PRICES`] and of [`MARKET_INTRADAY`].
pub struct MarketPrices(pub PriceScope);

#[async_trait::async_trait]
impl Handler for MarketPrices {
    fn kind(&self) -> &'static str {
        match self.0 {
            PriceScope::Held => MARKET_PRICES,
            PriceScope::TradedNow => MARKET_INTRADAY,
        }
    }

    fn owner(&self) -> Owner {
        Owner::Installation
    }

    fn has_work(&self, services: &Services) -> bool {
        services.has_prices(self.0)
    }

    async fn run(&self, task: Task) -> Result<Outcome, ServiceError> {
        let Task { services, stop, mut progress, .. } = task;
        let chunks = services.price_chunks(self.0).await?;
        let total = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        let (mut done, mut failed) = (0, None);
        for chunk in &chunks {
            if stop.is_told() {
                return Ok(Outcome::Again);
            }
            progress.tell("asking for prices", done, Some(total)).await;
            // What the database did not take of one chunk keeps the others from nothing, and is tried again with the job.
            if let Err(error) = services.refresh_prices(self.0, chunk).await {
                failed = Some(error);
            }
            done += chunk.len() as u64;
        }
        failed.map_or(Ok(Outcome::Done), Err)
    }
}
