//! Asking for a simulation.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::{Currency, Date};
use crate::graphql::types::simulation::Simulation;
use crate::graphql::types::user_error::UserError;
use crate::services::simulation::Asked;

/// What is to be simulated.
#[derive(Debug, InputObject)]
pub struct SimulationRequestInput {
    /// The portfolio's id.
    portfolio_id: ID,
    /// The currency that returns are in; the portfolio's base currency where none is given.
    currency: Option<Currency>,
    /// The first day of the returns, inclusive; that of the portfolio's first transaction where none is given.
    from: Option<Date>,
    /// The last day, inclusive, at whose close the holdings stand; the last complete market day where none is given.
    to: Option<Date>,
    /// Above 0 and below 1: 0.95 is the loss that is not exceeded in 95 of 100 cases.
    #[graphql(default = 0.95)]
    confidence: f64,
    /// Valuation days ahead, 1 to 2,520.
    #[graphql(default = 1)]
    horizon: i32,
    /// How many outcomes, 1,000 to 10,000,000.
    #[graphql(default = 1_000_000)]
    paths: i32,
    /// What names the outcomes, zero or above: the same seed gives the same answer.
    #[graphql(default = 1)]
    seed: i32,
}

/// What asking for a simulation gives.
#[derive(SimpleObject)]
pub struct SimulationPayload {
    /// The simulation, which may be one of the same question that is not answered yet; null where it was refused.
    simulation: Option<Simulation>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct SimulationMutation;

#[Object(guard = "Ruled")]
impl SimulationMutation {
    /// Has a job simulate what a portfolio may lose: `tailRisk` with `MONTE_CARLO` and `CURRENT_HOLDINGS`, by more outcomes than a request
    /// waits for. Whoever may read the portfolio may ask. The same question again, while it is not answered and neither its ledger nor the market
    /// has changed, gives the same simulation; one that failed is tried again. The last 100 of a portfolio are kept. Where 20 of the firm
    /// are not drawn yet, `LIMIT_REACHED`.
    async fn simulation_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The question.")] input: SimulationRequestInput,
    ) -> Result<Option<SimulationPayload>> {
        let operation = Operation::of(ctx);
        let asked = Asked {
            portfolio: Kind::Portfolio.parse(&input.portfolio_id, "input.portfolioId")?,
            currency: input.currency.map(|currency| currency.0),
            from: input.from.map(|day| day.0),
            to: input.to.map(|day| day.0),
            confidence: input.confidence,
            horizon: input.horizon,
            paths: input.paths,
            seed: input.seed,
        };
        let outcome = async { operation.services.simulation_request(operation.changing().await?, asked).await };
        let (found, user_errors) = operation.payload(outcome.await)?;
        let simulation = found.map(Simulation::new);
        Ok(Some(SimulationPayload { simulation, user_errors }))
    }
}
