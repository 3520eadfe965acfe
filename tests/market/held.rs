//! What the checks hold back, what operators decide about it, and that nothing clean is overwritten.

use serde_json::{Value, json};

use super::load;
use crate::support::{App, Client, Superuser};

pub(super) const OPEN: &str =
    "{ heldMarketRows(filter: { state: OPEN }) { nodes { id findings reason cells date } totalCount } }";
pub(super) const DECIDE: &str =
    "mutation($id: ID!, $input: HeldMarketRowDecideInput!) { heldMarketRowDecide(id: $id, input: $input) {
    heldMarketRow { decidedBy decidedValue note } userErrors { code message field } } }";

async fn held(operator: &Client) -> Vec<Value> {
    let answer = operator.run(OPEN).await;
    answer.at("/heldMarketRows/nodes").as_array().expect("rows").clone()
}

async fn stored(app: &App, symbol: &str, day: &str) -> String {
    let close = format!(
        "SELECT f.close || ' ' || f.status FROM market.fact_stock_price f JOIN market.dim_stock i ON i.id = f.instrument_id \
         WHERE i.symbol = '{symbol}' AND f.date = '{day}'"
    );
    Superuser::of(app).await.text(&close).await
}

/// Delivers closes of a day.
async fn deliver(app: &App, rows: &str) -> (u64, u64, u64) {
    let report = load(app, &[("prices.csv", &format!("symbol,date,close\n{rows}"))]).await.expect("loaded");
    (report.prices.promoted, report.prices.held, report.prices.revised)
}

#[tokio::test]
async fn a_close_that_cannot_be_right_is_held_and_decided_once() {
    let app = App::start().await;
    let operator = app.operator().await;
    let before = stored(&app, "ACME", "2024-03-14").await;
    let close: f64 = before.split(' ').next().expect("a close").parse().expect("a number");
    let wrong = format!("ACME,2024-03-14,{}\nGLOBEX,2024-03-14,97.5\n", close * 100.0);
    // The one is held, the other goes on.
    assert_eq!(deliver(&app, &wrong).await, (1, 1, 1));
    assert_eq!(stored(&app, "ACME", "2024-03-14").await, before);
    let rows = held(&operator).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!((&rows[0]["findings"], &rows[0]["date"]), (&json!(["UNIT_ERROR"]), &json!("2024-03-14")));
    // The same again is the same hold.
    assert_eq!(deliver(&app, &wrong).await, (0, 1, 0));
    assert_eq!(held(&operator).await.len(), 1);

    let decide = json!({ "id": rows[0]["id"], "input": { "repair": { "value": "123.45", "note": "pence" } } });
    let answer = operator.run_with(DECIDE, decide.clone()).await;
    let decided = answer.at("/heldMarketRowDecide/heldMarketRow");
    assert_eq!((&decided["decidedValue"], &decided["note"]), (&json!("123.45"), &json!("pence")));
    assert_eq!(stored(&app, "ACME", "2024-03-14").await, "123.45 E");
    let again = operator.run_with(DECIDE, decide).await;
    assert_eq!(again.at("/heldMarketRowDecide/userErrors/0/code"), &json!("ALREADY_DECIDED"));
    // The decision stands when the provider says it again.
    assert_eq!(deliver(&app, &wrong).await.0, 0);
    assert_eq!(stored(&app, "ACME", "2024-03-14").await, "123.45 E");
    assert_eq!(held(&operator).await.len(), 0);

    let mut inside = Superuser::of(&app).await;
    let audited = "SELECT action || ' ' || (after ->> 'decision') || ' ' || (after ->> 'value') FROM platform.audit_log \
                   WHERE action = 'heldMarketRowDecide'";
    assert_eq!(inside.texts(audited).await, ["heldMarketRowDecide REPAIR 123.45"]);
    // What was in force before is known still.
    let kept = "SELECT i.symbol || ' ' || r.close || ' ' || r.status FROM market.fact_price_revision r \
                JOIN market.dim_stock i ON i.id = r.instrument_id ORDER BY 1";
    let kept = inside.texts(kept).await;
    assert!(kept.contains(&format!("ACME {before}")), "{kept:?}");
    assert_eq!(kept.len(), 2);
}

#[tokio::test]
async fn what_a_provider_lies_about_is_held_and_the_rest_goes_on() {
    let app = App::start().await;
    let before = stored(&app, "ACME", "2024-03-14").await;
    let lies = "ACME,2024-03-14,NaN\nACME,2024-03-13,-5\nACME,2024-03-12,0\nACME,2024-06-03,100\nACME,2024-03-16,100\n\
                NOBODY,2024-03-14,5\n<html>,,\nGLOBEX,2024-03-14,97.5\n";
    assert_eq!(deliver(&app, lies).await, (1, 7, 1));
    let operator = app.operator().await;
    let mut codes: Vec<String> = held(&operator).await.iter().map(|row| row["findings"][0].to_string()).collect();
    codes.sort();
    let expected = [
        "FUTURE_DATE",
        "FUTURE_DATE",
        "INVALID_DATE",
        "INVALID_PRICE",
        "NOT_POSITIVE",
        "NOT_POSITIVE",
        "UNKNOWN_SYMBOL",
    ];
    assert_eq!(codes, expected.map(|code| format!("\"{code}\"")));
    assert_eq!(stored(&app, "ACME", "2024-03-14").await, before);
}

#[tokio::test]
async fn a_file_that_is_no_table_is_a_failed_run() {
    let app = App::start().await;
    let page = "<!DOCTYPE html><html><body>Too many requests</body></html>";
    load(&app, &[("prices.csv", page)]).await.expect_err("no table");
    let operator = app.operator().await;
    let answer = operator.run("{ refreshRuns(first: 1) { nodes { dataset state error promoted } } }").await;
    let run = answer.at("/refreshRuns/nodes/0");
    assert_eq!((&run["dataset"], &run["state"], &run["promoted"]), (&json!("prices"), &json!("FAILED"), &json!(null)));
}
