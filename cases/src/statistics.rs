//! The families risk and returns, as far as the product has a kernel for the case's own conventions.

use chrono::NaiveDate;
use domain::analytics::{AnnualReturn, DatedReturn, PeriodReturn, annualise, max_drawdown, sharpe, volatility};
use serde::Deserialize;
use serde_json::Value;

use crate::case::Case;
use crate::check::Check;
use crate::returns::{is_near, shown};

/// What a case of equal periods gives; a case that gives more means another definition.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Periods {
    #[serde(rename = "metric")]
    _metric: String,
    /// A missing observation is `null`.
    returns: Vec<Option<f64>>,
    periods_per_year: Option<f64>,
    /// A period.
    #[serde(default)]
    risk_free: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Span {
    #[serde(rename = "kind")]
    _kind: String,
    total_return: f64,
    start: NaiveDate,
    end: NaiveDate,
    year_days: f64,
}

/// Compares a metric, if the product has it by this definition.
pub(crate) fn evaluate(metric: &str, case: &Case, check: &mut Check) -> bool {
    let Ok(periods) = Periods::deserialize(&case.inputs) else { return false };
    let known: Vec<f64> = periods.returns.iter().copied().flatten().collect();
    let got = match (metric, periods.periods_per_year) {
        ("annual_volatility", Some(year)) => volatility(&known, year).map(|figure| figure.0),
        ("sharpe", Some(year)) => {
            let risk_free = AnnualReturn((year * periods.risk_free.ln_1p()).exp_m1());
            sharpe(&known, risk_free, year).map(|figure| figure.0)
        }
        ("max_drawdown", _) => max_drawdown(&dated(&periods.returns)).map(|fall| fall.depth),
        _ => return false,
    };
    compare(case, "value", got, check);
    true
}

/// Compares an annualised return, if a year has as many days as the product's.
pub(crate) fn annual(case: &Case, check: &mut Check) -> bool {
    let Ok(span) = Span::deserialize(&case.inputs) else { return false };
    if span.year_days != 365.0 {
        return false;
    }
    let days = (span.end - span.start).num_days();
    compare(case, "annualised", annualise(PeriodReturn(span.total_return), days).map(|rate| rate.0), check);
    true
}

/// Returns on days that stand for the periods. A missing one is no growth.
fn dated(returns: &[Option<f64>]) -> Vec<DatedReturn> {
    let days = NaiveDate::default().iter_days().zip(NaiveDate::default().iter_days().skip(1));
    days.zip(returns).map(|((from, date), value)| DatedReturn { from, date, value: value.unwrap_or(0.0) }).collect()
}

fn compare(case: &Case, key: &str, got: Option<f64>, check: &mut Check) {
    for (name, expected) in &case.expected {
        let fits = |one: &Value| is_near(one, got, check.tolerance());
        if name != key {
            check.fail(name, expected, "nothing: the key is unknown");
        } else if !fits(expected) {
            check.fail(key, expected, shown(got));
        }
    }
}
