//! Figures over a window that moves along the days of a range.

use chrono::NaiveDate;
use domain::analytics::{
    AnnualReturn, NoWindow, per_period, rolling_beta, rolling_correlation, rolling_max_drawdown, rolling_return,
    rolling_sharpe, rolling_sortino, rolling_volatility,
};

use super::super::performance::PERIODS_PER_YEAR;
use super::super::{ServiceError, Services};
use super::compare::{Aligned, aligned};
use super::risk::excess;
use super::{Benchmark, Book, FreeReturns, RiskFree};
use crate::tenancy::{Session, Tenant};

type Column = Vec<Option<f64>>;

/// Figures as columns of one length: each stands beside the last day of its window.
#[derive(Clone, Debug, PartialEq)]
pub struct Rolling {
    /// The days.
    pub dates: Vec<NaiveDate>,
    /// Compound return of the window.
    pub returns: Column,
    /// Deviation, a year.
    pub volatility: Column,
    /// Mean excess over the deviation, a year.
    pub sharpe: Column,
    /// Mean excess over the downside deviation, a year.
    pub sortino: Column,
    /// The deepest fall within the window.
    pub max_drawdown: Column,
    /// Beta and correlation with the benchmark, where there is one.
    pub against: Option<[Column; 2]>,
    /// What to know of the risk-free rate: a stable code and words.
    pub reasons: Vec<(&'static str, String)>,
    /// What was taken for it.
    pub risk_free: String,
}

impl Services {
    /// The figures of each window of so many returns. With a benchmark, the returns are those of the steps that both have one in.
    pub async fn analytics_rolling(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        window: usize,
        risk_free: &RiskFree,
        required: f64,
        benchmark: Option<&Benchmark>,
    ) -> Result<Rolling, ServiceError> {
        let free = self.free_returns(session, book, risk_free).await?;
        let steps = match benchmark {
            Some(benchmark) => {
                let (blend, _) = self.blended(session, book, benchmark).await?;
                aligned(book, &blend.growth, &free)
            }
            None => {
                let returns = &book.chain.returns;
                let own = returns.iter().map(|step| step.value).collect();
                let dates = returns.iter().map(|step| step.date).collect();
                Aligned { dates, own, other: Vec::new(), free: free.steps.clone() }
            }
        };
        rolling(steps, window, &free, required, benchmark.is_some())
            .map_err(|error| ServiceError::BadInput(format!("window: {error}")))
    }
}

fn rolling(
    steps: Aligned,
    window: usize,
    free: &FreeReturns,
    required: f64,
    is_compared: bool,
) -> Result<Rolling, NoWindow> {
    let Aligned { dates, own, other, free: rates } = steps;
    // What is not known is no number, and so is the figure of each window that it lies in.
    let rates: Vec<f64> = rates.into_iter().map(|rate| rate.unwrap_or(f64::NAN)).collect();
    let year = PERIODS_PER_YEAR;
    let required = per_period(AnnualReturn(required), year);
    let against = match is_compared {
        true => Some([rolling_beta(&own, &other, window)?, rolling_correlation(&own, &other, window)?]),
        false => None,
    };
    Ok(Rolling {
        dates,
        returns: rolling_return(&own, window)?,
        volatility: rolling_volatility(&own, window, year)?,
        sharpe: rolling_sharpe(&excess(&own, &rates), AnnualReturn(0.0), window, year)?,
        sortino: rolling_sortino(&own, required, window, year)?,
        max_drawdown: rolling_max_drawdown(&own, window)?,
        against,
        reasons: free.missing.iter().chain(&free.notes).cloned().collect(),
        risk_free: free.convention.clone(),
    })
}
