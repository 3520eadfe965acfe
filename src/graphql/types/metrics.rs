//! Returns and risk, each figure with its method and conventions.

use async_graphql::{ComplexObject, Context, Enum, Result, SimpleObject};
use chrono::{DateTime, Utc};

use super::daily_value::Recomputing;
use super::figure::{DataStatus, FigureReason};
use super::valuation::Basis;
use crate::graphql::scalars::{Currency, Date, Instant};
use crate::services::performance::{Figure, PERIODS_PER_YEAR, Performance};

/// What a figure's value measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MetricUnit {
    /// A fraction over the range: 0.05 is 5 %.
    Fraction,
    /// A fraction a year: 0.05 is 5 % a year.
    FractionPerYear,
    /// A plain ratio.
    Ratio,
    /// Money per 100 of a bond's face.
    PerHundredOfFace,
    /// Money in the instrument's currency, for one unit.
    Amount,
    /// Years.
    Years,
    /// Years squared.
    YearsSquared,
}

/// A figure with how it was made.
#[derive(Clone, Debug, SimpleObject)]
pub struct Metric {
    /// The figure; null where it cannot be told or would mislead: see `reasons`.
    value: Option<f64>,
    /// What the value measures.
    unit: MetricUnit,
    /// How it was computed.
    method: &'static str,
    /// The conventions that it follows: annualisation, degrees of freedom, day count, timing of flows.
    conventions: Vec<String>,
    /// Why it is null, or what to know about it.
    reasons: Vec<FigureReason>,
}

impl Metric {
    /// A figure in GraphQL's terms.
    pub fn new(figure: &Figure, unit: MetricUnit, method: &'static str, conventions: &[&str]) -> Self {
        Self {
            value: figure.value,
            unit,
            method,
            conventions: conventions.iter().map(|&convention| convention.to_owned()).collect(),
            reasons: figure.reasons.iter().map(|(code, message)| FigureReason::new(code, message.clone())).collect(),
        }
    }
}

/// Each figure with its method and the conventions that it follows.
impl Metric {
    /// How returns are weighted by time.
    pub const TWR: &str = "∏(1 + r_t) − 1, r_t = (V_t + out_t) / (V_(t−1) + in_t) − 1";
    /// How steps are linked.
    pub const LINKED: &str = LINKED;

    pub fn twr(performance: &Performance) -> Self {
        Self::new(&performance.twr, MetricUnit::Fraction, Self::TWR, &[LINKED])
    }

    pub fn annualized_return(performance: &Performance) -> Self {
        let conventions = [LINKED, "shown from 365 days on"];
        let unit = MetricUnit::FractionPerYear;
        Self::new(&performance.annualized_return, unit, "(1 + TWR)^(365/days) − 1", &conventions)
    }

    pub fn xirr(figure: &Figure, is_annual: bool) -> Self {
        let (unit, note) = if is_annual {
            (MetricUnit::FractionPerYear, "a year")
        } else {
            (MetricUnit::Fraction, "over the range: (1 + r)^(days/365) − 1, since the range is under a year")
        };
        let method = "the rate at which all flows, the opening and the final value are worth nothing together";
        Self::new(figure, unit, method, &["ACT/365F", note])
    }

    fn volatility(performance: &Performance) -> Self {
        let conventions = ["sample deviation (n − 1)", &year(), LINKED];
        let method = "standard deviation of daily returns × √252";
        Self::new(&performance.volatility, MetricUnit::FractionPerYear, method, &conventions)
    }

    fn sharpe(performance: &Performance, risk_free: f64) -> Self {
        let rate = format!("risk-free rate of {risk_free} a year, (1 + rf)^(1/{PERIODS_PER_YEAR}) − 1 a day");
        let method = "mean of daily excess returns / their standard deviation × √252";
        let conventions = ["sample deviation (n − 1)", &year(), &rate];
        Self::new(&performance.sharpe, MetricUnit::Ratio, method, &conventions)
    }

    fn depth(performance: &Performance) -> Self {
        let method = "min(W / peak − 1), W the growth of the time-weighted return";
        let conventions = [LINKED, "the peak includes the start"];
        Self::new(&performance.max_drawdown.depth, MetricUnit::Fraction, method, &conventions)
    }
}

const LINKED: &str = "linked over valuation days; inflows at the start of a day, outflows at its end";

fn year() -> String {
    format!("{PERIODS_PER_YEAR} valuation days a year")
}

/// The deepest fall of the time-weighted growth from a peak.
#[derive(Clone, Debug, SimpleObject)]
pub struct MaxDrawdown {
    /// Its depth: a fraction, zero or below.
    depth: Metric,
    /// The day of the peak, which may be the range's opening; null where nothing fell.
    peak: Option<Date>,
    /// The day of the trough; null where nothing fell.
    trough: Option<Date>,
    /// The first day at the peak's level again; null while it is not reached.
    recovery: Option<Date>,
}

impl MaxDrawdown {
    /// The deepest fall of a range.
    pub fn new(performance: &Performance) -> Self {
        let fall = &performance.max_drawdown;
        Self {
            depth: Metric::depth(performance),
            peak: fall.peak.map(Date),
            trough: fall.trough.map(Date),
            recovery: fall.recovery.map(Date),
        }
    }
}

/// Returns and risk of a portfolio over a range.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct Metrics {
    #[graphql(skip)]
    basis: Basis,
    /// The day whose close the range opens from: the day before its first.
    opening_date: Date,
    /// The last day of the range.
    end_date: Date,
    /// Calendar days from the opening to the end: 365 for a calendar year of that length.
    days: i32,
    /// The currency that values and flows were taken in.
    currency: Currency,
    /// How many daily returns were linked.
    observations: i32,
    /// Time-weighted return over the range: what the investments did, whatever was paid in or out.
    twr: Metric,
    /// Time-weighted return a year. Null under a year.
    annualized_return: Metric,
    /// Money-weighted return: what the investor's money earned, with the size and day of every flow. A year from a year on,
    /// over the range under a year: see `unit`.
    xirr: Metric,
    /// How much daily returns vary, a year. Null under 20 observations.
    volatility: Metric,
    /// Mean return above the risk-free rate over its standard deviation, a year. Null under 20 observations.
    sharpe: Metric,
    /// The deepest fall.
    max_drawdown: MaxDrawdown,
    /// When it was computed.
    computed_at: Instant,
}

impl Metrics {
    /// The figures in GraphQL's terms.
    pub fn new(
        performance: &Performance,
        basis: Basis,
        currency: domain::money::Currency,
        risk_free: f64,
        computed_at: DateTime<Utc>,
    ) -> Self {
        let int = |count: i64| i32::try_from(count).unwrap_or(i32::MAX);
        Self {
            basis,
            opening_date: Date(performance.opening),
            end_date: Date(performance.end),
            days: int(performance.days),
            currency: Currency(currency),
            observations: i32::try_from(performance.observations).unwrap_or(i32::MAX),
            twr: Metric::twr(performance),
            annualized_return: Metric::annualized_return(performance),
            xirr: Metric::xirr(&performance.xirr, performance.xirr_is_annual),
            volatility: Metric::volatility(performance),
            sharpe: Metric::sharpe(performance, risk_free),
            max_drawdown: MaxDrawdown::new(performance),
            computed_at: Instant(computed_at),
        }
    }
}

/// How good the data behind them is.
#[ComplexObject]
impl Metrics {
    /// How good the worst price or rate behind the figures is.
    async fn status(&self, ctx: &Context<'_>) -> Result<DataStatus> {
        self.basis.status(ctx).await
    }

    /// The prices and rates that stood in for later days or were not final, with the days; empty where every value is made of its
    /// own day's final ones.
    async fn doubtful_inputs(&self, ctx: &Context<'_>) -> Result<Vec<FigureReason>> {
        self.basis.doubtful_inputs(ctx).await
    }

    /// What of the range was corrected and is being computed anew in the background. Null where nothing is.
    async fn recomputing(&self, ctx: &Context<'_>) -> Result<Option<Recomputing>> {
        self.basis.recomputing(ctx).await
    }
}
