//! What the market did reaches the books of every holder: a portfolio at a time, each in a transaction of its own.
//!
//! A portfolio's books say by which version of the market they are made. A load of market data notes with each version of which
//! instruments the actions changed. So who is behind is found anew each time, and a worker may end anywhere, or run twice.

use uuid::Uuid;

use super::{Caller, ServiceError, Services, access, settle};
use crate::storage;
use crate::storage::booked::Of;

/// What one step came to.
#[derive(Debug)]
pub enum Step {
    /// No portfolio is behind.
    Nothing,
    /// A portfolio was booked anew, or had been by somebody else.
    Booked,
    /// The portfolio's ledger breaks a rule with what the market did: it is left as it is.
    Failed {
        /// Which one.
        portfolio: Uuid,
        /// Why.
        error: ServiceError,
    },
}

impl Services {
    /// Notes of all books that the market has done nothing to that they are of the version in force.
    pub async fn market_actions_pass(&self, caller: &Caller) -> Result<(), ServiceError> {
        let session = self.write(caller).await?;
        let result = async {
            let version = self.market.view(&session).await?.version();
            Ok(storage::booked::advance(&session, version).await?)
        }
        .await;
        settle(session, result).await
    }

    /// Books one portfolio anew that lacks what the market has done, but for those to leave out.
    pub async fn market_actions_step(&self, caller: &Caller, but: &[Uuid]) -> Result<Step, ServiceError> {
        let session = self.read(caller).await?;
        let found = async {
            let version = self.market.view(&session).await?.version();
            storage::booked::next_behind(&session, version, but).await
        }
        .await;
        session.close().await?;
        let Some(portfolio) = found?.map(|behind| behind.portfolio_id) else {
            return Ok(Step::Nothing);
        };
        match self.catch_up(caller, portfolio).await {
            Ok(()) => Ok(Step::Booked),
            // Not the portfolio's fault: the job is tried again as a whole.
            Err(ServiceError::Database(error)) => Err(ServiceError::Database(error)),
            Err(error) => {
                let tenant = caller.tenant()?.id;
                tracing::error!(%tenant, %portfolio, %error, "a portfolio cannot be booked with what the market did");
                Ok(Step::Failed { portfolio, error })
            }
        }
    }

    async fn catch_up(&self, caller: &Caller, portfolio: Uuid) -> Result<(), ServiceError> {
        let visible = access::require_some_writable(&caller.actor)?;
        let session = self.write(caller).await?;
        let result = async {
            let found = storage::portfolio::lock(&session, visible, portfolio).await?;
            let mut portfolio = found
                .ok_or_else(|| ServiceError::Internal(format!("portfolio {portfolio} is booked and not there")))?;
            let version = self.market.view(&session).await?.version();
            // Asked again under the lock: a write may have done it meanwhile.
            let since = storage::booked::behind_of(&session, portfolio.id, version, Of::All).await?;
            if since.is_some() {
                self.made_anew(&session, caller, &mut portfolio, since).await?;
            }
            Ok(since.map(|_| (portfolio.id, portfolio.version)))
        }
        .await;
        if let Some((portfolio, version)) = settle(session, result).await? {
            self.announce(caller, portfolio, version);
        }
        Ok(())
    }
}
