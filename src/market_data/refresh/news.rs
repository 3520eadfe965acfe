//! Headlines of a feed.

use super::{Line, Refresh, reason};
use crate::market_data::news;
use crate::storage::pipeline::Dataset;
use crate::tenancy::{Access, DatabaseError, MarketDoor};

impl<D: MarketDoor> Refresh<'_, D> {
    pub(super) async fn news(&self, feed: &str) -> Result<Vec<Line>, DatabaseError> {
        let Some(provider) = self.providers.get(feed) else { return Ok(Vec::new()) };
        let asked_at = self.environment.clock.now();
        let delivery = match provider.news().await {
            Ok(delivery) => delivery,
            Err(error) => {
                let run = self.run(Dataset::News, feed, "headlines".to_owned(), asked_at);
                return Ok(vec![self.failed(run, reason(&error)).await?]);
            }
        };
        let session = self.door.market(Access::Write).await?;
        let outcome = news::load(&session, self.environment, &delivery).await;
        let run = self.run(Dataset::News, &delivery.provider, delivery.asked, asked_at);
        self.settled(session, run, outcome).await
    }
}
