//! How much a scope's value moves, and what it earned for that.

use domain::analytics::policy::{self, RATIOS_FROM_OBSERVATIONS, Withheld};
use domain::analytics::{
    AnnualReturn, DatedReturn, Drawdown, Moments, Regression, Side, Twr, calmar, capture, compound_annual,
    downside_deviation, drawdowns, information_ratio, max_drawdown, omega, per_period, regression, sharpe, sortino,
    tracking_error, treynor, ulcer_index, volatility,
};

use super::super::performance::{Figure, PERIODS_PER_YEAR};

/// The rates that returns are compared with, as fractions a year.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Yardsticks {
    /// What is earned without risk.
    pub risk_free: f64,
    /// What is asked for: less is a loss.
    pub required: f64,
}

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

/// Risk of a chain of daily returns.
pub fn risk(chain: &Twr, yardsticks: Yardsticks) -> Risk {
    let observed = observed(chain);
    let of = |compute: &dyn Fn(&[f64]) -> Option<f64>| {
        figure(observed.as_deref().map(compute).map_err(|withheld| *withheld))
    };
    let required = per_period(AnnualReturn(yardsticks.required), PERIODS_PER_YEAR);
    let year = PERIODS_PER_YEAR;
    Risk {
        observations: chain.returns.len(),
        volatility: of(&|returns| volatility(returns, year).map(|figure| figure.0)),
        downside_deviation: of(&|returns| downside_deviation(returns, required).map(|figure| figure * year.sqrt())),
        sharpe: of(&|returns| sharpe(returns, AnnualReturn(yardsticks.risk_free), year).map(|figure| figure.0)),
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

/// Compares two columns of returns of the same steps.
pub fn relative(own: &[f64], benchmark: &[f64], risk_free: f64) -> Relative {
    let count = own.len().min(benchmark.len());
    let year = PERIODS_PER_YEAR;
    let free = per_period(AnnualReturn(risk_free), year);
    let line: Option<Regression> = regression(own, benchmark, free);
    let total = |returns: &[f64]| returns.iter().map(|value| 1.0 + value).product::<f64>() - 1.0;
    let of = |value: Option<f64>| match count {
        count if count < RATIOS_FROM_OBSERVATIONS => figure(Err(Withheld::TooFewObservations { count })),
        _ => figure(Ok(value)),
    };
    let known =
        |value: f64| figure(if count == 0 { Err(Withheld::TooFewObservations { count }) } else { Ok(Some(value)) });
    Relative {
        observations: count,
        benchmark_return: known(total(benchmark)),
        active_return: known(total(own) - total(benchmark)),
        alpha: of(line.map(|line| line.alpha * year)),
        beta: of(line.map(|line| line.beta)),
        correlation: of(line.and_then(|line| line.correlation)),
        r_squared: of(line.and_then(|line| line.r_squared())),
        tracking_error: of(tracking_error(own, benchmark, year)),
        information_ratio: of(information_ratio(own, benchmark, year)),
        treynor: of(line.and_then(|line| treynor(compound_annual(own, year)?, AnnualReturn(risk_free), line.beta))),
        up_capture: of(capture(own, benchmark, Side::Up, year)),
        down_capture: of(capture(own, benchmark, Side::Down, year)),
    }
}
