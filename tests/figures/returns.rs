//! Returns, by hand and by identity.

use serde_json::{Value, json};

use super::{amount, rate, worked_example};
use crate::support::{App, Book};

#[tokio::test]
async fn time_weighted_and_money_weighted_part_where_the_contract_says() {
    let app = App::start().await;
    let book = worked_example(&app).await;
    let fields =
        "metrics { days openingDate twr { value } xirr { value unit } } totals { totalValue { value { amount } } }";
    let shown = book.show("2024-01-03", None, fields).await;
    assert_eq!(shown["totals"]["totalValue"]["value"]["amount"], "96900");
    let twr = rate(&shown["metrics"]["twr"]["value"]);
    assert!((twr - (1.2 * 0.95 - 1.0)).abs() < 1e-9, "{twr}");
    assert_eq!(shown["metrics"]["xirr"]["unit"], "FRACTION_PER_YEAR");
    // 10,000 for 365 days and 90,000 for 181 come to 96,900.
    let xirr = rate(&shown["metrics"]["xirr"]["value"]);
    let left = -10_000.0 * (1.0 + xirr) - 90_000.0 * (1.0 + xirr).powf(181.0 / 365.0) + 96_900.0;
    assert!(left.abs() < 0.01 && (-0.06..-0.05).contains(&xirr), "{xirr} leaves {left}");
}

#[tokio::test]
async fn returns_from_both_ends_are_those_of_the_worked_example() {
    let app = App::start().await;
    let book = worked_example(&app).await;
    let fields = "analytics { openingDate returns { modifiedDietz { value unit conventions } simpleReturn { value } } }
        later: analytics(range: { from: \"2023-07-07\" }) { returns { modifiedDietz { value } simpleReturn { value } twr { value } } }";
    let shown = book.show("2024-01-03", None, fields).await;
    let (analytics, later) = (&shown["analytics"], &shown["later"]["returns"]);
    assert_eq!(analytics["openingDate"], "2023-01-02");
    // −3,100 on 10,000 for all of 366 days and 90,000 from the start of day 185 on.
    let dietz = rate(&analytics["returns"]["modifiedDietz"]["value"]);
    assert!((dietz - -3_100.0 / (10_000.0 + 90_000.0 * 182.0 / 366.0)).abs() < 1e-9, "{dietz}");
    assert!((rate(&analytics["returns"]["simpleReturn"]["value"]) - -0.031).abs() < 1e-9, "{analytics}");
    // Without flows all three are the same: −5 %.
    for figure in ["modifiedDietz", "simpleReturn", "twr"] {
        assert!((rate(&later[figure]["value"]) - -0.05).abs() < 1e-9, "{figure}: {later}");
    }
    let empty = Book::open(&app, "EUR").await;
    let fields = "analytics { returns { modifiedDietz { value reasons { code } } simpleReturn { value } } }";
    let none = empty.show("2024-01-03", None, fields).await["analytics"]["returns"].clone();
    assert_eq!(none["modifiedDietz"], json!({ "value": null, "reasons": [{ "code": "ZERO_CAPITAL" }] }));
    assert_eq!(none["simpleReturn"]["value"], json!(null));
}

#[tokio::test]
async fn todays_change_is_value_minus_value_before_minus_flow() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    book.deposit("2024-03-01", "1000", "USD").await;
    book.buy("2024-03-01", "ACME", "3", "252").await;
    book.deposit("2024-03-14", "50", "USD").await;
    let fields = "today { date previousDate value { amount } previousValue { amount } flow { amount } change { amount }
        changeReturn reasons { code } } totals { totalValue { value { amount } } }";
    let shown = book.show("2024-03-14", None, fields).await;
    let today = &shown["today"];
    assert_eq!((&today["date"], &today["previousDate"]), (&json!("2024-03-14"), &json!("2024-03-13")));
    assert_eq!(today["value"], shown["totals"]["totalValue"]["value"]);
    let before = book.show("2024-03-13", None, fields).await;
    assert_eq!(today["previousValue"], before["totals"]["totalValue"]["value"]);
    let part = |name: &str| amount(&today[name]["amount"]);
    assert!((part("value") - part("previousValue") - part("flow") - part("change")).abs() < 1e-9, "{today}");
    let expected = part("value") / (part("previousValue") + part("flow")) - 1.0;
    assert!((rate(&today["changeReturn"]) - expected).abs() < 1e-9, "{today}");
    // 244 + 3 × 256 dollars at 1.1343, then 294 + 3 × 256.50 at 1.1344, 50 of it paid in.
    assert!((part("value") - 1063.5 / 1.1344).abs() < 0.01 && (part("flow") - 50.0 / 1.1344).abs() < 0.01, "{today}");
}

#[tokio::test]
async fn a_split_on_its_ex_date_changes_the_count_and_not_the_value() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2024-01-31", "GLOBEX", "10", "199").await;
    let split = json!({ "split": { "instrumentId": book.instrument("GLOBEX"), "numerator": "2", "denominator": "1" } });
    book.record("2024-02-01", split).await;
    let fields = "holdings { nodes { quantity marketValue { amount } cost { amount } } } today { changeReturn }";
    let before = book.show("2024-01-31", None, fields).await["holdings"]["nodes"][0].clone();
    let shown = book.show("2024-02-01", None, fields).await;
    let after = &shown["holdings"]["nodes"][0];
    assert_eq!(before, json!({ "quantity": "10", "marketValue": { "amount": "1990" }, "cost": { "amount": "1990" } }));
    // 199.00 before, 100.00 after: the price of a half, half a dollar higher.
    assert_eq!(*after, json!({ "quantity": "20", "marketValue": { "amount": "2000" }, "cost": { "amount": "1990" } }));
}

#[tokio::test]
async fn a_history_ends_at_the_snapshot_and_flows_stand_on_their_days() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    book.deposit("2024-03-01", "1000", "USD").await;
    book.buy("2024-03-04", "ACME", "2", "252").await;
    book.record("2024-03-06", json!({ "withdrawal": { "amount": "100", "currency": "USD" } })).await;
    let fields = "valuations { dates values flows reasons { code } } totals { totalValue { value { amount } } }";
    let shown = book.show("2024-03-14", None, fields).await;
    let history = &shown["valuations"];
    let dates: Vec<&str> = history["dates"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!((dates.first(), dates.last()), (Some(&"2024-02-29"), Some(&"2024-03-14")));
    let values = history["values"].as_array().expect("a list");
    assert_eq!(values.last(), Some(&shown["totals"]["totalValue"]["value"]["amount"]));
    let flow = |day: &str| amount(&history["flows"][dates.iter().position(|date| *date == day).expect("a day")]);
    assert!((flow("2024-03-01") - 1000.0 / 1.1334).abs() < 0.01 && flow("2024-03-06") < 0.0, "{history}");
    assert!((flow("2024-03-05")).abs() < 1e-12);
    for day in ["2024-03-01", "2024-03-08"] {
        let snapshot = book.show(day, None, fields).await["totals"]["totalValue"]["value"]["amount"].clone();
        assert_eq!(values[dates.iter().position(|date| *date == day).expect("a day")], snapshot, "{day}");
    }
}
