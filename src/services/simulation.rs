//! What a portfolio may lose by more simulated outcomes than a request waits for: asked here, drawn by a job block by block.
//!
//! The job first keeps what it draws from, so that whoever takes it over draws the same outcomes; they are those of `tailRisk` with the
//! same seed, of which a request draws the first.

use std::ops::Range as Blocks;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::analytics::{MonteCarlo, NoSimulation, Revaluation, Simulation as Terms, Symmetric, of_outcomes};
use domain::money::Currency;
use serde_json::json;
use uuid::Uuid;

use super::analytics::{Range, Scope, tail};
use super::transaction::check_date;
use super::valuation::{View, opening_of};
use super::{Caller, Done, RefusalCode, ServiceError, Services, access, settle};
use crate::queue::{self, Request, SIMULATION};
use crate::storage;
use crate::storage::portfolio::Portfolio;
use crate::storage::simulation::{Drawn, Question, Simulation, SimulationStatus};
use crate::tenancy::{Session, Tenant};

/// Outcomes that are drawn for one simulation.
pub const PATHS: std::ops::RangeInclusive<i32> = 1_000..=10_000_000;
/// Valuation days ahead.
const HORIZON: std::ops::RangeInclusive<i32> = 1..=2_520;
/// Simulations of a portfolio that are kept.
const MAX_SIMULATIONS: u64 = 100;
/// Simulations of a tenant that wait or are drawn at once: other jobs of the tenant wait for them.
const MAX_OPEN: u64 = 20;
/// What a simulation may cost, as outcomes times holdings times holdings: about a minute of one core.
const MAX_WORK: u64 = 100_000_000_000;
/// What nothing was heard of for so long is put into the queue again when it is asked again.
const SILENT: TimeDelta = TimeDelta::minutes(10);

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Of which portfolio.
    pub portfolio: Uuid,
    /// In which currency; its base currency where none is given.
    pub currency: Option<Currency>,
    /// From which day on returns count; from its first transaction on where none is given.
    pub from: Option<NaiveDate>,
    /// Until which day, at whose close the holdings stand; until the last complete market day where none is given.
    pub to: Option<NaiveDate>,
    /// Above 0 and below 1.
    pub confidence: f64,
    /// Valuation days ahead.
    pub horizon: i32,
    /// How many outcomes.
    pub paths: i32,
    /// What names them.
    pub seed: i32,
}

/// What a job draws.
#[derive(Debug)]
pub struct Drawing {
    weights: Vec<f64>,
    means: Vec<f64>,
    covariance: Symmetric,
    confidence: f64,
    terms: Terms,
}

impl Drawing {
    /// How many outcomes.
    pub fn paths(&self) -> usize {
        self.terms.paths
    }

    /// How many blocks they are in.
    ///
    /// # Errors
    /// Why nothing can be drawn.
    pub fn blocks(&self) -> Result<usize, NoSimulation> {
        Ok(self.simulated()?.blocks())
    }

    /// The outcomes of these blocks.
    ///
    /// # Errors
    /// Why nothing can be drawn.
    pub fn draw(&self, blocks: Blocks<usize>) -> Result<Vec<f64>, NoSimulation> {
        let simulated = self.simulated()?;
        let mut outcomes = Vec::new();
        for block in blocks {
            outcomes.extend(simulated.block(block)?);
        }
        Ok(outcomes)
    }

    /// Value at risk and expected shortfall of all outcomes.
    ///
    /// # Errors
    /// Why they have none.
    pub fn answer(&self, outcomes: Vec<f64>) -> Result<[f64; 2], NoSimulation> {
        let tail = of_outcomes(outcomes, self.confidence)?;
        Ok([tail.value_at_risk, tail.expected_shortfall])
    }

    fn simulated(&self) -> Result<MonteCarlo<'_>, NoSimulation> {
        MonteCarlo::of(&self.weights, &self.means, &self.covariance, self.terms)
    }
}

impl Services {
    /// Asks for a simulation by a job. The same question again, while it is not answered, is the same simulation; one that failed is tried
    /// again.
    pub async fn simulation_request(&self, caller: &Caller, asked: Asked) -> Result<Simulation, ServiceError> {
        check(&asked)?;
        let session = self.write(caller).await?;
        let result = async {
            let unknown =
                || ServiceError::refused(RefusalCode::NotFound, &["input", "portfolioId"], "no such portfolio");
            let visible = access::readable(&caller.actor);
            let found = storage::portfolio::lock(&session, visible, asked.portfolio).await?.ok_or_else(unknown)?;
            let question = self.question(&session, asked, &found).await?;
            let now = self.environment.clock.now();
            match storage::simulation::of_question(&session, question).await? {
                Some(earlier) => self.simulation_again(&session, caller, earlier, now).await,
                None => self.simulation_first(&session, caller, question, now).await,
            }
        }
        .await;
        settle(session, result).await
    }

    async fn question(
        &self,
        session: &Session<Tenant>,
        asked: Asked,
        portfolio: &Portfolio,
    ) -> Result<Question, ServiceError> {
        let as_of = match asked.to {
            Some(day) => day,
            None => self.default_as_of(session).await?,
        };
        if let Err(message) = check_date(as_of, self.environment.clock.today()) {
            return Err(ServiceError::refused(RefusalCode::FutureDate, &["input", "to"], message));
        }
        let first = storage::transaction::first_dates(session, &[portfolio.id], None).await?.pop().map(|found| found.1);
        let from = asked.from.or(first).unwrap_or(as_of);
        if from > as_of {
            let message = format!("{from} is after the last day, {as_of}");
            return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", "from"], message));
        }
        Ok(Question {
            portfolio_id: portfolio.id,
            portfolio_version: portfolio.version,
            market_version: self.market.view(session).await?.version(),
            currency: asked.currency.unwrap_or(portfolio.base_currency),
            opening: opening_of(from),
            as_of,
            confidence: asked.confidence,
            horizon: asked.horizon,
            paths: asked.paths,
            seed: asked.seed,
        })
    }

    async fn simulation_first(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        question: Question,
        now: DateTime<Utc>,
    ) -> Result<Simulation, ServiceError> {
        let [count, open] = storage::simulation::counts(session, question.portfolio_id).await?;
        if open >= MAX_OPEN {
            let message = format!("{open} simulations are not drawn yet, {MAX_OPEN} at the most: wait for them");
            return Err(ServiceError::refused(RefusalCode::LimitReached, &["input", "portfolioId"], message));
        }
        if count >= MAX_SIMULATIONS {
            storage::simulation::make_room(session, question.portfolio_id).await?;
        }
        let id = self.environment.ids.next();
        storage::simulation::insert(session, id, question, now, caller.actor.user_id).await?;
        self.ask_for_simulation(session, caller, id, question, now).await?;
        self.simulation_row(session, id).await
    }

    async fn simulation_again(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        earlier: Simulation,
        now: DateTime<Utc>,
    ) -> Result<Simulation, ServiceError> {
        let is_silent = now.signed_duration_since(earlier.changed_at) > SILENT;
        match earlier.status {
            SimulationStatus::Done => return Ok(earlier),
            SimulationStatus::Failed => storage::simulation::queue(session, earlier.id, now).await?,
            // Its job may have been given up with workers that died.
            SimulationStatus::Queued | SimulationStatus::Running if is_silent => {}
            SimulationStatus::Queued | SimulationStatus::Running => return Ok(earlier),
        }
        self.ask_for_simulation(session, caller, earlier.id, earlier.question, now).await?;
        self.simulation_row(session, earlier.id).await
    }

    async fn ask_for_simulation(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        simulation: Uuid,
        question: Question,
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let (id, key) = (self.environment.ids.next(), simulation.to_string());
        queue::enqueue(session, Request { id, kind: SIMULATION, key: &key, at: now, due: now }).await?;
        let after = json!({ "portfolio": question.portfolio_id, "currency": question.currency.as_str(),
            "opening": question.opening, "asOf": question.as_of, "confidence": question.confidence,
            "horizon": question.horizon, "paths": question.paths, "seed": question.seed });
        let done = Done {
            action: "simulationRequest",
            entity_type: "Simulation",
            entity_id: simulation,
            before: None,
            after: Some(after),
        };
        self.audit(session, caller, done).await
    }

    async fn simulation_row(&self, session: &Session<Tenant>, id: Uuid) -> Result<Simulation, ServiceError> {
        let gone = || ServiceError::Internal(format!("there is no simulation {id}"));
        storage::simulation::by_id(session, id).await?.ok_or_else(gone)
    }

    /// The simulation with this id; nothing where the caller may not read its portfolio.
    pub async fn simulation(&self, session: &Session<Tenant>, id: Uuid) -> Result<Option<Simulation>, ServiceError> {
        Ok(self.simulation_of(session, id).await?.map(|(simulation, _)| simulation))
    }

    async fn simulation_of(
        &self,
        session: &Session<Tenant>,
        id: Uuid,
    ) -> Result<Option<(Simulation, Portfolio)>, ServiceError> {
        let Some(found) = storage::simulation::by_id(session, id).await? else {
            return Ok(None);
        };
        let visible = access::readable(session.actor());
        let portfolio = storage::portfolio::by_ids(session, visible, &[found.question.portfolio_id]).await?.pop();
        Ok(portfolio.map(|portfolio| (found, portfolio)))
    }

    /// The simulations of portfolios that the caller has been shown, the latest of each first.
    pub async fn simulations(
        &self,
        session: &Session<Tenant>,
        portfolios: &[Uuid],
    ) -> Result<Vec<Simulation>, ServiceError> {
        Ok(storage::simulation::of_portfolios(session, portfolios, MAX_SIMULATIONS).await?)
    }

    /// What a job draws, kept from now on; nothing where the answer is there, or nobody asks for it any more.
    pub async fn simulation_begin(&self, caller: &Caller, id: Uuid) -> Result<Option<Drawing>, ServiceError> {
        let session = self.write(caller).await?;
        let result = self.begin_simulation(&session, id).await;
        settle(session, result).await
    }

    async fn begin_simulation(&self, session: &Session<Tenant>, id: Uuid) -> Result<Option<Drawing>, ServiceError> {
        let Some((simulation, portfolio)) = self.simulation_of(session, id).await? else { return Ok(None) };
        if simulation.status == SimulationStatus::Done {
            return Ok(None);
        }
        let question = simulation.question;
        let drawn = match storage::simulation::drawn(session, id).await? {
            Some(drawn) => drawn,
            None => {
                let drawn = self.drawn(session, &portfolio, question).await?;
                let is_first = storage::simulation::begin(session, id, &drawn).await?;
                // Whoever was faster has kept what counts.
                let kept = if is_first { None } else { storage::simulation::drawn(session, id).await? };
                kept.unwrap_or(drawn)
            }
        };
        check_work(question.paths, drawn.weights.len())?;
        storage::simulation::tell(session, id, 0, self.environment.clock.now()).await?;
        let Drawn { weights, means, covariance, .. } = drawn;
        // Row by row: before a row come those of 1, 2, … columns.
        let at = |row: usize, column: usize| covariance.get(row * (row + 1) / 2 + column).copied().unwrap_or(f64::NAN);
        Ok(Some(Drawing {
            covariance: Symmetric::from_lower(weights.len(), at),
            weights,
            means,
            confidence: question.confidence,
            terms: Terms {
                paths: usize::try_from(question.paths).unwrap_or_default(),
                seed: u64::try_from(question.seed).unwrap_or_default(),
                horizon: f64::from(question.horizon),
                revaluation: Revaluation::Lognormal,
            },
        }))
    }

    /// What outcomes are drawn from: as `tailRisk` does.
    async fn drawn(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        question: Question,
    ) -> Result<Drawn, ServiceError> {
        let scope = Arc::new(Scope::portfolio(View::new(portfolio, Some(question.currency))));
        let range = Range { opening: question.opening, end: question.as_of };
        let book = self.analytics_books(session, &[(scope, range)]).await?.pop();
        let book = book.ok_or_else(|| ServiceError::Internal("the book is gone".to_owned()))??;
        let estimated = self.analytics_drawn(session, &book).await?;
        let (observations, drawn) =
            estimated.map_err(|(code, message)| ServiceError::BadInput(format!("{code}: {message}")))?;
        let tail::Drawn { weights, means, covariance } = drawn;
        let lower =
            covariance.rows().enumerate().flat_map(|(at, row)| row.iter().take(at + 1).copied().collect::<Vec<_>>());
        Ok(Drawn {
            observations: i32::try_from(observations).unwrap_or(i32::MAX),
            value: book.ends[1].value,
            covariance: lower.collect(),
            weights,
            means,
        })
    }

    /// Says how many outcomes are drawn, to be seen at once.
    pub async fn simulation_tell(&self, caller: &Caller, id: Uuid, paths_done: usize) -> Result<(), ServiceError> {
        let session = self.write(caller).await?;
        let done = i32::try_from(paths_done).unwrap_or(i32::MAX);
        let result = storage::simulation::tell(&session, id, done, self.environment.clock.now()).await;
        settle(session, result.map_err(ServiceError::from)).await
    }

    /// Keeps the answer.
    pub async fn simulation_finish(&self, caller: &Caller, id: Uuid, answer: [f64; 2]) -> Result<(), ServiceError> {
        let session = self.write(caller).await?;
        let result = storage::simulation::done(&session, id, answer, self.environment.clock.now()).await;
        settle(session, result.map_err(ServiceError::from)).await
    }

    /// Says why there is no answer.
    pub async fn simulation_gives_up(&self, caller: &Caller, id: Uuid, message: &str) -> Result<(), ServiceError> {
        let session = self.write(caller).await?;
        let result = self.simulation_failed(&session, id, message).await;
        settle(session, result).await
    }

    /// The same in a session that is open.
    pub(super) async fn simulation_failed(
        &self,
        session: &Session<Tenant>,
        id: Uuid,
        message: &str,
    ) -> Result<(), ServiceError> {
        Ok(storage::simulation::failed(session, id, message, self.environment.clock.now()).await?)
    }
}

/// Refuses what would take too long.
fn check_work(paths: i32, holdings: usize) -> Result<(), ServiceError> {
    let each = (holdings as u64).saturating_mul(holdings as u64).max(1);
    let most = MAX_WORK / each;
    if u64::from(paths.unsigned_abs()) <= most {
        return Ok(());
    }
    Err(ServiceError::BadInput(format!("paths: {paths} are too many for {holdings} holdings, {most} at the most")))
}

fn check(asked: &Asked) -> Result<(), ServiceError> {
    let refuse =
        |field, message: String| Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", field], message));
    if !(asked.confidence > 0.0 && asked.confidence < 1.0) {
        return refuse("confidence", format!("{} is not above 0 and below 1", asked.confidence));
    }
    for (field, value, range) in [("horizon", asked.horizon, HORIZON), ("paths", asked.paths, PATHS)] {
        if !range.contains(&value) {
            return refuse(field, format!("{value} is not between {} and {}", range.start(), range.end()));
        }
    }
    if asked.seed < 0 {
        return refuse("seed", format!("{} is below zero", asked.seed));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_longer_than_a_minute_is_refused_with_what_does_not() {
        for (paths, holdings) in [(10_000_000, 100), (10_000_000, 0), (400_000, 500)] {
            assert_eq!(check_work(paths, holdings).map_err(|error| error.to_string()), Ok(()));
        }
        let refused = check_work(400_001, 500).expect_err("too many").to_string();
        assert!(refused.contains("paths: 400001 are too many for 500 holdings, 400000 at the most"), "{refused}");
    }
}
