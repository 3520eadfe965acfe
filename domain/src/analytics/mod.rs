//! Returns and risk from daily columns.
//!
//! Kernels take every convention as an argument and only compute; [`policy`] decides what is shown. A figure of a period
//! and a figure a year are different types.

mod attribution;
mod backtest;
mod benchmark;
mod blend;
mod bonds;
mod cholesky;
mod clusters;
mod concentration;
mod covariance;
mod daily_return;
mod dietz;
mod drawdown;
mod expected_income;
mod figure;
mod interest;
mod lattice;
mod local_return;
mod matrix;
mod moments;
mod monte_carlo;
mod normal_stream;
mod options;
pub mod policy;
mod risk;
mod risk_parts;
mod rolling;
mod roots;
mod shrinkage;
pub mod stress;
mod tail_parts;
mod twr;
mod value_at_risk;
mod xirr;
pub mod xray;

#[cfg(test)]
mod tests;

/// Grows with every change of what a kernel or [`policy`] answers: figures stored under an older one are computed again.
pub const CALCULATION_VERSION: i32 = 1;

pub use attribution::{Attribution, Effects, Model, Segment, attribute, carino, carino_active, linked};
pub use backtest::{Backtest, LikelihoodRatio, NoBacktest, backtest, backtest_of_exceptions};
pub use benchmark::{Regression, Side, capture, information_ratio, regression, tracking_error, treynor};
pub use blend::{Blend, Rebalancing, blend, matched};
pub use bonds::{Accrual, Bond, BondFigures, LastPeriod, NoBondFigure};
pub use cholesky::{Cholesky, NotSemidefinite};
pub use clusters::{Dendrogram, Merge, clusters};
pub use concentration::{Concentration, concentration};
pub use covariance::{NoCovariance, PairCorrelation, covariance, pairwise_correlation};
pub use daily_return::{FlowTiming, FlowTimings, daily_return};
pub use dietz::{modified_dietz, modified_irr, present_value};
pub use drawdown::{Drawdown, drawdowns, max_drawdown};
pub use expected_income::{Payment, coupon_days, expected_dividends};
pub use figure::{AnnualReturn, AnnualVolatility, DatedReturn, PeriodReturn, SharpeRatio, annualise};
pub use interest::{Compounding, DayCount, InvalidTenor, Tenor, effective_annual};
pub use local_return::{LocalAndCurrency, currency_return, local_and_currency};
pub use matrix::Symmetric;
pub use moments::{Moments, Spread};
pub use monte_carlo::{MonteCarlo, NoSimulation, Revaluation, Simulation, simulated_tail_risk};
pub use options::{Exercise, NoOptionFigure, OptionFigures, OptionTerms, Right};
pub use risk::{
    calmar, compound_annual, downside_deviation, lower_partial, omega, per_period, sharpe, sortino, ulcer_index,
    upper_partial, volatility,
};
pub use risk_parts::{NoRiskParts, RiskPart, RiskParts, portfolio_volatility, risk_parts};
pub use rolling::{
    NoWindow, Rolling, rolling_beta, rolling_calmar, rolling_correlation, rolling_downside_deviation,
    rolling_excess_kurtosis, rolling_max_drawdown, rolling_omega, rolling_return, rolling_sharpe, rolling_skewness,
    rolling_sortino, rolling_ulcer_index, rolling_volatility,
};
pub use shrinkage::{ShrinkageTarget, Shrunk, shrunk};
pub use tail_parts::{TailParts, historical_tail_parts, incremental_tail_risk, outcomes, parametric_tail_parts};
pub use twr::{Twr, TwrEnd, twr};
pub use value_at_risk::{Estimator, NoTailRisk, TailRisk, Terms, linear_quantile, of_outcomes, tail_risk};
pub use xirr::{NoSolution, Xirr, irr, xirr};
