//! The kinds of the family returns that begin from values, flows or returns.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};
use domain::analytics::{DatedReturn, FlowTimings, Twr, compound_annual, daily_return, irr, modified_dietz, twr};
use serde::Deserialize;

use crate::case::Case;
use crate::check::Check;
use crate::returns::{Dated, is_near, read, shown};
use crate::statistics::{compare, compare_list};

/// Compares a kind, if the product computes it.
pub(crate) fn evaluate(kind: &str, case: &Case, check: &mut Check) -> bool {
    match kind {
        "annualise" => annualised(case, check),
        "simple_dietz" | "modified_dietz" => dietz(kind, case, check),
        "return_on_cost" => on_cost(case, check),
        "cumulative" | "link" => cumulative(case, check),
        "annual_return" => annual(case, check),
        "aggregate" => aggregate(case, check),
        "daily_returns" => daily(case, check),
        "period_return" => period(case, check),
        "daily_twr" => return linked_daily(case, check),
        "fx_compounded_returns" => return compounded(case, check),
        _ => return false,
    }
    true
}

fn annualised(case: &Case, check: &mut Check) {
    #[derive(Deserialize)]
    struct Inputs {
        total_return: f64,
        start: NaiveDate,
        end: NaiveDate,
        year_days: f64,
    }
    let Some(inputs) = read::<Inputs>(case, check) else { return };
    let years = (inputs.end - inputs.start).num_days() as f64 / inputs.year_days;
    // One return in so many years is that many years' part of a period.
    let got = compound_annual(&[inputs.total_return], 1.0 / years).map(|rate| rate.0);
    compare(case, &[("annualised", got)], check);
}

fn dietz(kind: &str, case: &Case, check: &mut Check) {
    #[derive(Deserialize)]
    struct Flow {
        amount: f64,
        day: Option<f64>,
    }
    #[derive(Deserialize)]
    struct Inputs {
        begin_value: f64,
        end_value: f64,
        #[serde(default)]
        flows: Vec<Flow>,
        period_days: Option<f64>,
    }
    let Some(inputs) = read::<Inputs>(case, check) else { return };
    let weight = |flow: &Flow| match (kind, flow.day, inputs.period_days) {
        ("modified_dietz", Some(day), Some(days)) => (days - day) / days,
        _ => 0.5,
    };
    let flows: Vec<(f64, f64)> = inputs.flows.iter().map(|flow| (flow.amount, weight(flow))).collect();
    let got = modified_dietz(inputs.begin_value, inputs.end_value, &flows).map(|earned| earned.0 * 100.0);
    compare(case, &[("return_pct", got)], check);
}

fn on_cost(case: &Case, check: &mut Check) {
    #[derive(Deserialize)]
    struct Inputs {
        cost_basis: f64,
        market_value: f64,
    }
    let Some(Inputs { cost_basis, market_value }) = read(case, check) else { return };
    // From what was paid to what it is worth, without flows. Without days there is neither of the other two.
    let got = modified_dietz(cost_basis, market_value, &[]).map(|earned| earned.0);
    compare(case, &[("return", got), ("twr", None), ("mwr", None)], check);
}

fn cumulative(case: &Case, check: &mut Check) {
    #[derive(Deserialize)]
    struct Inputs {
        returns: Vec<Option<f64>>,
        #[serde(default)]
        starting_value: f64,
    }
    let Some(inputs) = read::<Inputs>(case, check) else { return };
    let growth = inputs.returns.iter().scan(1.0, |growth, step| {
        *growth *= 1.0 + step.unwrap_or(0.0);
        Some(*growth)
    });
    let start = inputs.starting_value;
    let series: Vec<f64> = growth.map(|growth| if start == 0.0 { growth - 1.0 } else { growth * start }).collect();
    for (key, expected) in &case.expected {
        match key.as_str() {
            "series" => compare_list(key, expected, &series, check),
            "final" | "total" | "return" | "linked" => {
                if !is_near(expected, series.last().copied(), check.tolerance()) {
                    check.fail(key, expected, shown(series.last().copied()));
                }
            }
            _ => check.fail(key, expected, "nothing: the key is unknown"),
        }
    }
}

fn annual(case: &Case, check: &mut Check) {
    #[derive(Deserialize)]
    struct Inputs {
        returns: Vec<Option<f64>>,
        periods_per_year: f64,
    }
    let Some(inputs) = read::<Inputs>(case, check) else { return };
    let returns: Vec<f64> = inputs.returns.iter().map(|value| value.unwrap_or(0.0)).collect();
    let got = compound_annual(&returns, inputs.periods_per_year).map(|rate| rate.0);
    compare(case, &[("annual_return", got), ("cagr", got)], check);
}

fn aggregate(case: &Case, check: &mut Check) {
    #[derive(Deserialize)]
    struct Step {
        date: NaiveDate,
        #[serde(rename = "return")]
        earned: Option<f64>,
    }
    #[derive(Deserialize)]
    struct Inputs {
        bucket: String,
        returns: Vec<Step>,
    }
    let Some(inputs) = read::<Inputs>(case, check) else { return };
    let mut buckets: BTreeMap<(i32, u32), f64> = BTreeMap::new();
    for step in &inputs.returns {
        let week = step.date.iso_week();
        let bucket = match inputs.bucket.as_str() {
            "ISO_WEEK" | "WEEK" => (week.year(), week.week()),
            "MONTH" => (step.date.year(), step.date.month()),
            "QUARTER" => (step.date.year(), step.date.month0() / 3),
            _ => (step.date.year(), 0),
        };
        *buckets.entry(bucket).or_insert(1.0) *= 1.0 + step.earned.unwrap_or(0.0);
    }
    let got: Vec<f64> = buckets.values().map(|growth| growth - 1.0).collect();
    for (key, expected) in &case.expected {
        compare_list(key, expected, &got, check);
    }
}

/// Days with flows at both ends, over the size of the capital at their start: a short holding's is below zero.
fn daily(case: &Case, check: &mut Check) {
    #[derive(Deserialize)]
    struct Day {
        begin: f64,
        bod_flow: f64,
        eod_flow: f64,
        fees: f64,
        end: f64,
    }
    #[derive(Deserialize)]
    struct Inputs {
        basis: String,
        days: Vec<Day>,
    }
    let Some(inputs) = read::<Inputs>(case, check) else { return };
    let earned = |day: &Day| {
        let fees = if inputs.basis == "NET" { day.fees } else { 0.0 };
        let capital = day.begin + day.bod_flow;
        let closing = day.end - day.eod_flow + fees;
        // A gain on a short holding counts against the size of what is owed.
        let (capital, closing) = if capital < 0.0 { (-capital, closing - 2.0 * capital) } else { (capital, closing) };
        daily_return(capital, closing, 0.0, FlowTimings::default()).unwrap_or(0.0) * 100.0
    };
    let got: Vec<f64> = inputs.days.iter().map(earned).collect();
    let mut growth = 1.0;
    let cumulative: Vec<f64> = got
        .iter()
        .map(|day| {
            growth *= 1.0 + day / 100.0;
            (growth - 1.0) * 100.0
        })
        .collect();
    for (key, expected) in &case.expected {
        match key.as_str() {
            "daily_pct" => compare_list(key, expected, &got, check),
            "cumulative_pct" => compare_list(key, expected, &cumulative, check),
            _ => check.fail(key, expected, "nothing: the key is unknown"),
        }
    }
}

fn compounded(case: &Case, check: &mut Check) -> bool {
    #[derive(Deserialize)]
    struct Inputs {
        local_return: f64,
        fx_return: f64,
    }
    let Ok(Inputs { local_return, fx_return }) = Inputs::deserialize(&case.inputs) else { return false };
    compare(case, &[("return", Some((1.0 + local_return) * (1.0 + fx_return) - 1.0))], check);
    true
}

#[derive(Deserialize)]
struct Span {
    start: NaiveDate,
    end: NaiveDate,
}

/// Cash alone, by day: the start opens the range.
fn linked_daily(case: &Case, check: &mut Check) -> bool {
    #[derive(Deserialize)]
    struct Entry {
        date: NaiveDate,
        #[serde(rename = "type")]
        kind: String,
        amount: String,
    }
    #[derive(Deserialize)]
    struct Inputs {
        period: Span,
        transactions: Vec<Entry>,
    }
    let Ok(inputs) = Inputs::deserialize(&case.inputs) else { return false };
    let sign = |kind: &str| match kind {
        "DEPOSIT" | "INTEREST" => Some(1.0),
        "WITHDRAWAL" | "FEE" | "TAX" => Some(-1.0),
        _ => None,
    };
    if inputs.transactions.iter().any(|entry| sign(&entry.kind).is_none()) {
        return false;
    }
    let Span { start, end } = inputs.period;
    let dates: Vec<NaiveDate> = start.iter_days().take_while(|day| *day <= end).collect();
    let sum = |counts: &dyn Fn(&Entry) -> bool| -> f64 {
        let amounts = inputs.transactions.iter().filter(|entry| counts(entry));
        amounts.map(|entry| sign(&entry.kind).unwrap_or(0.0) * entry.amount.parse::<f64>().unwrap_or(f64::NAN)).sum()
    };
    let is_flow = |entry: &Entry| ["DEPOSIT", "WITHDRAWAL"].contains(&entry.kind.as_str());
    let values: Vec<Option<f64>> = dates.iter().map(|day| Some(sum(&|entry| entry.date <= *day))).collect();
    let flows: Vec<f64> = dates.iter().map(|day| sum(&|entry| entry.date == *day && is_flow(entry))).collect();
    let chain = twr(&dates, &values, &flows, FlowTimings::default());
    let accumulated = accumulated(&dates, &chain);
    // A gain where there was no capital earns no return, and is said.
    let gained = |at: &usize| (values[*at].unwrap_or(0.0) - values[at - 1].unwrap_or(0.0) - flows[*at]).abs() > 1e-9;
    let warnings = (1..dates.len()).filter(|at| chain.zero_capital.contains(&dates[*at])).filter(gained).count();
    for (key, expected) in &case.expected {
        match key.as_str() {
            "accumulated" => compare_list(key, expected, &accumulated, check),
            "final" | "warnings" => {
                let got = if key == "final" { accumulated.last().copied() } else { Some(warnings as f64) };
                if !is_near(expected, got, check.tolerance()) {
                    check.fail(key, expected, shown(got));
                }
            }
            _ => check.fail(key, expected, "nothing: the key is unknown"),
        }
    }
    true
}

fn accumulated(dates: &[NaiveDate], chain: &Twr) -> Vec<f64> {
    let mut growth = 1.0;
    dates
        .iter()
        .map(|day| {
            let step: Option<&DatedReturn> = chain.returns.iter().find(|step| step.date == *day);
            growth *= 1.0 + step.map_or(0.0, |step| step.value);
            growth - 1.0
        })
        .collect()
}

/// Values and flows of days: the value before the first day opens, the one of the last is dated the day after it.
fn period(case: &Case, check: &mut Check) {
    #[derive(Deserialize)]
    struct Valuation {
        date: NaiveDate,
        value: f64,
    }
    #[derive(Deserialize)]
    struct Inputs {
        year_days: f64,
        period: Span,
        flows: Vec<Dated>,
        valuations: Vec<Valuation>,
        valuation_dates: Vec<NaiveDate>,
    }
    let Some(inputs) = read::<Inputs>(case, check) else { return };
    let Span { start, end } = inputs.period;
    let after = |day: NaiveDate| day.checked_add_days(Days::new(1)).unwrap_or(day);
    // At a valuation date that day's value counts, at the ends of the period that of the day before.
    let at = |day: NaiveDate| {
        let counts = |one: &&Valuation| one.date < day || one.date == day && inputs.valuation_dates.contains(&day);
        inputs.valuations.iter().rev().find(counts).map_or(0.0, |one| one.value)
    };
    let before = |day: NaiveDate| {
        if day == start {
            inputs.valuations.iter().rev().find(|one| one.date < day).map_or(0.0, |one| one.value)
        } else {
            at(day)
        }
    };
    let (opening, closing) = (before(start), before(after(end)));
    let within =
        |from: NaiveDate, to: NaiveDate| inputs.flows.iter().filter(move |flow| flow.date >= from && flow.date < to);
    let paid: f64 = within(start, after(end)).map(|flow| flow.amount).sum();
    let internal = |from: NaiveDate, to: NaiveDate| {
        let mut flows = vec![(0.0, -before(from))];
        flows.extend(
            within(from, to).map(|flow| ((flow.date - from).num_days() as f64 / inputs.year_days, -flow.amount)),
        );
        flows.push(((to - from).num_days() as f64 / inputs.year_days, before(to)));
        flows.retain(|flow| flow.1 != 0.0);
        irr(&flows).rate().map(|rate| rate.0)
    };
    let mut borders = inputs.valuation_dates.clone();
    borders.extend([start, after(end)]);
    borders.retain(|day| (start..=after(end)).contains(day));
    borders.sort();
    borders.dedup();
    let growth = borders.windows(2).try_fold(1.0, |growth, window| {
        let (from, to) = (window[0], window[1]);
        let years = (to - from).num_days() as f64 / inputs.year_days;
        let exact = within(from, to).next().is_none() && before(from) > 0.0;
        let step = if exact { before(to) / before(from) } else { (1.0 + internal(from, to)?).powf(years) };
        Some(growth * step)
    });
    let years = (after(end) - start).num_days() as f64 / inputs.year_days;
    let percent = |rate: Option<f64>| rate.map(|rate| rate * 100.0);
    let got = [
        ("value_begin", Some(opening)),
        ("cashflow", Some(paid)),
        ("value_end", Some(closing)),
        ("pnl", Some(closing - opening - paid)),
        ("irr_pct", percent(internal(start, after(end)))),
        ("twr_period_pct", percent(growth.map(|growth| growth - 1.0))),
        ("twr_year_pct", percent(growth.map(|growth: f64| growth.powf(1.0 / years) - 1.0))),
    ];
    compare(case, &got, check);
}
