//! How much may be lost.

use async_graphql::{ComplexObject, Context, Enum, InputObject, Result, SimpleObject};
use domain::analytics::{Estimator, LikelihoodRatio, Terms};
use rust_decimal::prelude::FromPrimitive;

use crate::graphql::error::ErrorCode;
use crate::graphql::loaders::{self, InstrumentKey};
use crate::graphql::types::figure::FigureReason;
use crate::graphql::types::instrument::Instrument;
use crate::graphql::types::metrics::{Metric, MetricUnit};
use crate::graphql::types::money::Money;
use crate::services::analytics::tail::{TailPart, tested};
use crate::services::analytics::{Book, Tail, TailBasis, TailMethod};

/// Valuation days ahead, at most.
const MAX_HORIZON: i32 = 2_520;
/// Outcomes that are simulated for a request.
const PATHS: std::ops::RangeInclusive<i32> = 1_000..=100_000;
/// Returns that a forecast of a back-test is made of.
const WINDOW: std::ops::RangeInclusive<i32> = 20..=2_520;

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
    /// The ⌈n(1 − α)⌉-th worst of simulated outcomes: the logarithmic growth of what is held is drawn from a normal distribution with the
    /// means and the covariance of the range. One seed, one answer.
    MonteCarlo,
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
    /// How many outcomes `MONTE_CARLO` simulates, 1,000 to 100,000; `simulationRequest` has more drawn by a job.
    #[graphql(default = 10_000)]
    paths: i32,
    /// What names the outcomes of `MONTE_CARLO`, zero or above: the same seed gives the same answer.
    #[graphql(default = 1)]
    seed: i32,
}

impl Default for TailInput {
    fn default() -> Self {
        let (estimator, basis) = (TailEstimator::Historical, TailBasisInput::CurrentHoldings);
        Self { estimator, basis, confidence: 0.95, horizon: 1, paths: 10_000, seed: 1 }
    }
}

impl TailInput {
    /// The parts of the question.
    pub fn read(self) -> Result<(TailBasis, TailMethod, Terms)> {
        let refuse = |message: String| Err(ErrorCode::BadUserInput.error(message));
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            return refuse(format!("input.confidence: {} is not above 0 and below 1", self.confidence));
        }
        if !(1..=MAX_HORIZON).contains(&self.horizon) {
            return refuse(format!(
                "input.horizon: {} is not between 1 and {MAX_HORIZON} valuation days",
                self.horizon
            ));
        }
        if !PATHS.contains(&self.paths) {
            let (least, most) = PATHS.into_inner();
            let more = "simulationRequest has up to 10000000 drawn by a job";
            return refuse(format!("input.paths: {} is not between {least} and {most}: {more}", self.paths));
        }
        let Ok(seed) = u64::try_from(self.seed) else {
            return refuse(format!("input.seed: {} is below zero", self.seed));
        };
        let paths = usize::try_from(self.paths).unwrap_or(0);
        let method = self.estimator().map_or(TailMethod::MonteCarlo { paths, seed }, TailMethod::Of);
        Ok((self.basis.into(), method, Terms { confidence: self.confidence, horizon: f64::from(self.horizon) }))
    }

    /// How a tail is read off returns; nothing where outcomes are simulated.
    fn estimator(self) -> Option<Estimator> {
        match self.estimator {
            TailEstimator::Historical => Some(Estimator::Historical),
            TailEstimator::HistoricalLinear => Some(Estimator::HistoricalLinear),
            TailEstimator::ParametricNormal => Some(Estimator::ParametricNormal),
            TailEstimator::CornishFisher => Some(Estimator::CornishFisher),
            TailEstimator::Ewma => Some(Estimator::Ewma { lambda: 0.94 }),
            TailEstimator::MonteCarlo => None,
        }
    }
}

/// How much may be lost. A loss is above zero: a figure below zero says that even the bad cases are gains.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct TailRisk {
    #[graphql(skip)]
    returns: Vec<f64>,
    #[graphql(skip)]
    input: TailInput,
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
    /// What each holding and each balance of foreign cash has in both figures, the largest part first: the parts sum to the whole. Of
    /// `CURRENT_HOLDINGS` by `HISTORICAL`, where a part is its loss in the case of the value at risk, and `PARAMETRIC_NORMAL`; null for
    /// others: see `partsReasons`.
    parts: Option<Vec<TailRiskPart>>,
    /// Why there are no parts.
    parts_reasons: Vec<FigureReason>,
}

/// What a holding has in a tail.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct TailRiskPart {
    #[graphql(skip)]
    instrument: Option<uuid::Uuid>,
    /// Its share of the value, as a fraction.
    weight: f64,
    /// Its part of the value at risk, as a fraction of the value of the whole: the component. Below zero for what offsets the others.
    value_at_risk: f64,
    /// Its part of the expected shortfall.
    expected_shortfall: f64,
    /// How much the value at risk grows with one more of its weight: the component over the weight. Null for a weight of zero.
    marginal_value_at_risk: Option<f64>,
    /// Its share of the value at risk, as a fraction: the shares sum to 1. Null where nothing is at risk.
    share: Option<f64>,
}

/// Whether the value at risk of one day was exceeded as often as it said, and not in clusters. Each forecast is made of the returns
/// before its day alone.
#[derive(Clone, Debug, SimpleObject)]
pub struct TailBacktest {
    /// Days with a forecast.
    days: i32,
    /// Days that lost more than was forecast.
    exceptions: i32,
    /// How many there should be: days × (1 − confidence).
    expected_exceptions: f64,
    /// That exceptions are as frequent as they should be (Kupiec 1995): χ² of one degree.
    coverage: LikelihoodRatioTest,
    /// That an exception makes one on the next day no likelier (Christoffersen 1998): χ² of one degree.
    independence: Option<LikelihoodRatioTest>,
    /// Both at once: χ² of two degrees.
    conditional_coverage: Option<LikelihoodRatioTest>,
}

/// A test by a ratio of likelihoods.
#[derive(Clone, Debug, SimpleObject)]
pub struct LikelihoodRatioTest {
    /// −2 ln(L₀ / L₁).
    statistic: f64,
    /// How probable one as large is where the hypothesis holds: below 0.05, say, it is refused.
    p_value: f64,
}

impl From<LikelihoodRatio> for LikelihoodRatioTest {
    fn from(test: LikelihoodRatio) -> Self {
        Self { statistic: test.statistic, p_value: test.p_value }
    }
}

impl TailRisk {
    /// In GraphQL's terms.
    pub fn new(tail: Tail, input: TailInput, book: &Book) -> Self {
        let confidence = format!("confidence {}", input.confidence);
        let horizon = match input.estimator {
            TailEstimator::Historical | TailEstimator::HistoricalLinear => {
                format!("{} valuation days ahead: daily returns × √{}", input.horizon, input.horizon)
            }
            _ => format!("{} valuation days ahead: mean × {0}, deviation × √{0}", input.horizon),
        };
        let simulated = format!("{} outcomes of seed {}", input.paths, input.seed);
        let method = match input.estimator {
            TailEstimator::Historical => {
                "the ⌈n(1 − α)⌉-th worst return; Rockafellar and Uryasev (2002) for the shortfall"
            }
            TailEstimator::HistoricalLinear => "linear interpolation at (n − 1)(1 − α); the mean at or below it",
            TailEstimator::ParametricNormal => "z σ − μ; σ φ(z) / (1 − α) − μ",
            TailEstimator::CornishFisher => "the normal quantile expanded by skewness and kurtosis",
            TailEstimator::Ewma => "z σ − 0, σ² exponentially weighted with λ = 0.94",
            TailEstimator::MonteCarlo => "the ⌈n(1 − α)⌉-th worst simulated outcome of lognormal growth",
        };
        let basis = match input.basis {
            TailBasisInput::CurrentHoldings => "returns of what is held at the end, at its weights; cash earns nothing",
            TailBasisInput::RealizedReturns => "daily time-weighted returns of the range",
        };
        let mut conventions = vec![confidence.as_str(), &horizon, basis];
        if input.estimator == TailEstimator::MonteCarlo {
            conventions.push(&simulated);
        }
        let Tail { figures: [risk, shortfall], returns, parts } = tail;
        let metric = |figure| Metric::new(figure, MetricUnit::Fraction, method, &conventions);
        let amount = risk.value.and_then(rust_decimal::Decimal::from_f64).zip(book.ends[1].value);
        let amount = amount.and_then(|(share, value)| domain::money::mul(share, value).ok());
        let reason = |(code, message): &(&'static str, String)| FigureReason::new(code, message.clone());
        let (parts, parts_reasons) = match &parts {
            Ok(parts) => (Some(parts.iter().map(|part| TailRiskPart::new(part, risk.value)).collect()), Vec::new()),
            Err(why) => (None, vec![reason(why)]),
        };
        Self {
            value_at_risk: metric(&risk),
            expected_shortfall: metric(&shortfall),
            amount: amount.map(|amount| Money::new(amount, book.currency)),
            observations: i32::try_from(returns.len()).unwrap_or(i32::MAX),
            reasons: risk.reasons.iter().map(reason).collect(),
            parts,
            parts_reasons,
            returns,
            input,
        }
    }
}

/// Whether it can be relied on.
#[ComplexObject]
impl TailRisk {
    /// Tests the value at risk of one day by the same estimator and confidence over the range. Null for `MONTE_CARLO`, and where there are
    /// too few returns.
    async fn backtest(
        &self,
        #[graphql(desc = "How many returns each forecast is made of, 20 to 2,520.", default = 250)] window: i32,
    ) -> Result<Option<TailBacktest>> {
        if !WINDOW.contains(&window) {
            let (least, most) = WINDOW.into_inner();
            return Err(ErrorCode::BadUserInput.error(format!("window: {window} is not between {least} and {most}")));
        }
        let Some(estimator) = self.input.estimator() else { return Ok(None) };
        let window = usize::try_from(window).unwrap_or(usize::MAX);
        let Ok(test) = tested(&self.returns, estimator, self.input.confidence, window) else { return Ok(None) };
        let int = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        Ok(Some(TailBacktest {
            days: int(test.days),
            exceptions: int(test.exceptions),
            expected_exceptions: test.expected,
            coverage: test.coverage.into(),
            independence: test.independence.map(Into::into),
            conditional_coverage: test.conditional_coverage.map(Into::into),
        }))
    }
}

impl TailRiskPart {
    fn new(part: &TailPart, whole: Option<f64>) -> Self {
        let component = part.component.value_at_risk;
        let over = |whole: f64| (whole != 0.0).then(|| component / whole);
        Self {
            instrument: part.instrument,
            weight: part.weight,
            value_at_risk: component,
            expected_shortfall: part.component.expected_shortfall,
            marginal_value_at_risk: over(part.weight),
            share: whole.and_then(over),
        }
    }
}

/// What is held.
#[ComplexObject]
impl TailRiskPart {
    /// The instrument. Null for cash of another currency than that of the figures, and where the caller may not know of it.
    async fn instrument(&self, ctx: &Context<'_>) -> Result<Option<Instrument>> {
        match self.instrument {
            Some(id) => Ok(loaders::find(ctx, InstrumentKey(id)).await?.map(Instrument)),
            None => Ok(None),
        }
    }
}
