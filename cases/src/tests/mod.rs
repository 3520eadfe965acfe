//! Cases by example: each figure is worked out in the comment above it.

mod accounts;
mod currencies;
mod flows;
mod income;
mod lots;
mod oversold;
mod periods;
mod rates_of_return;
mod verdicts;

use serde_json::{Value, json};

use crate::{Outcome, Report, Verdict};

/// The configuration that most cases share: first in, first out, by account, fees in cost, no oversell.
fn config(changes: Value) -> Value {
    let mut config = json!({
        "base_currency": "EUR", "cost_method": "FIFO", "fees_in_cost_basis": true, "oversell": "REJECT",
        "lot_scope": "ACCOUNT",
    });
    if let (Value::Object(config), Value::Object(changes)) = (&mut config, changes) {
        config.extend(changes);
    }
    config
}

fn report(cases: Value) -> Report {
    crate::run(&cases.to_string()).unwrap()
}

fn outcome(inputs: Value, expected: Value) -> Outcome {
    let case = json!([{
        "id": "one", "family": "ledger", "inputs": inputs, "expected": expected, "tolerance": "0.00000001",
    }]);
    report(case).outcomes.remove(0)
}

#[track_caller]
fn holds(inputs: Value, expected: Value) {
    let outcome = outcome(inputs, expected);
    assert_eq!((outcome.failures, outcome.differing, outcome.left_out), (vec![], vec![], vec![]));
    assert_eq!(outcome.verdict, Verdict::Passed);
}

/// The paths that are not as expected.
fn failing(inputs: Value, expected: Value) -> Vec<String> {
    outcome(inputs, expected).failures.into_iter().map(|found| found.key).collect()
}

/// A transaction of one symbol, S, in euros.
fn traded(date: &str, kind: &str, quantity: &str, price: &str, fee: &str, id: &str) -> Value {
    json!({
        "date": date, "type": kind, "symbol": "S", "quantity": quantity, "price": price, "fee": fee, "currency": "EUR",
        "id": id,
    })
}

/// The same in an account.
fn in_account(mut transaction: Value, account: &str) -> Value {
    transaction["account"] = account.into();
    transaction
}

/// Money that moves without a trade, in euros.
fn moved(date: &str, kind: &str, amount: &str) -> Value {
    json!({ "date": date, "type": kind, "amount": amount, "currency": "EUR" })
}

fn price(date: &str, price: &str) -> Value {
    json!({ "symbol": "S", "date": date, "price": price, "currency": "EUR" })
}
