//! Sends a tenant's mail.

use super::{Handler, Outcome, Task};
use crate::queue::MAIL;
use crate::services::{ServiceError, Services};

/// The handler of [`MAIL`].
pub struct Mails;

#[async_trait::async_trait]
impl Handler for Mails {
    fn kind(&self) -> &'static str {
        MAIL
    }

    fn has_work(&self, services: &Services) -> bool {
        services.sends_mail()
    }

    async fn run(&self, task: Task) -> Result<Outcome, ServiceError> {
        task.services.mail_deliver(&task.caller).await?;
        Ok(Outcome::Done)
    }
}
