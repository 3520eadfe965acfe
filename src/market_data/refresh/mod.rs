//! Asks providers for what is new and takes it in by the pipeline: one line in the log for whatever came of whom, and one for
//! whatever did not come, with the reason. A provider that fails keeps nothing else from going on.

mod identifiers;
mod indicators;
mod news;
mod prices;
mod rates;

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::providers::{Capability, IdentifierWanted, ProviderError, Registry, Subject};
use crate::clock::Environment;
use crate::config::SeriesConfig;
use crate::storage::pipeline::{Dataset, Outcome, Run, run};
use crate::tenancy::{Access, DatabaseError, Market, MarketDoor, Session};

/// What providers are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Prices of all that is held.
    Prices,
    /// Prices of what is held and traded now, of those who may be asked every minute.
    Intraday,
    /// Exchange rates.
    Rates,
    /// Headlines.
    News,
    /// Figures of the market at large.
    Indicators,
    /// What instruments are known by.
    Identifiers,
}

/// A piece of it: what is asked for at once, and fails at once.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Prices of some instruments.
    Prices(What, Vec<Subject>),
    /// Exchange rates.
    Rates,
    /// The headlines of a provider.
    News(String),
    /// A series.
    Series(SeriesConfig),
    /// What some instruments are known by.
    Identifiers(Vec<IdentifierWanted>),
}

impl Piece {
    /// How much it is, beside others of its kind.
    #[must_use]
    pub fn weight(&self) -> u64 {
        match self {
            Self::Prices(_, subjects) => subjects.len() as u64,
            Self::Identifiers(wanted) => wanted.len() as u64,
            Self::Rates | Self::News(_) | Self::Series(_) => 1,
        }
    }
}

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
    /// What was asked for.
    pub dataset: &'static str,
    /// Of whom.
    pub provider: String,
    /// The question.
    pub asked: String,
    /// What it came to, or why it failed.
    pub result: Result<Outcome, String>,
}

impl Line {
    fn of(run: Run, result: Result<Outcome, String>) -> Self {
        Self { dataset: run.dataset.name(), provider: run.provider, asked: run.asked, result }
    }
}

impl<D: MarketDoor> Refresh<'_, D> {
    /// Whether there is anybody to ask.
    #[must_use]
    pub fn has(&self, what: What) -> bool {
        let capability = match what {
            What::Prices | What::Intraday => Capability::Prices,
            What::Rates => Capability::Rates,
            What::News => Capability::News,
            What::Indicators => return !self.providers.series.is_empty(),
            What::Identifiers => Capability::Identifiers,
        };
        self.providers(what).that_give(capability).next().is_some()
    }

    /// What is to be asked for, a piece after the other; nothing where there is nobody to ask.
    ///
    /// # Errors
    /// [`DatabaseError`]
    pub async fn pieces(&self, what: What) -> Result<Vec<Piece>, DatabaseError> {
        match what {
            _ if !self.has(what) => Ok(Vec::new()),
            What::Prices | What::Intraday => self.price_pieces(what).await,
            What::Rates => Ok(vec![Piece::Rates]),
            What::News => {
                let feeds = self.providers.that_give(Capability::News);
                Ok(feeds.map(|feed| Piece::News(feed.name().to_owned())).collect())
            }
            What::Indicators => Ok(self.providers.series.iter().cloned().map(Piece::Series).collect()),
            What::Identifiers => self.identifier_pieces().await,
        }
    }

    /// Asks for a piece and takes in what comes.
    ///
    /// # Errors
    /// [`DatabaseError`]; that a provider fails is a line.
    pub async fn take(&self, piece: &Piece) -> Result<Vec<Line>, DatabaseError> {
        match piece {
            Piece::Prices(what, subjects) => self.prices(&self.providers(*what), subjects).await,
            Piece::Rates => self.rates().await,
            Piece::News(feed) => self.news(feed).await,
            Piece::Series(series) => self.indicator(series).await,
            Piece::Identifiers(wanted) => self.identifiers(wanted).await,
        }
    }

    fn providers(&self, what: What) -> Cow<'_, Registry> {
        match what {
            What::Intraday => Cow::Owned(self.providers.of_intraday()),
            _ => Cow::Borrowed(self.providers),
        }
    }

    /// A run of what was asked at `started_at`.
    fn run(&self, dataset: Dataset, provider: &str, asked: String, started_at: DateTime<Utc>) -> Run {
        Run { id: self.environment.ids.next(), dataset, provider: provider.to_owned(), asked, started_at }
    }

    /// Notes runs before their work, so that they are seen if that ends with its process.
    async fn begin(&self, runs: &[Run]) -> Result<(), DatabaseError> {
        let session = self.door.market(Access::Write).await?;
        for one in runs {
            run::begin(&session, one).await?;
        }
        session.commit().await
    }

    /// Notes of runs that did not come to their turn that nothing of them is kept.
    async fn undone(&self, runs: &[Run]) -> Result<(), DatabaseError> {
        let reason = "what belongs to the same version was not taken";
        let session = self.door.market(Access::Write).await?;
        for one in runs {
            run::fail(&session, one, reason, self.environment.clock.now()).await?;
        }
        session.commit().await
    }

    /// Ends the session in which something was taken in; nothing of it is kept where that failed, but why.
    async fn settled(
        &self,
        session: Session<Market>,
        run: Run,
        outcome: Result<Outcome, DatabaseError>,
    ) -> Result<Vec<Line>, DatabaseError> {
        match outcome {
            Ok(outcome) => {
                session.commit().await?;
                Ok(vec![Line::of(run, Ok(outcome))])
            }
            Err(error) => {
                session.close().await?;
                self.failed(run, "the database did not take the rows; the server's log says why".to_owned()).await?;
                Err(error)
            }
        }
    }

    /// Notes that nothing came, and why.
    async fn failed(&self, run: Run, reason: String) -> Result<Line, DatabaseError> {
        let session = self.door.market(Access::Write).await?;
        run::begin(&session, &run).await?;
        run::fail(&session, &run, &reason, self.environment.clock.now()).await?;
        session.commit().await?;
        Ok(Line::of(run, Err(reason)))
    }
}

/// An error of a provider as it stands in the log.
fn reason(error: &ProviderError) -> String {
    format!("{}: {error}", error.code())
}
