//! Removes what has ended: of a tenant, and of the installation.

use super::{Handler, Outcome, Task};
use crate::queue::{HOUSEKEEPING, Owner, PLATFORM_HOUSEKEEPING};
use crate::services::ServiceError;

/// The handler of [`HOUSEKEEPING`].
pub struct Housekeeping;

#[async_trait::async_trait]
impl Handler for Housekeeping {
    fn kind(&self) -> &'static str {
        HOUSEKEEPING
    }

    async fn run(&self, task: Task) -> Result<Outcome, ServiceError> {
        task.services.housekeeping(&task.caller).await?;
        Ok(Outcome::Done)
    }
}

/// The handler of [`PLATFORM_HOUSEKEEPING`].
pub struct PlatformHousekeeping;

#[async_trait::async_trait]
impl Handler for PlatformHousekeeping {
    fn kind(&self) -> &'static str {
        PLATFORM_HOUSEKEEPING
    }

    fn owner(&self) -> Owner {
        Owner::Installation
    }

    async fn run(&self, task: Task) -> Result<Outcome, ServiceError> {
        task.services.platform_housekeeping().await?;
        Ok(Outcome::Done)
    }
}
