//! Simulations that a job draws.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result};
use chrono::{DateTime, Utc};
use rust_decimal::prelude::FromPrimitive;

use super::metrics::{Metric, MetricUnit};
use super::money::Money;
use super::user::User;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, PersonKey};
use crate::graphql::scalars::{Currency, Date};
use crate::services::performance::Figure;
use crate::storage::simulation::{Simulation as Row, SimulationStatus as Status};

/// How a simulation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::storage::simulation::SimulationStatus")]
pub enum SimulationStatus {
    /// It waits for a worker.
    Queued,
    /// A worker draws outcomes.
    Running,
    /// The answer is there.
    Done,
    /// There is none: `message` says why. The same request again tries again.
    Failed,
}

/// What a portfolio may lose by simulated outcomes, drawn by a job.
#[derive(Clone)]
pub struct Simulation {
    row: Arc<Row>,
}

impl Simulation {
    /// A simulation of a portfolio.
    pub fn new(row: Row) -> Self {
        Self { row: Arc::new(row) }
    }

    fn metric(&self, at: usize) -> Metric {
        let question = self.row.question;
        let value = self.row.answer.map(|answer| answer[at]);
        let reasons = match (value, &self.row.message) {
            (Some(_), _) => Vec::new(),
            (None, Some(message)) => vec![("NO_ESTIMATE", message.clone())],
            (None, None) => vec![("NOT_DONE", "the outcomes are not drawn yet".to_owned())],
        };
        let method = "the ⌈n(1 − α)⌉-th worst simulated outcome of lognormal growth";
        let conventions = [
            format!("confidence {}", question.confidence),
            format!("{} valuation days ahead: mean × {0}, deviation × √{0}", question.horizon),
            "returns of what is held at the end, at its weights; cash earns nothing".to_owned(),
            format!("{} outcomes of seed {}", question.paths, question.seed),
        ];
        let conventions: Vec<&str> = conventions.iter().map(String::as_str).collect();
        Metric::new(&Figure { value, reasons }, MetricUnit::Fraction, method, &conventions)
    }
}

/// What a portfolio may lose by simulated outcomes, drawn by a job: what `tailRisk` with `MONTE_CARLO` and `CURRENT_HOLDINGS` answers,
/// by up to 10,000,000 outcomes. It is of the books and prices as they stood when the job first began, and removed 90 days after it last
/// changed.
#[Object]
impl Simulation {
    /// The simulation's id.
    async fn id(&self) -> ID {
        Kind::Simulation.id(self.row.id)
    }

    /// The portfolio's id.
    async fn portfolio_id(&self) -> ID {
        Kind::Portfolio.id(self.row.question.portfolio_id)
    }

    /// The currency that returns are in.
    async fn currency(&self) -> Currency {
        Currency(self.row.question.currency)
    }

    /// The day whose close the range of returns opens from.
    async fn opening_date(&self) -> Date {
        Date(self.row.question.opening)
    }

    /// The last day, at whose close the holdings stand.
    async fn end_date(&self) -> Date {
        Date(self.row.question.as_of)
    }

    /// The loss is not exceeded in this share of cases: above 0 and below 1.
    async fn confidence(&self) -> f64 {
        self.row.question.confidence
    }

    /// Valuation days ahead.
    async fn horizon(&self) -> i32 {
        self.row.question.horizon
    }

    /// How many outcomes.
    async fn paths(&self) -> i32 {
        self.row.question.paths
    }

    /// What names the outcomes.
    async fn seed(&self) -> i32 {
        self.row.question.seed
    }

    /// How it stands.
    async fn status(&self) -> SimulationStatus {
        self.row.status.into()
    }

    /// Why it failed, for people; null where it did not.
    async fn message(&self) -> Option<&str> {
        self.row.message.as_deref()
    }

    /// How many outcomes are drawn; fewer than before where a run that broke off starts over.
    async fn paths_done(&self) -> i32 {
        self.row.paths_done
    }

    /// How many returns means and covariance are estimated from; null before.
    async fn observations(&self) -> Option<i32> {
        self.row.observations
    }

    /// The loss that is not exceeded with the confidence, as a fraction of the value.
    async fn value_at_risk(&self) -> Metric {
        self.metric(0)
    }

    /// The mean loss where it is exceeded.
    async fn expected_shortfall(&self) -> Metric {
        self.metric(1)
    }

    /// The value at risk in money, of the value at the end of the range. Null until it is `DONE`.
    async fn amount(&self) -> Option<Money> {
        let share = rust_decimal::Decimal::from_f64(self.row.answer?[0])?;
        let amount = domain::money::mul(share, self.row.value?).ok()?;
        Some(Money::new(amount, self.row.question.currency))
    }

    /// When it was first asked for.
    async fn requested_at(&self) -> DateTime<Utc> {
        self.row.requested_at
    }

    /// Who first asked for it; null where the system did.
    async fn requested_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(loaders::find(ctx, PersonKey(self.row.requested_by)).await?.map(User))
    }

    /// When it was done or failed; null before.
    async fn finished_at(&self) -> Option<DateTime<Utc>> {
        matches!(self.row.status, Status::Done | Status::Failed).then_some(self.row.changed_at)
    }
}
