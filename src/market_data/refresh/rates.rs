//! Exchange rates: of the first provider that answers, in the order of the configuration.

use super::{Line, Refresh, reason};
use crate::market_data::pipeline::Work;
use crate::market_data::providers::{Capability, ProviderError, Span};
use crate::storage::exchange_rate::last_day;
use crate::storage::pipeline::Dataset;
use crate::tenancy::{Access, DatabaseError, MarketDoor};

impl<D: MarketDoor> Refresh<'_, D> {
    pub(super) async fn rates(&self) -> Result<Vec<Line>, DatabaseError> {
        let session = self.door.market(Access::Read).await?;
        let since = last_day(&session).await;
        session.close().await?;
        let span = Span { since: since?, until: None };
        let mut lines = Vec::new();
        for provider in self.providers.that_give(Capability::Rates) {
            let asked_at = self.environment.clock.now();
            let answer = provider.rates(span).await.and_then(|delivery| match delivery.rows.is_empty() {
                true => Err(ProviderError::NoRows { symbol: delivery.asked }),
                false => Ok(delivery),
            });
            match answer {
                Ok(delivery) => {
                    let run = self.run(Dataset::Rates, provider.name(), delivery.asked.clone(), asked_at);
                    self.begin(std::slice::from_ref(&run)).await?;
                    let mut work = Work::open(self.door, self.environment).await?;
                    let outcome = work.rates(run.clone(), &delivery).await;
                    let outcome = work.end(self.door, outcome).await?;
                    lines.push(Line::of(run, Ok(outcome)));
                    break;
                }
                Err(error) => {
                    let run = self.run(Dataset::Rates, provider.name(), "exchange rates".to_owned(), asked_at);
                    lines.push(self.failed(run, reason(&error)).await?);
                }
            }
        }
        Ok(lines)
    }
}
