//! Asking for figures to be stored.

use async_graphql::{Context, ID, Object, Result};

use super::portfolio::{PortfolioPayload, payload};
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;

#[derive(Default)]
pub struct PerformanceMetricsMutation;

#[Object(guard = "Ruled")]
impl PerformanceMetricsMutation {
    /// Has a job store those figures of a portfolio, `performance` of every range, that are not stored or do not hold any more. Whoever may
    /// read the portfolio may ask; requests that wait come to one run. Nothing that is shown depends on it: what is not stored is computed
    /// when it is asked for.
    async fn performance_metrics_compute(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The portfolio's id.")] portfolio_id: ID,
    ) -> Result<Option<PortfolioPayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::Portfolio.parse(&portfolio_id, "portfolioId")?;
        let outcome = async { operation.services.performance_metrics_compute(operation.changing().await?, id).await };
        payload(operation, outcome.await).await
    }
}
