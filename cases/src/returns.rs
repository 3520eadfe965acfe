//! The families xirr, returns, risk and attribution, as far as the product's kernels go.

use chrono::NaiveDate;
use domain::analytics::{FlowTimings, Xirr, irr, modified_irr, present_value, twr, xirr};
use serde::Deserialize;
use serde_json::Value;

use crate::case::Case;
use crate::check::Check;
use crate::number::plain;
use crate::{attribution, earned, statistics};

#[derive(Deserialize)]
pub(crate) struct Dated {
    pub(crate) date: NaiveDate,
    pub(crate) amount: f64,
}

#[derive(Deserialize)]
struct Subperiod {
    start_value: f64,
    #[serde(default)]
    inflow: f64,
    #[serde(default)]
    outflow: f64,
    end_value: f64,
}

/// Compares a case of a kind that the product computes; says which kind it is where it does not yet.
pub(crate) fn evaluate(family: &str, case: &Case, check: &mut Check) -> Option<String> {
    let named = ["kind", "metric", "model"].into_iter().find_map(|key| case.inputs.get(key));
    let kind = named.map_or_else(|| "?".to_owned(), plain);
    let day_count = case.inputs.get("day_count").map_or_else(|| "ACT/365F".to_owned(), plain);
    let year = match day_count.as_str() {
        "ACT/365F" => Some(365.0),
        "ACT/360" => Some(360.0),
        _ => None,
    };
    match (family, kind.as_str(), year) {
        ("xirr", "xirr", Some(year)) => rate(case, check, |flows: Vec<Dated>| match year {
            365.0 => xirr(&flows.iter().map(|flow| (flow.date, flow.amount)).collect::<Vec<_>>()),
            year => irr(&in_years(flows, year)),
        }),
        ("xirr", "xnpv" | "xnfv", Some(year)) => worth(case, check, &kind, year),
        ("xirr" | "returns", "irr", _) => rate(case, check, |flows: Vec<f64>| {
            irr(&flows.into_iter().enumerate().map(|(at, amount)| (at as f64, amount)).collect::<Vec<_>>())
        }),
        ("xirr", "mirr", _) => modified(case, check),
        ("returns", "twr_subperiods", _) => subperiods(case, check),
        ("returns", kind, _) if earned::evaluate(kind, case, check) => {}
        ("risk", metric, _) if statistics::evaluate(metric, case, check) => {}
        ("attribution", model, _) if attribution::evaluate(model, case, check) => {}
        ("xirr", "xirr", None) => return Some(format!("{family} {kind} {day_count}")),
        _ => return Some(format!("{family} {kind}")),
    }
    None
}

/// Flows by the years since the first.
fn in_years(mut flows: Vec<Dated>, year: f64) -> Vec<(f64, f64)> {
    flows.sort_by_key(|flow| flow.date);
    let start = flows.first().map(|flow| flow.date).unwrap_or_default();
    flows.iter().map(|flow| ((flow.date - start).num_days() as f64 / year, flow.amount)).collect()
}

/// What dated flows are worth at the first of them, or at the last.
fn worth(case: &Case, check: &mut Check, kind: &str, year: f64) {
    #[derive(Deserialize)]
    struct Inputs {
        rate: f64,
        flows: Vec<Dated>,
    }
    let Some(Inputs { rate, flows }) = read(case, check) else { return };
    let flows = in_years(flows, year);
    let last = flows.last().map_or(0.0, |flow| flow.0);
    let grows = if kind == "xnfv" { (last * rate.ln_1p()).exp() } else { 1.0 };
    statistics::compare(case, &[("value", present_value(rate, &flows).map(|value| value * grows))], check);
}

fn modified(case: &Case, check: &mut Check) {
    #[derive(Deserialize)]
    struct Inputs {
        flows: Vec<f64>,
        finance_rate: f64,
        reinvest_rate: f64,
    }
    let Some(Inputs { flows, finance_rate, reinvest_rate }) = read(case, check) else { return };
    let got = modified_irr(&flows, finance_rate, reinvest_rate).map(|rate| rate.0);
    statistics::compare(case, &[("rate", got)], check);
}

/// What a case gives; nothing where it is not that, which fails the case.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(case: &Case, check: &mut Check) -> Option<T> {
    T::deserialize(&case.inputs).map_err(|error| check.fail("inputs", "inputs of this kind", error)).ok()
}

fn rate<T: for<'de> Deserialize<'de>>(case: &Case, check: &mut Check, solve: impl FnOnce(T) -> Xirr) {
    let flows = case.inputs.get("flows").cloned().unwrap_or_default();
    let solved = match serde_json::from_value(flows) {
        Ok(flows) => solve(flows),
        Err(error) => return check.fail("inputs.flows", "flows", error),
    };
    let got = solved.rate().map(|rate| rate.0);
    // Any rate that solves the flows is as right as another.
    let lists = ["all_roots", "accept_also"].into_iter().filter_map(|key| case.expected.get(key)?.as_array());
    let others: Vec<&Value> = lists.flatten().collect();
    for (key, expected) in &case.expected {
        match key.as_str() {
            "rate" => {
                let fits = |one: &Value| is_near(one, got, check.tolerance());
                if !fits(expected) && !others.iter().any(|one| fits(one)) {
                    check.fail("rate", expected, shown(got));
                }
            }
            "all_roots" | "accept_also" => {}
            _ => check.fail(key, expected, "nothing: the key is unknown"),
        }
    }
}

/// A chain of subperiods, each with its flows at its start as they are given.
fn subperiods(case: &Case, check: &mut Check) {
    let given = case.inputs.get("subperiods").cloned().unwrap_or_default();
    let steps: Vec<Subperiod> = match serde_json::from_value(given) {
        Ok(steps) => steps,
        Err(error) => return check.fail("inputs.subperiods", "subperiods", error),
    };
    let (mut growth, mut gain) = (Some(1.0), 0.0);
    let days = [NaiveDate::default(), NaiveDate::default() + chrono::Days::new(1)];
    for step in &steps {
        let flow = step.inflow - step.outflow;
        let linked = twr(&days, &[Some(step.start_value), Some(step.end_value)], &[0.0, flow], FlowTimings::default());
        growth = growth.zip(linked.total).map(|(growth, step)| growth * (1.0 + step.0));
        gain += step.end_value - step.start_value - flow;
    }
    for (key, expected) in &case.expected {
        let got = match key.as_str() {
            "twr" => growth.map(|growth| growth - 1.0),
            "gain" => Some(gain),
            _ => {
                check.fail(key, expected, "nothing: the key is unknown");
                continue;
            }
        };
        if !is_near(expected, got, check.tolerance()) {
            check.fail(key, expected, shown(got));
        }
    }
}

pub(crate) fn is_near(expected: &Value, got: Option<f64>, tolerance: f64) -> bool {
    match (expected.as_f64(), got) {
        (Some(expected), Some(got)) => (expected - got).abs() <= tolerance,
        (None, None) => expected.is_null(),
        _ => false,
    }
}

pub(crate) fn shown(rate: Option<f64>) -> String {
    rate.map_or_else(|| "none".to_owned(), |rate| rate.to_string())
}
