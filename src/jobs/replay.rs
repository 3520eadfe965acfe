//! Books a ledger as it had been recorded at an instant: all of it in one transaction. A run that is ended anywhere leaves
//! nothing, and the next one starts over.

use uuid::Uuid;

use super::{Handler, Outcome, Task};
use crate::queue::REPLAY;
use crate::services::ServiceError;

/// The handler of [`REPLAY`].
pub struct Replays;

#[async_trait::async_trait]
impl Handler for Replays {
    fn kind(&self) -> &'static str {
        REPLAY
    }

    async fn run(&self, task: Task) -> Result<Outcome, ServiceError> {
        let Task { services, caller, key, is_last, .. } = task;
        let id = Uuid::try_parse(&key).map_err(|_| ServiceError::Internal(format!("{key} is no id of a replay")))?;
        services.replay_book(&caller, id, is_last).await?;
        Ok(Outcome::Done)
    }
}
