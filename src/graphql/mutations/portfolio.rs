//! Making and changing portfolios.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};

use super::idempotency;
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::queries::as_of;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::Currency;
use crate::graphql::types::portfolio::Portfolio;
use crate::graphql::types::user_error::UserError;
use crate::services::ServiceError;
use crate::services::portfolio::{NewPortfolio, PortfolioChanges};
use crate::storage::portfolio::Portfolio as Row;

/// A portfolio to make.
#[derive(Debug, InputObject)]
pub struct PortfolioCreateInput {
    /// Its name, 1 to 120 characters.
    name: String,
    /// What it is for, at most 2,000 characters.
    #[graphql(default)]
    description: String,
    /// The currency that its books are kept in. It cannot be changed later.
    base_currency: Currency,
    /// Whose it is; the caller's where nobody is named.
    owner_id: Option<ID>,
    /// Who advises on it.
    advisor_id: Option<ID>,
    /// The names of its accounts, 1 to 50, each once.
    #[graphql(default_with = "vec![\"Main\".to_owned()]")]
    accounts: Vec<String>,
}

/// What to change of a portfolio; what is not given stays.
#[derive(Debug, InputObject)]
pub struct PortfolioUpdateInput {
    /// A new name, 1 to 120 characters.
    name: Option<String>,
    /// A new description, at most 2,000 characters.
    description: Option<String>,
    /// Another advisor; null for none.
    advisor_id: MaybeUndefined<ID>,
}

/// What making or changing a portfolio gives.
#[derive(SimpleObject)]
pub struct PortfolioPayload {
    /// The portfolio since; null where it was refused.
    portfolio: Option<Portfolio>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

/// The portfolio as of the default day.
pub async fn shown(operation: &Operation, row: Row) -> Result<Portfolio> {
    Ok(Portfolio::new(Arc::new(row), as_of(operation, None).await?, None))
}

async fn payload(operation: &Operation, outcome: Result<Row, ServiceError>) -> Result<Option<PortfolioPayload>> {
    let (row, user_errors) = operation.payload(outcome).await?;
    let portfolio = match row {
        Some(row) => Some(shown(operation, row).await?),
        None => None,
    };
    Ok(Some(PortfolioPayload { portfolio, user_errors }))
}

#[derive(Default)]
pub struct PortfolioMutation;

#[Object(guard = "Ruled")]
impl PortfolioMutation {
    /// Makes a portfolio with its accounts.
    async fn portfolio_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The portfolio.")] input: PortfolioCreateInput,
        #[graphql(desc = "The same key again gives the same answer and does nothing twice; 1 to 128 bytes.")]
        idempotency_key: Option<String>,
    ) -> Result<Option<PortfolioPayload>> {
        let operation = Operation::of(ctx);
        let key = idempotency(idempotency_key, "portfolioCreate", format!("{input:?}"));
        let owner = input.owner_id.map(|id| Kind::User.parse(&id, "input.ownerId")).transpose()?;
        let advisor = input.advisor_id.map(|id| Kind::User.parse(&id, "input.advisorId")).transpose()?;
        let new = NewPortfolio {
            name: input.name,
            description: input.description,
            base_currency: input.base_currency.0,
            owner,
            advisor,
            accounts: input.accounts,
        };
        let outcome = async { operation.services.portfolio_create(operation.caller()?, new, key).await };
        payload(operation, outcome.await).await
    }

    /// Changes a portfolio's record.
    async fn portfolio_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The portfolio's id.")] id: ID,
        #[graphql(
            desc = "The `version` that the change is based on: where the portfolio has changed since, it is refused."
        )]
        expected_version: i64,
        #[graphql(desc = "What to change.")] input: PortfolioUpdateInput,
        #[graphql(desc = "The same key again gives the same answer and does nothing twice; 1 to 128 bytes.")]
        idempotency_key: Option<String>,
    ) -> Result<Option<PortfolioPayload>> {
        let operation = Operation::of(ctx);
        let key = idempotency(idempotency_key, "portfolioUpdate", format!("{id:?} {expected_version} {input:?}"));
        let id = Kind::Portfolio.parse(&id, "id")?;
        let advisor = match input.advisor_id {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(id) => Some(Some(Kind::User.parse(&id, "input.advisorId")?)),
        };
        let changes = PortfolioChanges { name: input.name, description: input.description, advisor };
        let outcome = async {
            operation.services.portfolio_update(operation.caller()?, id, expected_version, changes, key).await
        };
        payload(operation, outcome.await).await
    }
}
