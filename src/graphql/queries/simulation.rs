//! Simulations by their ids.

use async_graphql::{Context, ID, Object, Result};

use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::types::simulation::Simulation;

#[derive(Default)]
pub struct SimulationQuery;

#[Object(guard = "Ruled")]
impl SimulationQuery {
    /// A simulation that `simulationRequest` asked for. Null where there is none with this id, or none that the caller may see.
    async fn simulation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The simulation's id.")] id: ID,
    ) -> Result<Option<Simulation>> {
        let id = Kind::Simulation.parse(&id, "id")?;
        let operation = Operation::of(ctx);
        let read = async { operation.services.simulation(&*operation.session().await?, id).await };
        let found = read.await.map_err(|error| operation.fail(error))?;
        Ok(found.map(Simulation::new))
    }
}
