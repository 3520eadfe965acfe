//! Asks providers for market data, a piece after another.

use super::{Handler, Outcome, Task};
use crate::queue::{
    MARKET_IDENTIFIERS, MARKET_INDICATORS, MARKET_INTRADAY, MARKET_NEWS, MARKET_PRICES, MARKET_RATES, Owner,
};
use crate::services::refresh::{Piece, What};
use crate::services::{ServiceError, Services};

/// The handler of what is asked for of providers.
pub struct MarketRefresh(pub What);

#[async_trait::async_trait]
impl Handler for MarketRefresh {
    fn kind(&self) -> &'static str {
        match self.0 {
            What::Prices => MARKET_PRICES,
            What::Intraday => MARKET_INTRADAY,
            What::Rates => MARKET_RATES,
            What::News => MARKET_NEWS,
            What::Indicators => MARKET_INDICATORS,
            What::Identifiers => MARKET_IDENTIFIERS,
        }
    }

    fn owner(&self) -> Owner {
        Owner::Installation
    }

    fn has_work(&self, services: &Services) -> bool {
        services.has_providers(self.0)
    }

    async fn run(&self, task: Task) -> Result<Outcome, ServiceError> {
        let Task { services, stop, mut progress, .. } = task;
        let pieces = services.refresh_pieces(self.0).await?;
        let total = pieces.iter().map(Piece::weight).sum();
        let (mut done, mut failed) = (0, None);
        for piece in &pieces {
            if stop.is_told() {
                return Ok(Outcome::Again);
            }
            progress.tell("asking providers", done, Some(total)).await;
            // What the database did not take of one piece keeps the others from nothing, and is tried again with the job.
            if let Err(error) = services.refresh_piece(piece).await {
                failed = Some(error);
            }
            done += piece.weight();
        }
        failed.map_or(Ok(Outcome::Done), Err)
    }
}
