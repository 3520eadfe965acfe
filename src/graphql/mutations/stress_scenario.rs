//! Keeping scenarios.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::analytics::stress::{Scenario, Stress};

use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::types::analytics::{StressShocksInput, StressWindow};
use crate::graphql::types::stress_scenario::StressScenario;
use crate::graphql::types::user_error::UserError;
use crate::services::analytics::stress::WrongScenario;
use crate::services::{RefusalCode, ServiceError};

/// A scenario to keep: shocks or a window of history.
#[derive(Debug, InputObject)]
pub struct StressScenarioSaveInput {
    /// What it is called, 1 to 100 characters. The scenario that has the name is replaced.
    name: String,
    /// Shocks that come together, at least one.
    shocks: Option<StressShocksInput>,
    /// What happened once.
    window: Option<StressWindow>,
}

impl StressScenarioSaveInput {
    /// What the scenario does.
    fn stress(shocks: Option<StressShocksInput>, window: Option<StressWindow>) -> Result<Result<Stress, ServiceError>> {
        let refuse =
            |field: &[&str], message: String| Ok(Err(ServiceError::refused(RefusalCode::InvalidInput, field, message)));
        match (shocks, window) {
            (Some(shocks), None) => match Scenario::new(shocks.shocks("input.shocks")?) {
                Ok(scenario) => Ok(Ok(Stress::Scenario(scenario))),
                Err(error) => {
                    let WrongScenario { field, message } = error.into();
                    refuse(&["input", "shocks", field], message)
                }
            },
            (None, Some(window)) => Ok(Ok(Stress::Window(window.into()))),
            (Some(_), Some(_)) => {
                refuse(&["input"], "shocks and a window are given: one of both is expected".to_owned())
            }
            (None, None) => refuse(&["input"], "neither shocks nor a window are given".to_owned()),
        }
    }
}

/// What keeping a scenario gives.
#[derive(SimpleObject)]
pub struct StressScenarioPayload {
    /// The scenario, as it is kept or as it was before it was removed. Null where nothing was done.
    scenario: Option<StressScenario>,
    /// Why nothing was done.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct StressScenarioMutation;

#[Object(guard = "Ruled")]
impl StressScenarioMutation {
    /// Keeps a scenario for the whole firm under a name, in place of the one that has it; 200 at the most.
    async fn stress_scenario_save(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The scenario.")] input: StressScenarioSaveInput,
    ) -> Result<Option<StressScenarioPayload>> {
        let operation = Operation::of(ctx);
        let StressScenarioSaveInput { name, shocks, window } = input;
        let stress = StressScenarioSaveInput::stress(shocks, window)?;
        let outcome =
            async { operation.services.stress_scenario_save(operation.changing().await?, &name, stress?).await };
        payload(operation, outcome.await)
    }

    /// Removes a scenario.
    async fn stress_scenario_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The scenario's id.")] id: ID,
    ) -> Result<Option<StressScenarioPayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::StressScenario.parse(&id, "id")?;
        let outcome = async { operation.services.stress_scenario_remove(operation.changing().await?, id).await };
        payload(operation, outcome.await)
    }
}

fn payload(
    operation: &Operation,
    outcome: Result<crate::storage::stress_scenario::StressScenario, ServiceError>,
) -> Result<Option<StressScenarioPayload>> {
    let (scenario, user_errors) = operation.payload(outcome)?;
    Ok(Some(StressScenarioPayload { scenario: scenario.map(StressScenario::from), user_errors }))
}
