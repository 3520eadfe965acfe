//! Sharing a portfolio.

use async_graphql::{Context, ID, InputObject, Object, OneofObject, Result};

use super::portfolio::{PortfolioPayload, payload};
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::types::portfolio_share::ShareLevel;
use crate::services::portfolio_share::Whom;

/// A person of the firm.
#[derive(OneofObject)]
pub enum PersonInput {
    /// By id: for whoever sees the firm's people.
    UserId(ID),
    /// By the address that they log in with.
    Email(String),
}

impl PersonInput {
    fn whom(self) -> Result<Whom> {
        Ok(match self {
            Self::UserId(id) => Whom::Id(Kind::User.parse(&id, "input.with.userId")?),
            Self::Email(email) => Whom::Email(email),
        })
    }
}

/// With whom to share, and how.
#[derive(InputObject)]
pub struct PortfolioShareInput {
    /// With whom.
    with: PersonInput,
    /// What they may do.
    level: ShareLevel,
}

/// With whom to share no more.
#[derive(InputObject)]
pub struct PortfolioUnshareInput {
    /// With whom.
    with: PersonInput,
}

#[derive(Default)]
pub struct PortfolioShareMutation;

#[Object(guard = "Ruled")]
impl PortfolioShareMutation {
    /// Shares a portfolio with another person of the firm, or changes what they may do with it: for its owner, its advisor, and
    /// whoever may change all portfolios. Whoever it is shared with cannot share it on.
    async fn portfolio_share(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The portfolio's id.")] id: ID,
        #[graphql(desc = "With whom, and how.")] input: PortfolioShareInput,
    ) -> Result<Option<PortfolioPayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::Portfolio.parse(&id, "id")?;
        let (whom, level) = (input.with.whom()?, input.level.into());
        let outcome = async { operation.services.portfolio_share(operation.changing().await?, id, whom, level).await };
        payload(operation, outcome.await).await
    }

    /// Shares a portfolio with a person no more.
    async fn portfolio_unshare(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The portfolio's id.")] id: ID,
        #[graphql(desc = "With whom.")] input: PortfolioUnshareInput,
    ) -> Result<Option<PortfolioPayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::Portfolio.parse(&id, "id")?;
        let whom = input.with.whom()?;
        let outcome = async { operation.services.portfolio_unshare(operation.changing().await?, id, whom).await };
        payload(operation, outcome.await).await
    }
}
