//! Figures over a window that moves.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};

use crate::graphql::context::Operation;
use crate::graphql::scalars::Date;
use crate::graphql::types::figure::FigureReason;
use crate::services::ServiceError;
use crate::services::analytics::{Rolling, WindowFigure};

/// A column beside `dates`.
type Column = Vec<Option<f64>>;

/// Figures over a window that moves along the range.
pub struct RollingFigures(pub Arc<Rolling>);

impl RollingFigures {
    /// Long windows over long ranges take a while: other requests go on meanwhile.
    async fn column(&self, ctx: &Context<'_>, figure: WindowFigure) -> Result<Option<Column>> {
        let rolling = Arc::clone(&self.0);
        let computed = tokio::task::spawn_blocking(move || rolling.column(figure)).await;
        let column = computed.unwrap_or_else(|error| Err(ServiceError::Internal(error.to_string())));
        column.map_err(|error| Operation::of(ctx).fail(error))
    }
}

/// Figures over a window that moves along the range, as columns of one length: each stands beside the last day of its window, and is null
/// until the first window is full or where the figure does not exist. They are those of `risk` and `returns` over the window.
#[Object]
impl RollingFigures {
    /// How many returns a window has.
    async fn window(&self) -> i32 {
        i32::try_from(self.0.window).unwrap_or(i32::MAX)
    }

    /// The valuation days that have a return, ascending.
    async fn dates(&self) -> Vec<Date> {
        self.0.dates.iter().copied().map(Date).collect()
    }

    /// The time-weighted return over the window, as a fraction, not annualised.
    async fn returns(&self, ctx: &Context<'_>) -> Result<Option<Column>> {
        self.column(ctx, WindowFigure::Return).await
    }

    /// The standard deviation (n − 1) of the window's returns × √252, as a fraction a year.
    async fn volatility(&self, ctx: &Context<'_>) -> Result<Option<Column>> {
        self.column(ctx, WindowFigure::Volatility).await
    }

    /// √(Σ min(r − t, 0)² / n) × √252, as a fraction a year.
    async fn downside_deviation(&self, ctx: &Context<'_>) -> Result<Option<Column>> {
        self.column(ctx, WindowFigure::DownsideDeviation).await
    }

    /// mean(r − rf) over its standard deviation × √252.
    async fn sharpe(&self, ctx: &Context<'_>) -> Result<Option<Column>> {
        self.column(ctx, WindowFigure::Sharpe).await
    }

    /// mean(r − t) over the downside deviation × √252; null where no return is below t.
    async fn sortino(&self, ctx: &Context<'_>) -> Result<Option<Column>> {
        self.column(ctx, WindowFigure::Sortino).await
    }

    /// The compound return a year over the depth of the deepest fall; null where nothing fell.
    async fn calmar(&self, ctx: &Context<'_>) -> Result<Option<Column>> {
        self.column(ctx, WindowFigure::Calmar).await
    }

    /// Σ max(r − t, 0) over Σ max(t − r, 0); null where no return is below t.
    async fn omega(&self, ctx: &Context<'_>) -> Result<Option<Column>> {
        self.column(ctx, WindowFigure::Omega).await
    }

    /// √(mean of (W / peak − 1)²), the window's start being a peak too.
    async fn ulcer_index(&self, ctx: &Context<'_>) -> Result<Option<Column>> {
        self.column(ctx, WindowFigure::UlcerIndex).await
    }

    /// The sample skewness G₁; null where the returns do not vary.
    async fn skewness(&self, ctx: &Context<'_>) -> Result<Option<Column>> {
        self.column(ctx, WindowFigure::Skewness).await
    }

    /// The sample excess kurtosis G₂; null where the returns do not vary.
    async fn excess_kurtosis(&self, ctx: &Context<'_>) -> Result<Option<Column>> {
        self.column(ctx, WindowFigure::ExcessKurtosis).await
    }

    /// The deepest fall from a peak within the window, as a fraction, zero or below.
    async fn max_drawdown(&self, ctx: &Context<'_>) -> Result<Option<Column>> {
        self.column(ctx, WindowFigure::MaxDrawdown).await
    }

    /// Cov(r, b) / Var(b) of returns above the risk-free rate. Null without a benchmark.
    async fn beta(&self, ctx: &Context<'_>) -> Result<Option<Column>> {
        self.column(ctx, WindowFigure::Beta).await
    }

    /// Pearson's correlation with the benchmark, −1 to 1. Null without a benchmark.
    async fn correlation(&self, ctx: &Context<'_>) -> Result<Option<Column>> {
        self.column(ctx, WindowFigure::Correlation).await
    }

    /// What `sharpe` and `beta` took for the risk-free rate.
    async fn risk_free(&self) -> &str {
        &self.0.risk_free
    }

    /// Why `sharpe` and `beta` are null in some windows, or what to know of the rates in it; empty where there is nothing.
    async fn reasons(&self) -> Vec<FigureReason> {
        self.0.reasons.iter().map(|(code, message)| FigureReason::new(code, message.clone())).collect()
    }
}
