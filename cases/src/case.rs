//! One case: which family it belongs to, and who computes it.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::check::Check;
use crate::ledger;
use crate::number::Number;
use crate::report::{Outcome, Verdict};
use crate::returns;

/// What every case has. Where it comes from and what is said about it are for people.
#[derive(Deserialize)]
pub(crate) struct Case {
    family: String,
    pub(crate) inputs: Value,
    pub(crate) expected: Map<String, Value>,
    #[serde(default)]
    tolerance: Option<Number>,
}

pub(crate) fn run(at: usize, value: Value) -> Outcome {
    let id = value.get("id").and_then(Value::as_str).map_or_else(|| format!("#{}", at + 1), str::to_owned);
    match serde_json::from_value::<Case>(value) {
        Ok(case) => evaluate(id, &case),
        Err(error) => {
            let mut check = Check::new(Number::ZERO);
            check.fail("case", "a case", error);
            outcome(id, check, None)
        }
    }
}

fn evaluate(id: String, case: &Case) -> Outcome {
    let mut check = Check::new(case.tolerance.unwrap_or(Number::ZERO));
    let left_out = match case.family.as_str() {
        "ledger" | "lots" | "multicurrency" => {
            ledger::evaluate(case, &mut check);
            None
        }
        family @ ("xirr" | "returns" | "risk" | "attribution") => returns::evaluate(family, case, &mut check),
        family => {
            check.fail("family", "a known family", family);
            None
        }
    };
    outcome(id, check, left_out)
}

fn outcome(id: String, check: Check, left_out: Option<String>) -> Outcome {
    let verdict = match left_out {
        _ if !check.failures.is_empty() => Verdict::Failed,
        Some(kind) => Verdict::LeftOut { kind },
        None => Verdict::Passed,
    };
    Outcome { id, verdict, failures: check.failures, differing: check.differing, left_out: check.left_out }
}
