//! Figures over a window that moves.

use async_graphql::SimpleObject;

use crate::graphql::scalars::Date;
use crate::graphql::types::figure::FigureReason;
use crate::services::analytics::Rolling;

/// Figures over a window that moves along the range, as columns of one length: each stands beside the last day of its window, and is null
/// until the first window is full or where the figure does not exist.
#[derive(Clone, Debug, SimpleObject)]
pub struct RollingFigures {
    /// How many returns a window has.
    window: i32,
    /// The valuation days that have a return, ascending.
    dates: Vec<Date>,
    /// The time-weighted return over the window, as a fraction, not annualised.
    returns: Vec<Option<f64>>,
    /// The standard deviation (n − 1) of the window's returns × √252, as a fraction a year.
    volatility: Vec<Option<f64>>,
    /// mean(r − rf) over the standard deviation × √252.
    sharpe: Vec<Option<f64>>,
    /// mean(r − t) over the downside deviation × √252; null where no return is below t.
    sortino: Vec<Option<f64>>,
    /// The deepest fall from a peak within the window, as a fraction, zero or below.
    max_drawdown: Vec<Option<f64>>,
    /// Cov(r, b) / Var(b). Null without a benchmark.
    beta: Option<Vec<Option<f64>>>,
    /// Pearson's correlation with the benchmark, −1 to 1. Null without a benchmark.
    correlation: Option<Vec<Option<f64>>>,
    /// What `sharpe` took for the risk-free rate.
    risk_free: String,
    /// Why `sharpe` is null in some windows, or what to know of the rates in it; empty where there is nothing.
    reasons: Vec<FigureReason>,
}

impl RollingFigures {
    /// In GraphQL's terms.
    pub fn new(figures: Rolling, window: i32) -> Self {
        let (beta, correlation) = figures.against.map(|[beta, correlation]| (beta, correlation)).unzip();
        Self {
            window,
            dates: figures.dates.into_iter().map(Date).collect(),
            returns: figures.returns,
            volatility: figures.volatility,
            sharpe: figures.sharpe,
            sortino: figures.sortino,
            max_drawdown: figures.max_drawdown,
            beta,
            correlation,
            risk_free: figures.risk_free,
            reasons: figures.reasons.into_iter().map(|(code, message)| FigureReason::new(code, message)).collect(),
        }
    }
}
