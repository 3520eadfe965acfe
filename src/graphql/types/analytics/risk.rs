//! How much value moves, what was earned for that, and against what.

use async_graphql::{Enum, ID, InputObject, Result, SimpleObject};
use chrono::NaiveDate;
use domain::analytics::{Drawdown as Fall, Estimator, Rebalancing, Terms};
use domain::money::Currency;
use rust_decimal::prelude::FromPrimitive;

use crate::graphql::error::ErrorCode;
use crate::graphql::id::Kind;
use crate::graphql::scalars::Date;
use crate::graphql::types::figure::FigureReason;
use crate::graphql::types::metrics::{Metric, MetricUnit};
use crate::graphql::types::money::Money;
use crate::services::analytics::risk::{Relative, Risk as Figures, Yardsticks};
use crate::services::analytics::{Benchmark, Book, Compared, Tail, TailBasis};
use crate::services::performance::{Figure, PERIODS_PER_YEAR};

/// Parts that a benchmark may have.
const MAX_PARTS: usize = 20;
/// Valuation days ahead that a tail may be asked for: ten years.
const MAX_HORIZON: i32 = 2_520;

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
    pub fn new(figures: &Figures, yardsticks: Yardsticks) -> Self {
        let year = format!("{PERIODS_PER_YEAR} valuation days a year");
        let free = format!("risk-free rate of {} a year", yardsticks.risk_free);
        let asked =
            format!("required return of {} a year, (1 + r)^(1/{PERIODS_PER_YEAR}) − 1 a day", yardsticks.required);
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
                &[sample, &free, &year],
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
    pub fn new(compared: Compared, risk_free: f64, currency: Currency) -> Self {
        let relative: &Relative = &compared.relative;
        let year = format!("{PERIODS_PER_YEAR} valuation days a year");
        let free = format!("risk-free rate of {risk_free} a year");
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
                &["simple, not compounded", &free, &year],
            ),
            beta: Metric::new(&relative.beta, Ratio, "Cov(r, b) / Var(b)", &["excess returns", &free]),
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
            treynor: Metric::new(&relative.treynor, Ratio, "(compound return a year − rf) / β", &[&free, &year]),
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

/// How the tail of the returns is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum TailEstimator {
    /// The ⌈n(1 − α)⌉-th worst return as it was.
    Historical,
    /// The same with linear interpolation between neighbours.
    HistoricalLinear,
    /// A normal distribution with the mean and deviation of the returns.
    ParametricNormal,
    /// A normal quantile corrected for skewness and kurtosis. Null outside its domain.
    CornishFisher,
    /// A normal distribution with zero mean and exponentially weighted variance, 0.94 a day.
    Ewma,
}

/// What returns the tail is estimated from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "TailBasis")]
pub enum TailBasisInput {
    /// What is held at the end of the range, at its weights, over the days of the range.
    CurrentHoldings,
    /// What was earned in the range, with whatever was held then.
    RealizedReturns,
}

/// What tail is asked for.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct TailInput {
    /// How it is estimated.
    #[graphql(default_with = "TailEstimator::Historical")]
    estimator: TailEstimator,
    /// From what.
    #[graphql(default_with = "TailBasisInput::CurrentHoldings")]
    basis: TailBasisInput,
    /// Above 0 and below 1: 0.95 is the loss that is not exceeded in 95 of 100 cases.
    #[graphql(default = 0.95)]
    confidence: f64,
    /// Valuation days ahead, 1 to 2,520.
    #[graphql(default = 1)]
    horizon: i32,
}

impl Default for TailInput {
    fn default() -> Self {
        let (estimator, basis) = (TailEstimator::Historical, TailBasisInput::CurrentHoldings);
        Self { estimator, basis, confidence: 0.95, horizon: 1 }
    }
}

impl TailInput {
    /// The parts of the question.
    pub fn read(self) -> Result<(TailBasis, Estimator, Terms)> {
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            let message = format!("input.confidence: {} is not above 0 and below 1", self.confidence);
            return Err(ErrorCode::BadUserInput.error(message));
        }
        if !(1..=MAX_HORIZON).contains(&self.horizon) {
            let message = format!("input.horizon: {} is not between 1 and {MAX_HORIZON} valuation days", self.horizon);
            return Err(ErrorCode::BadUserInput.error(message));
        }
        let estimator = match self.estimator {
            TailEstimator::Historical => Estimator::Historical,
            TailEstimator::HistoricalLinear => Estimator::HistoricalLinear,
            TailEstimator::ParametricNormal => Estimator::ParametricNormal,
            TailEstimator::CornishFisher => Estimator::CornishFisher,
            TailEstimator::Ewma => Estimator::Ewma { lambda: 0.94 },
        };
        Ok((self.basis.into(), estimator, Terms { confidence: self.confidence, horizon: f64::from(self.horizon) }))
    }
}

/// How much may be lost. A loss is above zero: a figure below zero says that even the bad cases are gains.
#[derive(Clone, Debug, SimpleObject)]
pub struct TailRisk {
    /// The loss that is not exceeded with the confidence, as a fraction of the value.
    value_at_risk: Metric,
    /// The mean loss where it is exceeded, by the same estimator.
    expected_shortfall: Metric,
    /// The value at risk in money, of the value at the end of the range. Null where one of both is unknown.
    amount: Option<Money>,
    /// How many returns they are estimated from.
    observations: i32,
    /// Why they are null, or what to know about them.
    reasons: Vec<FigureReason>,
}

impl TailRisk {
    /// In GraphQL's terms.
    pub fn new(tail: &Tail, input: TailInput, book: &Book) -> Self {
        let confidence = format!("confidence {}", input.confidence);
        let horizon = match input.estimator {
            TailEstimator::Historical | TailEstimator::HistoricalLinear => {
                format!("{} valuation days ahead: daily returns × √{}", input.horizon, input.horizon)
            }
            _ => format!("{} valuation days ahead: mean × {0}, deviation × √{0}", input.horizon),
        };
        let method = match input.estimator {
            TailEstimator::Historical => {
                "the ⌈n(1 − α)⌉-th worst return; Rockafellar and Uryasev (2002) for the shortfall"
            }
            TailEstimator::HistoricalLinear => "linear interpolation at (n − 1)(1 − α); the mean at or below it",
            TailEstimator::ParametricNormal => "z σ − μ; σ φ(z) / (1 − α) − μ",
            TailEstimator::CornishFisher => "the normal quantile expanded by skewness and kurtosis",
            TailEstimator::Ewma => "z σ − 0, σ² exponentially weighted with λ = 0.94",
        };
        let basis = match input.basis {
            TailBasisInput::CurrentHoldings => "returns of what is held at the end, at its weights; cash earns nothing",
            TailBasisInput::RealizedReturns => "daily time-weighted returns of the range",
        };
        let [risk, shortfall] = &tail.figures;
        let metric = |figure| Metric::new(figure, MetricUnit::Fraction, method, &[&confidence, &horizon, basis]);
        let value = book.ends[1].value;
        let amount = risk.value.and_then(rust_decimal::Decimal::from_f64).zip(value);
        let amount = amount.and_then(|(share, value)| domain::money::mul(share, value).ok());
        Self {
            value_at_risk: metric(risk),
            expected_shortfall: metric(shortfall),
            amount: amount.map(|amount| Money::new(amount, book.currency)),
            observations: i32::try_from(tail.observations).unwrap_or(i32::MAX),
            reasons: risk.reasons.iter().map(|(code, message)| FigureReason::new(code, message.clone())).collect(),
        }
    }
}
