//! Series of the market at large that the configuration names.

use super::{Line, Refresh, reason};
use crate::config::SeriesConfig;
use crate::market_data::indicator;
use crate::market_data::providers::Span;
use crate::storage::market_indicator::last_day;
use crate::storage::pipeline::Dataset;
use crate::tenancy::{Access, DatabaseError, MarketDoor};

impl<D: MarketDoor> Refresh<'_, D> {
    pub(super) async fn indicator(&self, series: &SeriesConfig) -> Result<Vec<Line>, DatabaseError> {
        let Some(provider) = self.providers.get(&series.provider) else { return Ok(Vec::new()) };
        let session = self.door.market(Access::Read).await?;
        let since = last_day(&session, &series.code).await;
        session.close().await?;
        let asked_at = self.environment.clock.now();
        let span = Span { since: since?, until: None };
        let delivery = match provider.indicator(&series.code, &series.series, span).await {
            Ok(delivery) => delivery,
            Err(error) => {
                let run = self.run(Dataset::Indicators, provider.name(), series.series.clone(), asked_at);
                return Ok(vec![self.failed(run, reason(&error)).await?]);
            }
        };
        let session = self.door.market(Access::Write).await?;
        let outcome = indicator::load(&session, self.environment, &delivery).await;
        let run = self.run(Dataset::Indicators, &delivery.provider, delivery.asked, asked_at);
        self.settled(session, run, outcome).await
    }
}
