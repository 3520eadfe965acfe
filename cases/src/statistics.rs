//! The family risk: per-period returns against the product's kernels, by each case's own conventions.

use chrono::NaiveDate;
use domain::analytics::{
    AnnualReturn, DatedReturn, Moments, Regression, Side, calmar, capture, compound_annual, downside_deviation,
    drawdowns, information_ratio, linear_quantile, lower_partial, max_drawdown, omega, per_period, regression, sharpe,
    sortino, upper_partial, volatility,
};
use serde::Deserialize;
use serde_json::Value;

use crate::case::Case;
use crate::check::Check;
use crate::returns::{is_near, shown};

/// What a case gives; a case that gives more means another definition. A missing observation is `null`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Inputs {
    #[serde(rename = "metric")]
    _metric: String,
    #[serde(default)]
    returns: Vec<Option<f64>>,
    #[serde(default)]
    benchmark: Vec<Option<f64>>,
    #[serde(default)]
    prices: Vec<f64>,
    #[serde(default)]
    accumulated_returns: Vec<f64>,
    periods_per_year: Option<f64>,
    /// A period.
    #[serde(default)]
    risk_free: f64,
    /// A period, but for omega's, which is a year's.
    #[serde(default)]
    required_return: f64,
    cutoff: Option<f64>,
    start_date: Option<NaiveDate>,
    first_date: Option<NaiveDate>,
    range: Option<Range>,
    side: Option<String>,
}

#[derive(Deserialize)]
struct Range {
    from: NaiveDate,
    to: NaiveDate,
}

/// Periods of a year where a case gives none.
const BUSINESS_DAYS: f64 = 252.0;

/// Compares a metric, if the product has kernels for it.
pub(crate) fn evaluate(metric: &str, case: &Case, check: &mut Check) -> bool {
    let Ok(inputs) = Inputs::deserialize(&case.inputs) else { return false };
    let known: Vec<f64> = inputs.returns.iter().copied().flatten().collect();
    let one = of_returns(metric, &inputs, &known)
        .or_else(|| of_pairs(metric, &inputs))
        .or_else(|| of_tail(metric, &inputs, &known));
    if let Some(got) = one {
        compare(case, &[("value", got)], check);
        return true;
    }
    match metric {
        "max_drawdown_from_accumulated" => accumulated(case, &inputs, check),
        "period_volatility_log" => {
            let logs: Vec<f64> = known.iter().map(|value| value.ln_1p()).collect();
            let count = (logs.len() as f64).sqrt();
            let moments = Moments::of(&logs);
            let deviation = moments.and_then(|moments| moments.deviation(1)).unwrap_or(0.0) * count;
            let below = moments.and_then(|moments| lower_partial(&logs, moments.mean(), 2)).unwrap_or(0.0);
            let semi = (below * logs.len() as f64 / (logs.len() as f64 - 1.0).max(1.0)).sqrt() * count;
            compare(case, &[("standard_deviation", Some(deviation)), ("semi_deviation", Some(semi))], check);
        }
        "all_time_high" => all_time_high(case, &inputs, check),
        _ => return false,
    }
    true
}

/// Measures of a series alone.
fn of_returns(metric: &str, inputs: &Inputs, known: &[f64]) -> Option<Option<f64>> {
    let year = inputs.periods_per_year.unwrap_or(BUSINESS_DAYS);
    let target = inputs.required_return;
    let moments = Moments::of(known);
    let lower = |order| lower_partial(known, target, order);
    let upper = |order| upper_partial(known, target, order);
    let mean_over = |target: f64| moments.map(|moments| moments.mean() - target);
    let steps = || dated(&inputs.returns);
    Some(match metric {
        "annual_volatility" => volatility(known, year).map(|figure| figure.0),
        "sharpe" => {
            let risk_free = AnnualReturn((year * inputs.risk_free.ln_1p()).exp_m1());
            sharpe(known, risk_free, year).map(|figure| figure.0)
        }
        "sortino" => sortino(known, target, year),
        "downside_deviation" => downside_deviation(known, target).map(|deviation| deviation * year.sqrt()),
        "downside_deviation_mar" => downside_deviation(known, target),
        "downside_potential" => lower(1),
        "upside_potential" => upper(1),
        "upside_risk" => upper(2).map(f64::sqrt),
        "downside_frequency" => Some(frequency(known, |value| value < target)),
        "upside_frequency" => Some(frequency(known, |value| value > target)),
        "win_rate" => Some(frequency(known, |value| value > 0.0)),
        "mean_absolute_deviation" => moments
            .map(|moments| known.iter().map(|value| (value - moments.mean()).abs()).sum::<f64>() / known.len() as f64),
        "bernardo_ledoit" => omega(known, 0.0),
        "d_ratio" => omega(known, 0.0)
            .map(|omega| frequency(known, |value| value < 0.0) / (frequency(known, |value| value > 0.0) * omega)),
        "omega" => omega(known, inputs.risk_free + per_period(AnnualReturn(target), BUSINESS_DAYS)),
        "omega_sharpe" => Some(mean_over(target)? / lower(1)?),
        "kappa_2" => Some(mean_over(target)? / lower(2)?.sqrt()),
        "skewness_kurtosis_ratio" => {
            let count = known.len() as f64;
            let plain = |order: i32| -> Option<f64> {
                let deviation = moments?.deviation(0)?;
                let mean = moments?.mean();
                Some(known.iter().map(|value| ((value - mean) / deviation).powi(order)).sum::<f64>() / count)
            };
            Some(plain(3)? / plain(4)?)
        }
        "calmar" => {
            let fall = max_drawdown(&steps())?;
            compound_annual(&whole(&inputs.returns), year).and_then(|annual| calmar(annual, &fall))
        }
        "pain_index" => {
            let steps = steps();
            let depths = (1..=steps.len()).filter_map(|end| below_peak(&steps[..end])).map(f64::abs);
            Some(depths.sum::<f64>() / steps.len() as f64)
        }
        "max_drawdown" => max_drawdown(&steps()).map(|fall| fall.depth),
        "max_drawdown_from_prices" => {
            let returns: Vec<Option<f64>> =
                inputs.prices.windows(2).map(|pair| Some(pair[1] / pair[0] - 1.0)).collect();
            max_drawdown(&dated(&returns)).map(|fall| fall.depth)
        }
        "cumulative_growth" => Some(whole(&inputs.returns).iter().map(|value| 1.0 + value).product()),
        _ => return None,
    })
}

/// Measures against a benchmark: pairs with a missing side are left out.
fn of_pairs(metric: &str, inputs: &Inputs) -> Option<Option<f64>> {
    let year = inputs.periods_per_year.unwrap_or(BUSINESS_DAYS);
    let pairs = inputs.returns.iter().zip(&inputs.benchmark).filter_map(|(own, other)| own.zip(*other));
    let (own, other): (Vec<f64>, Vec<f64>) = pairs.unzip();
    let line = || regression(&own, &other, inputs.risk_free);
    let deviation = |column: &[f64], ddof| Moments::of(column).and_then(|moments| moments.deviation(ddof));
    let residual = |line: &Regression| -> Vec<f64> {
        own.iter().zip(&other).map(|(r, b)| r - line.alpha - line.beta * b).collect()
    };
    Some(match metric {
        "beta" => line().map(|line| line.beta),
        "alpha_annual" => line().map(|line| (year * line.alpha.ln_1p()).exp_m1()),
        "jensen_alpha_annual" => {
            let annual = |column: &[f64]| compound_annual(column, year).map(|rate| rate.0);
            let free = (year * inputs.risk_free.ln_1p()).exp_m1();
            line().and_then(|line| Some(annual(&own)? - free - line.beta * (annual(&other)? - free)))
        }
        "information_ratio" => information_ratio(&own, &other, 1.0),
        "capture" => {
            let side = if inputs.side.as_deref() == Some("down") { Side::Down } else { Side::Up };
            capture(&own, &other, side, year)
        }
        "systematic_risk" => line().and_then(|line| Some(line.beta * deviation(&other, 1)? * year.sqrt())),
        "specific_risk" => line().and_then(|line| Some(deviation(&residual(&line), 0)? * year.sqrt())),
        "total_risk" => line().and_then(|line| {
            let systematic = line.beta * deviation(&other, 1)? * year.sqrt();
            Some(systematic.hypot(deviation(&residual(&line), 0)? * year.sqrt()))
        }),
        "fama_beta" => deviation(&own, 1).zip(deviation(&other, 1)).map(|(own, other)| own / other),
        "m_squared" => {
            let annual = compound_annual(&own, year).map(|rate| rate.0);
            let free = (year * inputs.risk_free.ln_1p()).exp_m1();
            let risks = deviation(&own, 1).zip(deviation(&other, 1));
            annual.zip(risks).map(|(annual, (own, other))| (annual - free) * other / own + free)
        }
        _ => return None,
    })
}

/// Quantiles, signed as returns.
fn of_tail(metric: &str, inputs: &Inputs, known: &[f64]) -> Option<Option<f64>> {
    let cutoff = inputs.cutoff?;
    Some(match metric {
        "var_historical" => linear_quantile(known, cutoff),
        "cvar_historical" => {
            let mut sorted = known.to_vec();
            sorted.sort_by(f64::total_cmp);
            let count = (known.len().saturating_sub(1) as f64 * cutoff) as usize + 1;
            Moments::of(sorted.get(..count)?).map(|moments| moments.mean())
        }
        _ => return None,
    })
}

fn frequency(known: &[f64], counts: impl Fn(f64) -> bool) -> f64 {
    known.iter().filter(|value| counts(**value)).count() as f64 / known.len() as f64
}

/// How far below its peak wealth stands after the last of these returns.
fn below_peak(steps: &[DatedReturn]) -> Option<f64> {
    let falls = drawdowns(steps);
    let open = falls.last().filter(|fall| fall.recovery.is_none());
    let Some(open) = open else { return Some(0.0) };
    let since = steps.iter().filter(|step| step.date > open.peak);
    Some(since.map(|step| 1.0 + step.value).product::<f64>() - 1.0)
}

fn accumulated(case: &Case, inputs: &Inputs, check: &mut Check) {
    let start = inputs.start_date.unwrap_or_default();
    let wealth = inputs.accumulated_returns.iter().map(|value| 1.0 + value);
    let days: Vec<(NaiveDate, f64)> = start.iter_days().zip(wealth).collect();
    let step = |pair: &[(NaiveDate, f64)]| DatedReturn {
        from: pair[0].0,
        date: pair[1].0,
        value: pair[1].1 / pair[0].1 - 1.0,
    };
    let steps: Vec<DatedReturn> = days.windows(2).map(step).collect();
    let depth = max_drawdown(&steps).map(|fall| -fall.depth);
    // From each peak to the next, and from the last to the end.
    let (mut highest, mut peak, mut longest) = (f64::MIN, start, 0);
    for (day, value) in &days {
        longest = longest.max((*day - peak).num_days());
        if *value >= highest {
            (highest, peak) = (*value, *day);
        }
    }
    compare(case, &[("max_drawdown", depth), ("max_drawdown_days", Some(longest as f64))], check);
}

fn all_time_high(case: &Case, inputs: &Inputs, check: &mut Check) {
    let days = inputs.first_date.unwrap_or_default().iter_days().zip(inputs.prices.iter().copied());
    let within = |day: NaiveDate| inputs.range.as_ref().is_none_or(|range| day > range.from && day <= range.to);
    let days: Vec<(NaiveDate, f64)> = days.filter(|(day, _)| within(*day)).collect();
    let highest = days.iter().copied().reduce(|high, one| if one.1 > high.1 { one } else { high });
    let last = days.last().map(|(_, price)| *price);
    let distance = last.zip(highest).map(|(last, (_, high))| last / high - 1.0);
    if let Some(expected) = case.expected.get("date")
        && expected.as_str() != highest.map(|(day, _)| day.to_string()).as_deref()
    {
        check.fail("date", expected, highest.map_or_else(|| "none".to_owned(), |(day, _)| day.to_string()));
    }
    compare(case, &[("value", highest.map(|(_, price)| price)), ("distance", distance), ("date", None)], check);
}

/// Every observation, a missing one as no growth.
fn whole(returns: &[Option<f64>]) -> Vec<f64> {
    returns.iter().map(|value| value.unwrap_or(0.0)).collect()
}

/// Returns on days that stand for the periods.
fn dated(returns: &[Option<f64>]) -> Vec<DatedReturn> {
    let days = NaiveDate::default().iter_days().zip(NaiveDate::default().iter_days().skip(1));
    days.zip(whole(returns)).map(|((from, date), value)| DatedReturn { from, date, value }).collect()
}

/// Compares every key that is expected; dates are compared where they are made.
pub(crate) fn compare(case: &Case, got: &[(&str, Option<f64>)], check: &mut Check) {
    for (name, expected) in &case.expected {
        match got.iter().find(|(key, _)| key == name) {
            None => check.fail(name, expected, "nothing: the key is unknown"),
            Some(("date", _)) => {}
            Some((_, got)) if is_near(expected, *got, check.tolerance()) => {}
            Some((_, got)) => check.fail(name, expected, shown(*got)),
        }
    }
}

/// Compares a list of numbers.
pub(crate) fn compare_list(key: &str, expected: &Value, got: &[f64], check: &mut Check) {
    let list = expected.as_array().cloned().unwrap_or_default();
    let fits = list.len() == got.len()
        && list.iter().zip(got).all(|(expected, got)| is_near(expected, Some(*got), check.tolerance()));
    if !fits {
        check.fail(key, expected, format!("{got:?}"));
    }
}
