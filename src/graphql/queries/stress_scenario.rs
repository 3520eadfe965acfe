//! Scenarios that the firm keeps.

use async_graphql::{Context, Object, Result};

use crate::graphql::context::Operation;
use crate::graphql::rules::Ruled;
use crate::graphql::types::stress_scenario::StressScenario;

#[derive(Default)]
pub struct StressScenarioQuery;

#[Object(guard = "Ruled")]
impl StressScenarioQuery {
    /// The scenarios that the firm keeps, by name; 200 at the most. `analytics { stress(scenarioId:) }` uses one.
    async fn stress_scenarios(&self, ctx: &Context<'_>) -> Result<Option<Vec<StressScenario>>> {
        let operation = Operation::of(ctx);
        let read = async {
            let session = operation.session().await?;
            operation.services.stress_scenarios(&session).await
        };
        let rows = read.await.map_err(|error| operation.fail(error))?;
        Ok(Some(rows.into_iter().map(StressScenario::from).collect()))
    }
}
