//! Rates and time-weighted returns, and the kinds that are left out.

use super::*;

fn case(family: &str, inputs: Value, expected: Value) -> Outcome {
    let case = json!([{ "id": "r", "family": family, "inputs": inputs, "expected": expected, "tolerance": "1e-9" }]);
    report(case).outcomes.remove(0)
}

fn dated(rows: &[(&str, f64)]) -> Value {
    rows.iter().map(|(date, amount)| json!({ "date": date, "amount": amount })).collect()
}

#[test]
fn a_rate_is_solved_by_the_day_count() {
    let flows = dated(&[("2023-01-01", -100.0), ("2024-01-01", 110.0)]);
    let xirr = |day_count: &str, rate: Value| {
        let inputs = json!({ "kind": "xirr", "day_count": day_count, "flows": flows });
        case("xirr", inputs, json!({ "rate": rate })).verdict
    };
    assert_eq!(xirr("ACT/365F", json!(0.1)), Verdict::Passed);
    assert_eq!(xirr("ACT/365F", json!(0.11)), Verdict::Failed);
    // 1.1^(360/365) − 1.
    assert_eq!(xirr("ACT/360", json!(0.09856475635292616)), Verdict::Passed);
    assert_eq!(xirr("ACT/ACT", json!(0.1)), Verdict::LeftOut { kind: "xirr xirr ACT/ACT".to_owned() });
    let one_way = json!({ "kind": "xirr", "flows": dated(&[("2023-01-01", -1.0), ("2024-01-01", -1.0)]) });
    assert_eq!(case("xirr", one_way, json!({ "rate": null })).verdict, Verdict::Passed);
}

#[test]
fn any_root_will_do() {
    // −1 + 2.3/(1 + r) − 1.32/(1 + r)² has the roots 0.1 and 0.2.
    let inputs = json!({ "kind": "irr", "flows": [-1.0, 2.3, -1.32] });
    let expected = json!({ "rate": 0.2, "all_roots": [0.1, 0.2] });
    assert_eq!(case("xirr", inputs.clone(), expected).verdict, Verdict::Passed);
    assert_eq!(case("xirr", inputs, json!({ "rate": 0.2 })).verdict, Verdict::Failed);
}

#[test]
fn subperiods_are_linked() {
    let inputs = json!({ "kind": "twr_subperiods", "subperiods": [
        { "start_value": 100, "end_value": 110 }, { "start_value": 110, "inflow": 90, "end_value": 190 },
    ] });
    // 1.1 × 190 ÷ 200 − 1; 10 − 10.
    assert_eq!(case("returns", inputs, json!({ "twr": 0.045, "gain": 0.0 })).verdict, Verdict::Passed);
}

#[test]
fn what_is_not_there_yet_is_neither_passed_nor_failed() {
    let report = report(json!([
        { "id": "a", "family": "risk", "inputs": { "metric": "made_up" }, "expected": {} },
        { "id": "b", "family": "attribution", "inputs": { "model": "MADE_UP" }, "expected": {} },
    ]));
    let lines = report.lines();
    assert_eq!(lines[0], "left out (not in the product yet): attribution MADE_UP 1, risk made_up 1");
    assert_eq!(lines[2], "0 passed, 0 failed");
}

#[test]
fn statistics_are_compared_where_the_definition_is_the_products() {
    let risk = |metric: &str, changes: Value, value: Value| {
        let mut inputs = json!({ "metric": metric, "returns": [0.1, null, -0.2, 0.1] });
        inputs.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        case("risk", inputs, json!({ "value": value })).verdict
    };
    assert_eq!(risk("max_drawdown", json!({}), json!(-0.2)), Verdict::Passed);
    assert_eq!(risk("max_drawdown", json!({}), json!(0.2)), Verdict::Failed);
    // The mean is 0, the squares sum to 0.06: √0.03 a period.
    assert_eq!(risk("annual_volatility", json!({ "periods_per_year": 3 }), json!(0.3)), Verdict::Passed);
    assert_eq!(risk("sharpe", json!({ "periods_per_year": 3, "risk_free": 0.03 }), json!(-0.3)), Verdict::Passed);
    let other = risk("sharpe", json!({ "periods_per_year": 3, "moon": "full" }), json!(0.0));
    assert_eq!(other, Verdict::LeftOut { kind: "risk sharpe".to_owned() });
    let span = |year_days: f64| {
        let inputs = json!({
            "kind": "annualise", "total_return": 0.21, "start": "2022-01-01", "end": "2024-01-01", "year_days": year_days,
        });
        case("returns", inputs, json!({ "annualised": 0.1 })).verdict
    };
    assert_eq!(span(365.0), Verdict::Passed);
    // 730 days are a little less than two years of 365.25: not 10 %.
    assert_eq!(span(365.25), Verdict::Failed);
}

#[test]
fn values_flows_and_segments_are_compared_by_the_products_kernels() {
    let of = |family: &str, inputs: Value, expected: Value| case(family, inputs, expected).verdict;
    let dietz = json!({ "kind": "modified_dietz", "begin_value": 100.0, "end_value": 130.0, "period_days": 30,
        "flows": [{ "amount": 20.0, "day": 15 }] });
    // 10 on 100 and half of 20.
    assert_eq!(of("returns", dietz.clone(), json!({ "return_pct": 9.090909090909092 })), Verdict::Passed);
    assert_eq!(of("returns", dietz, json!({ "return_pct": 9.1 })), Verdict::Failed);
    let group = |name: &str, wp: f64, wb: f64, rp: f64, rb: f64| json!({ "group": name, "portfolio_weight": wp, "benchmark_weight": wb, "portfolio_return": rp, "benchmark_return": rb });
    let groups = [group("A", 0.6, 0.5, 0.1, 0.05), group("B", 0.4, 0.5, 0.02, 0.03)];
    let brinson = json!({ "model": "BRINSON_FACHLER", "interaction": "separate", "groups": groups });
    let expected = json!({ "active_return": 0.028, "allocation_total": 0.002, "selection_total": 0.02, "interaction_total": 0.006 });
    assert_eq!(of("attribution", brinson.clone(), expected), Verdict::Passed);
    assert_eq!(of("attribution", brinson, json!({ "moon": 1 })), Verdict::Failed);
    let mirr = json!({ "kind": "mirr", "flows": [-100.0, 0.0, 121.0], "finance_rate": 0.1, "reinvest_rate": 0.1 });
    assert_eq!(of("xirr", mirr, json!({ "rate": 0.1 })), Verdict::Passed);
    let days = json!([{ "begin": 100.0, "bod_flow": 0.0, "eod_flow": 0.0, "fees": -1.0, "end": 111.0 }]);
    let daily = |basis: &str| json!({ "kind": "daily_returns", "basis": basis, "days": days });
    assert_eq!(of("returns", daily("NET"), json!({ "daily_pct": [10.0] })), Verdict::Passed);
    assert_eq!(of("returns", daily("GROSS"), json!({ "daily_pct": [11.0] })), Verdict::Passed);
}
