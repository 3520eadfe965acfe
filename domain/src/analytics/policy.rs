//! What is shown: the kernels compute whatever they are given, this decides whether the figure means something.

use super::{
    AnnualReturn, AnnualVolatility, PeriodReturn, SharpeRatio, Twr, TwrEnd, Xirr, annualise, sharpe, volatility,
};

/// Days from which on a return is annualised: GIPS never annualises less than a year.
pub const ANNUALISE_FROM_DAYS: i64 = 365;

/// Returns from which on a ratio or a volatility is shown.
pub const RATIOS_FROM_OBSERVATIONS: usize = 20;

/// Why a figure is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    /// The period is shorter than [`ANNUALISE_FROM_DAYS`].
    #[error("{days} days are less than a year: not annualised")]
    UnderOneYear {
        /// Days of the period.
        days: i64,
    },
    /// Fewer returns than [`RATIOS_FROM_OBSERVATIONS`].
    #[error("{count} returns are too few: {} are needed", RATIOS_FROM_OBSERVATIONS)]
    TooFewObservations {
        /// How many returns there are.
        count: usize,
    },
    /// Days without capital lie in the period.
    #[error("{days} days without capital: not annualised")]
    ZeroCapital {
        /// How many.
        days: usize,
    },
    /// The chain of returns ends before the period does.
    #[error("the chain of returns ends before the period does")]
    ChainEnded(TwrEnd),
    /// No rate solves the flows, or the returns do not vary.
    #[error("there is no solution")]
    NoSolution,
}

/// A money-weighted return as it is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MoneyWeighted {
    /// From a year on: the rate a year.
    Annual(AnnualReturn),
    /// Under a year: what the rate comes to over the period.
    Period(PeriodReturn),
}

impl Withheld {
    /// The reason as a stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnderOneYear { .. } => "UNDER_ONE_YEAR",
            Self::TooFewObservations { .. } => "TOO_FEW_OBSERVATIONS",
            Self::ZeroCapital { .. } => "ZERO_CAPITAL",
            Self::ChainEnded(end) => end.code(),
            Self::NoSolution => "NO_SOLUTION",
        }
    }
}

impl TwrEnd {
    /// The reason as a stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NegativeCapital { .. } => "NEGATIVE_CAPITAL",
            Self::FlowOnUnknownValue { .. } => "FLOW_ON_UNKNOWN_VALUE",
            Self::UnknownValue { .. } => "UNKNOWN_VALUE",
            Self::NoPeriod => "NO_PERIOD",
        }
    }
}

impl Xirr {
    /// What to say beside the headline rate, as a stable code; `None` for the one rate that solves the flows.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Rate(_) => None,
            Self::MultipleRoots { .. } => Some("MULTIPLE_ROOTS"),
            Self::TotalLoss => Some("TOTAL_LOSS"),
            Self::NoSolution(_) => Some("NO_SOLUTION"),
        }
    }
}

/// The time-weighted return of the period.
///
/// # Errors
/// [`Withheld::ChainEnded`].
pub fn period_return(twr: &Twr) -> Result<PeriodReturn, Withheld> {
    twr.total.ok_or(Withheld::ChainEnded(twr.end.unwrap_or(TwrEnd::NoPeriod)))
}

/// The time-weighted return a year, of a period of `days` (end minus opening date).
///
/// # Errors
/// [`Withheld`] for a chain that ended, a period under a year, or days without capital in it.
pub fn annual_return(twr: &Twr, days: i64) -> Result<AnnualReturn, Withheld> {
    let total = period_return(twr)?;
    if days < ANNUALISE_FROM_DAYS {
        return Err(Withheld::UnderOneYear { days });
    }
    if !twr.zero_capital.is_empty() {
        return Err(Withheld::ZeroCapital { days: twr.zero_capital.len() });
    }
    annualise(total, days).ok_or(Withheld::NoSolution)
}

/// The money-weighted return, per year only from a year on.
///
/// # Errors
/// [`Withheld::NoSolution`].
pub fn money_weighted(xirr: &Xirr, days: i64) -> Result<MoneyWeighted, Withheld> {
    let rate = xirr.rate().ok_or(Withheld::NoSolution)?;
    Ok(if days < ANNUALISE_FROM_DAYS { MoneyWeighted::Period(rate.over(days)) } else { MoneyWeighted::Annual(rate) })
}

/// The volatility of the linked returns.
///
/// # Errors
/// [`Withheld`] for a chain that ended, or too few returns.
pub fn annual_volatility(twr: &Twr, periods_per_year: f64) -> Result<AnnualVolatility, Withheld> {
    volatility(&observations(twr)?, periods_per_year).ok_or(Withheld::NoSolution)
}

/// The Sharpe ratio of the linked returns.
///
/// # Errors
/// [`Withheld`] for a chain that ended, too few returns, or returns that do not vary.
pub fn sharpe_ratio(twr: &Twr, risk_free: AnnualReturn, periods_per_year: f64) -> Result<SharpeRatio, Withheld> {
    sharpe(&observations(twr)?, risk_free, periods_per_year).ok_or(Withheld::NoSolution)
}

fn observations(twr: &Twr) -> Result<Vec<f64>, Withheld> {
    period_return(twr)?;
    let count = twr.returns.len();
    if count < RATIOS_FROM_OBSERVATIONS {
        return Err(Withheld::TooFewObservations { count });
    }
    Ok(twr.returns.iter().map(|step| step.value).collect())
}
