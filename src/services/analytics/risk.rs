//! How much a scope's value moves, and what it earned for that.

use domain::analytics::policy::{self, RATIOS_FROM_OBSERVATIONS, Withheld};
use domain::analytics::{
    AnnualReturn, DatedReturn, Drawdown, Moments, Regression, Side, Twr, calmar, capture, compound_annual,
    downside_deviation, drawdowns, information_ratio, max_drawdown, omega, per_period, regression, sharpe, sortino,
    tracking_error, treynor, ulcer_index, volatility,
};

use super::super::performance::{Figure, PERIODS_PER_YEAR};
use super::FreeReturns;
use super::compare::Aligned;

/// Figures of the variation of daily returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// How many returns they are of.
    pub observations: usize,
    pub volatility: Figure,
    pub downside_deviation: Figure,
    pub sharpe: Figure,
    pub sortino: Figure,
    pub calmar: Figure,
    pub omega: Figure,
    pub ulcer_index: Figure,
    pub skewness: Figure,
    pub excess_kurtosis: Figure,
}

/// The linked returns, if they are enough to say something of.
fn observed(chain: &Twr) -> Result<Vec<f64>, Withheld> {
    policy::period_return(chain)?;
    let count = chain.returns.len();
    if count < RATIOS_FROM_OBSERVATIONS {
        return Err(Withheld::TooFewObservations { count });
    }
    Ok(values(&chain.returns))
}

fn values(returns: &[DatedReturn]) -> Vec<f64> {
    returns.iter().map(|step| step.value).collect()
}

fn figure(outcome: Result<Option<f64>, Withheld>) -> Figure {
    Figure::of(outcome.and_then(|value| value.ok_or(Withheld::NoSolution)), |value| value)
}

/// A figure of what was earned above the risk-free rate.
fn excess_figure<T>(of: Result<T, Withheld>, free: &FreeReturns, compute: impl FnOnce(T) -> Option<f64>) -> Figure {
    let mut figure = match (of, &free.missing) {
        (Ok(_), Some(reason)) => Figure { value: None, reasons: vec![reason.clone()] },
        (of, _) => figure(of.map(compute)),
    };
    if figure.value.is_some() {
        figure.reasons.extend(free.notes.iter().cloned());
    }
    figure
}

/// What columns came to above another one.
pub(super) fn excess(returns: &[f64], free: &[f64]) -> Vec<f64> {
    returns.iter().zip(free).map(|(value, free)| value - free).collect()
}

/// Risk of a chain of daily returns; `required` is asked for a year: less is a loss.
pub fn risk(chain: &Twr, free: &FreeReturns, required: f64) -> Risk {
    let observed = observed(chain);
    let of = |compute: &dyn Fn(&[f64]) -> Option<f64>| {
        figure(observed.as_deref().map(compute).map_err(|withheld| *withheld))
    };
    let required = per_period(AnnualReturn(required), PERIODS_PER_YEAR);
    let year = PERIODS_PER_YEAR;
    let rates: Vec<f64> = free.steps.iter().copied().flatten().collect();
    Risk {
        observations: chain.returns.len(),
        volatility: of(&|returns| volatility(returns, year).map(|figure| figure.0)),
        downside_deviation: of(&|returns| downside_deviation(returns, required).map(|figure| figure * year.sqrt())),
        sharpe: excess_figure(observed.as_deref().map_err(|withheld| *withheld), free, |returns| {
            sharpe(&excess(returns, &rates), AnnualReturn(0.0), year).map(|figure| figure.0)
        }),
        sortino: of(&|returns| sortino(returns, required, year)),
        calmar: of(&|returns| {
            let fall = max_drawdown(&chain.returns)?;
            calmar(compound_annual(returns, year)?, &fall)
        }),
        omega: of(&|returns| omega(returns, required)),
        ulcer_index: of(&|_| ulcer_index(&chain.returns)),
        skewness: of(&|returns| Moments::of(returns)?.skewness()),
        excess_kurtosis: of(&|returns| Moments::of(returns)?.excess_kurtosis()),
    }
}

/// The deepest falls, the deepest first.
pub fn worst_drawdowns(chain: &Twr, count: usize) -> Vec<Drawdown> {
    let mut falls = drawdowns(&chain.returns);
    falls.sort_by(|one, other| one.depth.total_cmp(&other.depth));
    falls.truncate(count);
    falls
}

/// Figures against a benchmark.
#[derive(Clone, Debug, PartialEq)]
pub struct Relative {
    /// In how many periods both have a return.
    pub observations: usize,
    pub benchmark_return: Figure,
    pub active_return: Figure,
    pub alpha: Figure,
    pub beta: Figure,
    pub correlation: Figure,
    pub r_squared: Figure,
    pub tracking_error: Figure,
    pub information_ratio: Figure,
    pub treynor: Figure,
    pub up_capture: Figure,
    pub down_capture: Figure,
}

/// Compares the returns of the same steps.
pub(super) fn relative(steps: &Aligned, free: &FreeReturns) -> Relative {
    let Aligned { own, other: benchmark, free: rates, .. } = steps;
    let count = own.len();
    let year = PERIODS_PER_YEAR;
    let enough = if count < RATIOS_FROM_OBSERVATIONS { Err(Withheld::TooFewObservations { count }) } else { Ok(()) };
    let line: Option<Regression> = regression(own, benchmark, 0.0);
    let rates: Vec<f64> = rates.iter().copied().flatten().collect();
    let above: Option<Regression> = regression(&excess(own, &rates), &excess(benchmark, &rates), 0.0);
    let total = |returns: &[f64]| returns.iter().map(|value| 1.0 + value).product::<f64>() - 1.0;
    let of = |value: Option<f64>| figure(enough.map(|()| value));
    let of_excess = |value: Option<f64>| excess_figure(enough, free, |()| value);
    let known =
        |value: f64| figure(if count == 0 { Err(Withheld::TooFewObservations { count }) } else { Ok(Some(value)) });
    Relative {
        observations: count,
        benchmark_return: known(total(benchmark)),
        active_return: known(total(own) - total(benchmark)),
        alpha: of_excess(above.map(|line| line.alpha * year)),
        beta: of_excess(above.map(|line| line.beta)),
        correlation: of(line.and_then(|line| line.correlation)),
        r_squared: of(line.and_then(|line| line.r_squared())),
        tracking_error: of(tracking_error(own, benchmark, year)),
        information_ratio: of(information_ratio(own, benchmark, year)),
        treynor: of_excess(
            above.and_then(|line| treynor(compound_annual(own, year)?, compound_annual(&rates, year)?, line.beta)),
        ),
        up_capture: of(capture(own, benchmark, Side::Up, year)),
        down_capture: of(capture(own, benchmark, Side::Down, year)),
    }
}
