//! How much value moves, what was earned for that, and against what.

use async_graphql::{Enum, ID, InputObject, Result, SimpleObject};
use chrono::NaiveDate;
use domain::analytics::{Drawdown as Fall, Rebalancing, Tenor};
use domain::money::Currency;
use rust_decimal::prelude::FromPrimitive;

use crate::graphql::error::ErrorCode;
use crate::graphql::id::Kind;
use crate::graphql::scalars::Date;
use crate::graphql::types::metrics::{Metric, MetricUnit};
use crate::graphql::types::money::Money;
use crate::services::analytics::risk::{Relative, Risk as Figures};
use crate::services::analytics::{Benchmark, Compared, RiskFree};
use crate::services::performance::{Figure, PERIODS_PER_YEAR};

/// Parts that a benchmark may have.
const MAX_PARTS: usize = 20;

/// How the value varies, by daily time-weighted returns. Null figures say why.
#[derive(Clone, Debug, SimpleObject)]
pub struct Risk {
    /// How many daily returns they are of.
    observations: i32,
    /// How much daily returns vary, a year.
    volatility: Metric,
    /// How much they fall short of what is asked for, a year.
    downside_deviation: Metric,
    /// Mean return above the risk-free rate over the volatility, a year.
    sharpe: Metric,
    /// Mean return above what is asked for over the downside deviation, a year.
    sortino: Metric,
    /// The compound return a year over the depth of the deepest fall.
    calmar: Metric,
    /// What returns gained above what is asked for over what they lost below.
    omega: Metric,
    /// The root of the mean square of how far below its peak the value stood.
    ulcer_index: Metric,
    /// How lopsided the returns are: below zero where large losses are more frequent than large gains.
    skewness: Metric,
    /// How heavy their tails are, zero for a normal distribution.
    excess_kurtosis: Metric,
}

impl Risk {
    /// In GraphQL's terms.
    pub fn new(figures: &Figures, risk_free: &str, required: f64) -> Self {
        let year = format!("{PERIODS_PER_YEAR} valuation days a year");
        let asked = format!("required return of {required} a year, (1 + r)^(1/{PERIODS_PER_YEAR}) − 1 a day");
        let sample = "sample deviation (n − 1)";
        let metric =
            |figure: &Figure, unit, method, conventions: &[&str]| Metric::new(figure, unit, method, conventions);
        Self {
            observations: i32::try_from(figures.observations).unwrap_or(i32::MAX),
            volatility: metric(
                &figures.volatility,
                MetricUnit::FractionPerYear,
                "standard deviation of daily returns × √252",
                &[sample, &year],
            ),
            downside_deviation: metric(
                &figures.downside_deviation,
                MetricUnit::FractionPerYear,
                "√(Σ min(r − t, 0)² / n) × √252",
                &["over all n returns", &asked, &year],
            ),
            sharpe: metric(
                &figures.sharpe,
                MetricUnit::Ratio,
                "mean of daily excess returns / their standard deviation × √252",
                &[sample, risk_free, &year],
            ),
            sortino: metric(
                &figures.sortino,
                MetricUnit::Ratio,
                "mean of r − t / daily downside deviation × √252",
                &[&asked, &year],
            ),
            calmar: metric(
                &figures.calmar,
                MetricUnit::Ratio,
                "compound return a year / depth of the deepest fall",
                &["∏(1 + r)^(252/n) − 1", "over the whole range"],
            ),
            omega: metric(&figures.omega, MetricUnit::Ratio, "Σ max(r − t, 0) / Σ max(t − r, 0)", &[&asked]),
            ulcer_index: metric(
                &figures.ulcer_index,
                MetricUnit::Fraction,
                "√(mean of (W / peak − 1)²)",
                &["the peak includes the start"],
            ),
            skewness: metric(
                &figures.skewness,
                MetricUnit::Ratio,
                "sample skewness G₁",
                &["corrected for the sample's size"],
            ),
            excess_kurtosis: metric(
                &figures.excess_kurtosis,
                MetricUnit::Ratio,
                "sample excess kurtosis G₂",
                &["corrected for the sample's size"],
            ),
        }
    }
}

/// What is taken for money without risk: one of the two arguments, or 0.
pub fn risk_free(rate: Option<f64>, tenor: Option<String>) -> Result<RiskFree> {
    match (rate, tenor) {
        (Some(_), Some(_)) => {
            let message = "riskFreeTenor: it is given beside riskFreeRate, one is expected";
            Err(ErrorCode::BadUserInput.error(message))
        }
        (None, Some(tenor)) if tenor.len() > 8 => {
            let message = format!("riskFreeTenor: {} bytes are no tenor, such as 3M", tenor.len());
            Err(ErrorCode::BadUserInput.error(message))
        }
        (None, Some(tenor)) => match tenor.parse::<Tenor>() {
            Ok(_) => Ok(RiskFree::Tenor(tenor)),
            Err(error) => Err(ErrorCode::BadUserInput.error(format!("riskFreeTenor: {error}"))),
        },
        (rate, None) => {
            let rate = rate.unwrap_or(0.0);
            super::check_rate("riskFreeRate", rate)?;
            Ok(RiskFree::Rate(rate))
        }
    }
}

/// A fall of the time-weighted growth from a peak until the peak was reached again.
#[derive(Clone, Debug, SimpleObject)]
pub struct Drawdown {
    /// How deep it was: a fraction below zero.
    depth: f64,
    /// The day of the peak, which may be the range's opening.
    peak: Date,
    /// The day of the lowest point.
    trough: Date,
    /// The first day at the peak's level again; null while it is not reached.
    recovery: Option<Date>,
    /// Calendar days from the peak to the recovery, or to the end of the range.
    days: i32,
}

impl Drawdown {
    /// In GraphQL's terms; the range ends on `end`.
    pub fn new(fall: &Fall, end: NaiveDate) -> Self {
        Self {
            depth: fall.depth,
            peak: Date(fall.peak),
            trough: Date(fall.trough),
            recovery: fall.recovery.map(Date),
            days: i32::try_from(fall.length(end)).unwrap_or(i32::MAX),
        }
    }
}

/// When a benchmark goes back to its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Rebalancing")]
pub enum BenchmarkRebalancing {
    /// Never: what does better comes to weigh more.
    Never,
    /// On each valuation day.
    Daily,
    /// Each calendar month.
    Monthly,
    /// Each calendar quarter.
    Quarterly,
    /// Each calendar year.
    Yearly,
}

/// A part of a benchmark.
#[derive(Clone, Debug, InputObject)]
pub struct BenchmarkPartInput {
    /// An instrument or an index.
    instrument_id: ID,
    /// How much it weighs, above zero: its share is that of the sum of all weights.
    #[graphql(default = 1.0)]
    weight: f64,
}

/// What to compare with: an instrument, an index, or a blend of them, with what they pay put back, in the currency of the figures.
#[derive(Clone, Debug, InputObject)]
pub struct BenchmarkInput {
    /// Its parts, 1 to 20.
    parts: Vec<BenchmarkPartInput>,
    /// When it goes back to its weights.
    #[graphql(default_with = "BenchmarkRebalancing::Never")]
    rebalancing: BenchmarkRebalancing,
}

impl BenchmarkInput {
    /// The benchmark that is asked for.
    pub fn benchmark(self) -> Result<Benchmark> {
        if self.parts.is_empty() || self.parts.len() > MAX_PARTS {
            let message = format!("benchmark.parts: {} are given, 1 to {MAX_PARTS} are possible", self.parts.len());
            return Err(ErrorCode::BadUserInput.error(message));
        }
        let part = |part: BenchmarkPartInput| {
            if !(part.weight > 0.0 && part.weight.is_finite()) {
                let message = format!("benchmark.parts.weight: {} is not above zero", part.weight);
                return Err(ErrorCode::BadUserInput.error(message));
            }
            Ok((Kind::Instrument.parse(&part.instrument_id, "benchmark.parts.instrumentId")?, part.weight))
        };
        let parts = self.parts.into_iter().map(part).collect::<Result<_>>()?;
        Ok(Benchmark { parts, rebalancing: self.rebalancing.into() })
    }
}

/// Figures against a benchmark, by the returns of the same steps: a day on which the benchmark has no value compounds into the next.
#[derive(Clone, Debug, SimpleObject)]
pub struct BenchmarkComparison {
    /// In how many steps both have a return.
    observations: i32,
    /// What the benchmark returned over these steps.
    benchmark_return: Metric,
    /// What was returned more than that.
    active_return: Metric,
    /// What was earned a year beside what beta explains.
    alpha: Metric,
    /// How much returns move with the benchmark's.
    beta: Metric,
    /// Pearson's correlation with the benchmark's returns, −1 to 1.
    correlation: Metric,
    /// The share of the variance that the benchmark explains, 0 to 1.
    r_squared: Metric,
    /// How much the difference from the benchmark varies, a year.
    tracking_error: Metric,
    /// The mean difference from the benchmark over the tracking error, a year.
    information_ratio: Metric,
    /// The compound return a year above the risk-free rate, over beta.
    treynor: Metric,
    /// The compound return over the benchmark's, in the steps in which that rose.
    up_capture: Metric,
    /// The same in those in which it fell: below 1 where less was lost.
    down_capture: Metric,
    /// What the same deposits and withdrawals, and the opening value, would have come to in the benchmark. Null where it has no value on
    /// a day of the range.
    matched_value: Option<Money>,
    /// The money-weighted return of that, to compare with `returns { xirr }`.
    matched_xirr: Metric,
    /// The growth of the benchmark from 1 at the opening, on each valuation day of `explain { dates }`; null where it has no value.
    growth: Vec<Option<f64>>,
}

impl BenchmarkComparison {
    /// In GraphQL's terms.
    pub fn new(compared: Compared, currency: Currency) -> Self {
        let relative: &Relative = &compared.relative;
        let year = format!("{PERIODS_PER_YEAR} valuation days a year");
        let free = compared.risk_free.as_str();
        let sample = "sample deviation (n − 1)";
        let money = compared.matched_value.and_then(rust_decimal::Decimal::from_f64);
        use MetricUnit::{Fraction, FractionPerYear, Ratio};
        Self {
            observations: i32::try_from(relative.observations).unwrap_or(i32::MAX),
            benchmark_return: Metric::new(
                &relative.benchmark_return,
                Fraction,
                "∏(1 + b) − 1",
                &["over the steps compared"],
            ),
            active_return: Metric::new(
                &relative.active_return,
                Fraction,
                "∏(1 + r) − ∏(1 + b)",
                &["over the steps compared"],
            ),
            alpha: Metric::new(
                &relative.alpha,
                FractionPerYear,
                "(mean(r − rf) − β · mean(b − rf)) × 252",
                &["simple, not compounded", free, &year],
            ),
            beta: Metric::new(&relative.beta, Ratio, "Cov(r, b) / Var(b)", &["excess returns", free]),
            correlation: Metric::new(&relative.correlation, Ratio, "Pearson", &["returns of the same steps"]),
            r_squared: Metric::new(&relative.r_squared, Ratio, "the square of the correlation", &[]),
            tracking_error: Metric::new(
                &relative.tracking_error,
                FractionPerYear,
                "standard deviation of r − b × √252",
                &[sample, &year],
            ),
            information_ratio: Metric::new(
                &relative.information_ratio,
                Ratio,
                "mean of r − b / its standard deviation × √252",
                &[sample, &year],
            ),
            treynor: Metric::new(&relative.treynor, Ratio, "(compound return a year − rf) / β", &[free, &year]),
            up_capture: Metric::new(
                &relative.up_capture,
                Ratio,
                "compound return a year / the benchmark's",
                &["steps with b > 0"],
            ),
            down_capture: Metric::new(
                &relative.down_capture,
                Ratio,
                "compound return a year / the benchmark's",
                &["steps with b < 0"],
            ),
            matched_value: money.map(|value| Money::new(value, currency)),
            matched_xirr: Metric::xirr(&compared.matched_xirr, compared.matched_xirr_is_annual),
            growth: compared.growth,
        }
    }
}
