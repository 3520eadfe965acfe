//! Figures over a window that moves along the days of a range.

use chrono::NaiveDate;
use domain::analytics::{
    AnnualReturn, per_period, rolling_beta, rolling_calmar, rolling_correlation, rolling_downside_deviation,
    rolling_excess_kurtosis, rolling_max_drawdown, rolling_omega, rolling_return, rolling_sharpe, rolling_skewness,
    rolling_sortino, rolling_ulcer_index, rolling_volatility,
};

use super::super::performance::PERIODS_PER_YEAR;
use super::super::{ServiceError, Services};
use super::compare::{Aligned, aligned};
use super::risk::excess;
use super::{Benchmark, Book, Conventions};
use crate::tenancy::{Session, Tenant};

/// The steps that windows move along; their figures are computed where they are asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Rolling {
    /// How many returns a window has.
    pub window: usize,
    /// The days that the steps end on: each figure stands beside the last day of its window.
    pub dates: Vec<NaiveDate>,
    /// What to know of the risk-free rate: a stable code and words.
    pub reasons: Vec<(&'static str, String)>,
    /// What was taken for it.
    pub risk_free: String,
    own: Vec<f64>,
    /// What was earned above the risk-free rate; no number where that is not known, and so is the figure of each window that it lies in.
    above: Vec<f64>,
    /// The benchmark's returns, plain and above the risk-free rate, where there is one.
    other: Option<[Vec<f64>; 2]>,
    /// What is asked for in a step: less is a loss.
    required: f64,
}

/// A figure of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowFigure {
    /// The compound return.
    Return,
    /// The deviation, a year.
    Volatility,
    /// The deviation below what is asked for, a year.
    DownsideDeviation,
    /// Mean excess over the deviation, a year.
    Sharpe,
    /// Mean excess over the downside deviation, a year.
    Sortino,
    /// The compound return a year over the deepest fall.
    Calmar,
    /// Gains above what is asked for over losses below.
    Omega,
    /// The root of the mean square of falls.
    UlcerIndex,
    /// The deepest fall.
    MaxDrawdown,
    /// G₁.
    Skewness,
    /// G₂.
    ExcessKurtosis,
    /// To the benchmark; nothing without one.
    Beta,
    /// With the benchmark; nothing without one.
    Correlation,
}

impl Services {
    /// The windows of so many returns. With a benchmark, the returns are those of the steps that both have one in.
    pub async fn analytics_rolling(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        window: usize,
        conventions: &Conventions,
        benchmark: Option<&Benchmark>,
    ) -> Result<Rolling, ServiceError> {
        let chain = book.chain_before(conventions.terms)?;
        let free = self.free_returns(session, book, &chain.returns, &conventions.risk_free).await?;
        let Aligned { dates, own, other, free: rates } = match benchmark {
            Some(benchmark) => {
                let (blend, _) = self.blended(session, book, benchmark).await?;
                aligned(book, &chain, &blend.growth, &free)
            }
            None => {
                let returns = &chain.returns;
                let own = returns.iter().map(|step| step.value).collect();
                let dates = returns.iter().map(|step| step.date).collect();
                Aligned { dates, own, other: Vec::new(), free: free.steps.clone() }
            }
        };
        let rates: Vec<f64> = rates.into_iter().map(|rate| rate.unwrap_or(f64::NAN)).collect();
        Ok(Rolling {
            window,
            dates,
            reasons: free.missing.iter().chain(&free.notes).cloned().collect(),
            risk_free: free.convention,
            above: excess(&own, &rates),
            own,
            other: benchmark.map(|_| (excess(&other, &rates), other)).map(|(above, plain)| [plain, above]),
            required: per_period(AnnualReturn(conventions.required), PERIODS_PER_YEAR),
        })
    }
}

impl Rolling {
    /// A figure as a column beside `dates`: nothing until the first window is full, and where it does not exist. Nothing at all without the
    /// benchmark that it is of.
    ///
    /// # Errors
    /// [`ServiceError::BadInput`] for a window that is too short for it.
    pub fn column(&self, figure: WindowFigure) -> Result<Option<Vec<Option<f64>>>, ServiceError> {
        let Self { own, window, required, .. } = self;
        let (window, required, year) = (*window, *required, PERIODS_PER_YEAR);
        let [plain, above] = match &self.other {
            Some(columns) => columns.each_ref().map(Some),
            None => [None; 2],
        };
        let column = match figure {
            WindowFigure::Return => rolling_return(own, window).map(Some),
            WindowFigure::Volatility => rolling_volatility(own, window, year).map(Some),
            WindowFigure::DownsideDeviation => rolling_downside_deviation(own, required, window, year).map(Some),
            WindowFigure::Sharpe => rolling_sharpe(&self.above, AnnualReturn(0.0), window, year).map(Some),
            WindowFigure::Sortino => rolling_sortino(own, required, window, year).map(Some),
            WindowFigure::Calmar => rolling_calmar(own, window, year).map(Some),
            WindowFigure::Omega => rolling_omega(own, required, window).map(Some),
            WindowFigure::UlcerIndex => rolling_ulcer_index(own, window).map(Some),
            WindowFigure::MaxDrawdown => rolling_max_drawdown(own, window).map(Some),
            WindowFigure::Skewness => rolling_skewness(own, window).map(Some),
            WindowFigure::ExcessKurtosis => rolling_excess_kurtosis(own, window).map(Some),
            WindowFigure::Beta => above.map(|other| rolling_beta(&self.above, other, window)).transpose(),
            WindowFigure::Correlation => plain.map(|other| rolling_correlation(own, other, window)).transpose(),
        };
        column.map_err(|error| ServiceError::BadInput(format!("window: {error}")))
    }
}
