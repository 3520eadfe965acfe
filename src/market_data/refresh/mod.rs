//! Asks providers for what is new and takes it in by the pipeline: one line in the log for whatever came of whom, and one for
//! whatever did not come, with the reason. A provider that fails keeps nothing else from going on.

mod prices;

use chrono::{DateTime, Utc};

use super::providers::Registry;
use crate::clock::Environment;
use crate::storage::pipeline::{Dataset, Outcome, Run, run};
use crate::tenancy::{Access, DatabaseError, MarketDoor};

/// Providers, and where to put what they give.
pub struct Refresh<'a, D> {
    /// The way to the market data.
    pub door: &'a D,
    /// Time and ids.
    pub environment: &'a Environment,
    /// Whom to ask.
    pub providers: &'a Registry,
}

/// A line of the log: what was asked of whom, and what came of it.
#[derive(Clone, Debug)]
pub struct Line {
    /// The run as it was noted.
    pub run: Run,
    /// What it came to, or why it failed.
    pub result: Result<Outcome, String>,
}

impl<D: MarketDoor> Refresh<'_, D> {
    /// A run of what was asked at `started_at`.
    fn run(&self, dataset: Dataset, provider: &str, asked: String, started_at: DateTime<Utc>) -> Run {
        Run { id: self.environment.ids.next(), dataset, provider: provider.to_owned(), asked, started_at }
    }

    /// Notes runs before their work, so that they are seen if that ends with its process.
    async fn begin(&self, runs: &[&Run]) -> Result<(), DatabaseError> {
        let session = self.door.market(Access::Write).await?;
        for one in runs {
            run::begin(&session, one).await?;
        }
        session.commit().await
    }

    /// Notes of runs that did not come to their turn that nothing of them is kept.
    async fn undone(&self, runs: &[Run]) -> Result<(), DatabaseError> {
        let session = self.door.market(Access::Write).await?;
        for one in runs {
            run::fail(&session, one, "what belongs to the same version was not taken", self.environment.clock.now())
                .await?;
        }
        session.commit().await
    }

    /// Notes that nothing came, and why.
    async fn failed(&self, run: Run, reason: String) -> Result<Line, DatabaseError> {
        let session = self.door.market(Access::Write).await?;
        run::begin(&session, &run).await?;
        run::fail(&session, &run, &reason, self.environment.clock.now()).await?;
        session.commit().await?;
        Ok(Line { run, result: Err(reason) })
    }
}
