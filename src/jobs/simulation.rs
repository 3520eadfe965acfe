//! Draws the outcomes of a simulation, some blocks at a time. A run that is ended anywhere leaves what it draws from and how far it was,
//! and the next one starts over and comes to the same.

use std::sync::Arc;

use uuid::Uuid;

use super::{Handler, Outcome, Stop, Task, Teller};
use crate::queue::SIMULATION;
use crate::services::{Caller, ServiceError, Services};

/// Blocks that are drawn between two looks at whether to stop: of 50 holdings a tenth of a second's worth.
const BLOCKS_AT_ONCE: usize = 64;
/// What a run does.
const DRAWING: &str = "drawing outcomes";

/// The handler of [`SIMULATION`].
pub struct Simulations;

#[async_trait::async_trait]
impl Handler for Simulations {
    fn kind(&self) -> &'static str {
        SIMULATION
    }

    async fn run(&self, task: Task) -> Result<Outcome, ServiceError> {
        let Task { services, caller, key, stop, mut progress, is_last } = task;
        let id =
            Uuid::try_parse(&key).map_err(|_| ServiceError::Internal(format!("{key} is no id of a simulation")))?;
        match draw(&services, &caller, id, &stop, &mut progress).await {
            // What another try finds as it is.
            Err(error @ (ServiceError::BadInput(_) | ServiceError::Refused(_))) => {
                services.simulation_gives_up(&caller, id, &error.to_string()).await?;
                Ok(Outcome::Done)
            }
            Err(error) => {
                if is_last {
                    let message = "the server could not finish it: ask for it again later";
                    services.simulation_gives_up(&caller, id, message).await?;
                }
                Err(error)
            }
            ended => ended,
        }
    }
}

async fn draw(
    services: &Services,
    caller: &Caller,
    id: Uuid,
    stop: &Stop,
    progress: &mut Teller,
) -> Result<Outcome, ServiceError> {
    let Some(drawing) = services.simulation_begin(caller, id).await? else { return Ok(Outcome::Done) };
    let drawing = Arc::new(drawing);
    let wrong = |error: domain::analytics::NoSimulation| ServiceError::BadInput(error.to_string());
    let broken = |error: tokio::task::JoinError| ServiceError::Internal(error.to_string());
    let blocks = drawing.blocks().map_err(wrong)?;
    let mut outcomes = Vec::with_capacity(drawing.paths());
    for first in (0..blocks).step_by(BLOCKS_AT_ONCE) {
        if stop.is_told() {
            return Ok(Outcome::Again);
        }
        if progress.is_due(DRAWING) {
            services.simulation_tell(caller, id, outcomes.len()).await?;
            progress.tell(DRAWING, outcomes.len() as u64, Some(drawing.paths() as u64)).await;
        }
        let piece = Arc::clone(&drawing);
        let last = (first + BLOCKS_AT_ONCE).min(blocks);
        // Off the threads that serve the other jobs.
        let drawn = tokio::task::spawn_blocking(move || piece.draw(first..last)).await.map_err(broken)?;
        outcomes.append(&mut drawn.map_err(wrong)?);
    }
    let answer = tokio::task::spawn_blocking(move || drawing.answer(outcomes)).await.map_err(broken)?;
    services.simulation_finish(caller, id, answer.map_err(wrong)?).await?;
    Ok(Outcome::Done)
}
