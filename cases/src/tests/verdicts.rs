//! What counts as passed, failed and left out.

use super::*;
use crate::FileError;

fn one_buy() -> Value {
    json!({ "config": config(json!({})), "transactions": [traded("2024-01-02", "BUY", "2", "100", "1", "b1")] })
}

#[test]
fn every_wrong_expectation_fails_by_its_path() {
    let wrong = json!({
        "positions": [{ "symbol": "S", "quantity": "3" }, { "symbol": "T", "quantity": "1" }],
        "cash": [{ "currency": "EUR", "amount": "-200" }],
        "totals": { "fees": "2" },
        "cost_basis": "200",
        "matches": [{ "sell": "s1", "lot": "b1", "quantity": "1" }],
        "remaining_lots": [],
        "realized_by_sale": [{ "sell": "s1", "realized_gain": "0" }],
        "missing_quantity": "1",
        "invested_cost_by_trade_date": [{ "date": "2024-01-03", "cost_basis": "202" }],
        "period": { "initial_value": "0" },
    });
    let mut found = failing(one_buy(), wrong);
    found.sort();
    let mut expected = [
        "cash[EUR].amount",
        "cost_basis",
        "invested_cost_by_trade_date[2024-01-03].cost_basis",
        "matches[s1, b1]",
        "missing_quantity",
        "period",
        "positions[S].quantity",
        "positions[T].quantity",
        "realized_by_sale[s1]",
        "remaining_lots",
        "totals.fees",
    ];
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn an_unknown_key_fails_wherever_it_stands() {
    let unknown = json!({
        "verdict": "1", "totals": { "luck": "1" }, "positions": [{ "symbol": "S", "luck": "1" }],
        "remaining_lots": [{ "lot": "b1", "luck": "1" }],
    });
    let found = failing(one_buy(), unknown);
    assert_eq!(found, ["positions[S].luck", "remaining_lots[b1].luck", "totals.luck", "verdict"]);
}

#[test]
fn an_unknown_setting_or_field_fails() {
    for changes in [json!({ "cost_method": "DEAREST" }), json!({ "oversell": "PERHAPS" }), json!({ "mood": "good" })] {
        let mut inputs = one_buy();
        inputs["config"] = config(changes);
        assert_eq!(failing(inputs, json!({})), ["inputs"]);
    }
    let mut inputs = one_buy();
    inputs["transactions"][0]["mood"] = "good".into();
    assert_eq!(failing(inputs, json!({})), ["inputs"]);
}

#[test]
fn a_measure_of_another_product_is_said_where_it_differs_and_counted() {
    let inputs = json!({
        "config": config(json!({})), "transactions": [traded("2024-01-02", "BUY", "2", "100", "1", "b1")],
        "prices": [price("2024-01-02", "110")],
    });
    let outcome =
        outcome(inputs, json!({ "totals": { "luck_pct": "1", "time_weighted_investment": "5", "fees": "1" } }));
    assert_eq!(
        (outcome.verdict.clone(), outcome.left_out.clone()),
        (Verdict::Passed, vec!["totals.luck_pct".to_owned()])
    );
    let lines = Report { outcomes: vec![outcome] }.lines();
    assert_eq!(
        lines,
        [
            "differs † one totals.time_weighted_investment: expected 5, got 201",
            "left out: 2 † keys (1 not computed, 1 differ)",
            "1 passed, 0 failed",
        ]
    );
}

#[test]
fn a_case_that_cannot_be_booked_or_read_has_failed() {
    let oversold = json!({
        "config": config(json!({})), "transactions": [traded("2024-01-02", "SELL", "2", "100", "1", "s1")],
    });
    assert_eq!(failing(oversold.clone(), json!({ "positions": [] })), ["booking"]);
    assert_eq!(failing(oversold, json!({ "error": "MISSING_FX" })), ["error"]);
    let lines = report(json!([{ "id": "x", "family": "magic", "inputs": {}, "expected": {} }, {}])).lines();
    assert_eq!(lines.last().unwrap(), "0 passed, 2 failed");
    assert!(lines[0].starts_with("FAIL x family"), "{lines:?}");
    assert!(lines[1].starts_with("FAIL #2 case"), "{lines:?}");
    assert!(matches!(crate::run("{}"), Err(FileError::NoList)));
    assert!(matches!(crate::run("["), Err(FileError::Json(_))));
}
