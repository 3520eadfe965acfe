//! The family attribution.

use domain::analytics::{Attribution, Effects, Model, Segment, attribute, linked};
use serde::Deserialize;
use serde_json::Value;

use crate::case::Case;
use crate::check::Check;
use crate::returns::{is_near, read, shown};
use crate::statistics::compare;

#[derive(Deserialize)]
struct Group {
    group: String,
    portfolio_weight: f64,
    benchmark_weight: f64,
    portfolio_return: Option<f64>,
    benchmark_return: Option<f64>,
}

#[derive(Deserialize)]
struct Inputs {
    #[serde(default)]
    interaction: String,
    #[serde(default)]
    groups: Vec<Group>,
    #[serde(default)]
    periods: Vec<Period>,
}

#[derive(Deserialize)]
struct Period {
    groups: Vec<Group>,
}

impl Inputs {
    fn of(groups: &[Group]) -> Vec<Segment> {
        let segment = |group: &Group| Segment {
            portfolio_weight: group.portfolio_weight,
            benchmark_weight: group.benchmark_weight,
            portfolio_return: group.portfolio_return,
            benchmark_return: group.benchmark_return,
        };
        groups.iter().map(segment).collect()
    }
}

/// Compares a model, if the product has it.
pub(crate) fn evaluate(model: &str, case: &Case, check: &mut Check) -> bool {
    match model {
        "BRINSON_FACHLER" => brinson(case, check, Model::BrinsonFachler),
        "BRINSON_HOOD_BEEBOWER" => brinson(case, check, Model::BrinsonHoodBeebower),
        "GEOMETRIC" => geometric(case, check),
        "CURRENCY" => currency(case, check),
        "CONTRIBUTION" => contribution(case, check),
        _ => return false,
    }
    true
}

fn brinson(case: &Case, check: &mut Check, model: Model) {
    let Some(inputs) = read::<Inputs>(case, check) else { return };
    let names = inputs.periods.first().map_or(&inputs.groups, |period| &period.groups);
    let whole = if inputs.periods.is_empty() {
        attribute(&Inputs::of(&inputs.groups), model)
    } else {
        let periods: Vec<_> =
            inputs.periods.iter().map(|period| attribute(&Inputs::of(&period.groups), model)).collect();
        match linked(&periods) {
            Some(whole) => whole,
            None => return check.fail("periods", "periods that can be linked", "none"),
        }
    };
    let effects: Vec<Effects> = match inputs.interaction.as_str() {
        "in_selection" => whole.effects.iter().map(|one| one.with_interaction_in_selection()).collect(),
        _ => whole.effects.clone(),
    };
    let names: Vec<&str> = names.iter().map(|group| group.group.as_str()).collect();
    for (key, expected) in &case.expected {
        let key = key.strip_prefix("linked_").unwrap_or(key);
        if key == "groups" {
            of_groups(expected, &names, &effects, check);
            continue;
        }
        match of_whole(key, &whole, &effects) {
            Some(got) if is_near(expected, Some(got), check.tolerance()) => {}
            Some(got) => check.fail(key, expected, got),
            None => check.fail(key, expected, "nothing: the key is unknown"),
        }
    }
}

fn of_whole(key: &str, whole: &Attribution, effects: &[Effects]) -> Option<f64> {
    let sum = |of: fn(&Effects) -> f64| effects.iter().map(of).sum::<f64>();
    Some(match key {
        "portfolio_return" => whole.portfolio_return,
        "benchmark_return" => whole.benchmark_return,
        "active_return" => whole.active_return(),
        "allocation_total" | "allocation" => sum(|one| one.allocation),
        "selection_total" | "selection" => sum(|one| one.selection),
        "interaction_total" | "interaction" => sum(|one| one.interaction),
        _ => return None,
    })
}

fn of_groups(expected: &Value, names: &[&str], effects: &[Effects], check: &mut Check) {
    for group in expected.as_array().into_iter().flatten() {
        let name = group["group"].as_str().unwrap_or_default();
        let Some(effect) = names.iter().position(|one| *one == name).and_then(|at| effects.get(at)) else {
            check.fail("groups", name, "no such group");
            continue;
        };
        let effects =
            [("allocation", effect.allocation), ("selection", effect.selection), ("interaction", effect.interaction)];
        for (key, got) in effects {
            if group.get(key).is_some_and(|expected| !is_near(expected, Some(got), check.tolerance())) {
                check.fail(&format!("groups {name} {key}"), &group[key], got);
            }
        }
    }
}

/// The benchmark's returns at the portfolio's weights stand between the two: what they earn more than the benchmark is allocation.
fn geometric(case: &Case, check: &mut Check) {
    let Some(inputs) = read::<Inputs>(case, check) else { return };
    let whole = attribute(&Inputs::of(&inputs.groups), Model::BrinsonHoodBeebower);
    let allocation: f64 = whole.effects.iter().map(|one| one.allocation).sum();
    let semi = whole.benchmark_return + allocation;
    let (own, other) = (whole.portfolio_return, whole.benchmark_return);
    let got = [
        ("portfolio_return", own),
        ("benchmark_return", other),
        ("geometric_excess", (1.0 + own) / (1.0 + other) - 1.0),
        ("semi_notional_return", semi),
        ("allocation_total", (1.0 + semi) / (1.0 + other) - 1.0),
        ("selection_total", (1.0 + own) / (1.0 + semi) - 1.0),
    ];
    compare(case, &got.map(|(key, value)| (key, Some(value))), check);
}

fn currency(case: &Case, check: &mut Check) {
    #[derive(Deserialize)]
    struct Side {
        weight: f64,
        local_return: f64,
        fx_return: f64,
    }
    impl Side {
        /// What the rate adds to the local return, the cross term inside.
        fn of_rates(&self) -> f64 {
            (1.0 + self.local_return) * (1.0 + self.fx_return) - 1.0 - self.local_return
        }
    }
    #[derive(Deserialize)]
    struct Inputs {
        portfolio: Side,
        benchmark: Side,
    }
    let Some(Inputs { portfolio, benchmark }) = read(case, check) else { return };
    let segment = |own: f64, other: f64| Segment {
        portfolio_weight: portfolio.weight,
        benchmark_weight: benchmark.weight,
        portfolio_return: Some(own),
        benchmark_return: Some(other),
    };
    let effect = |own, other| {
        attribute(&[segment(own, other)], Model::BrinsonFachler).effects[0].with_interaction_in_selection()
    };
    let local = effect(portfolio.local_return, benchmark.local_return);
    let rates = effect(portfolio.of_rates(), benchmark.of_rates());
    let got = [
        ("local_allocation", local.allocation),
        ("local_selection", local.selection),
        ("currency_allocation", rates.allocation),
        ("currency_selection", rates.selection),
        ("total_effect", local.total() + rates.total()),
    ];
    compare(case, &got.map(|(key, value)| (key, Some(value))), check);
}

fn contribution(case: &Case, check: &mut Check) {
    #[derive(Deserialize)]
    struct Position {
        begin: f64,
        end: f64,
        portfolio_begin: f64,
    }
    #[derive(Deserialize)]
    struct Inputs {
        positions: Vec<Position>,
    }
    let Some(Inputs { positions }) = read(case, check) else { return };
    let [position] = positions.as_slice() else { return check.fail("positions", "one position", shown(None)) };
    let weight = position.begin / position.portfolio_begin;
    let contribution = (position.end - position.begin) / position.portfolio_begin;
    compare(case, &[("weight", Some(weight)), ("contribution", Some(contribution))], check);
}
