//! What is provisional or estimated says so in every figure that is made of it.

use serde_json::{Value, json};

use super::held::{DECIDE, OPEN};
use super::load;
use super::pipeline::{deliver, row};
use crate::support::{App, Book, Client};

const TOTALS: &str = "totals { totalValue { status reasons { code message } } } holdings { nodes { status reasons { code } } } \
                      cash { status reasons { code } } lots { nodes { unrealizedGain { status } } }";

/// Decides about the only row that is held.
async fn decide(operator: &Client, input: Value) {
    let open = operator.run(OPEN).await;
    let rows = open.at("/heldMarketRows/nodes").as_array().expect("rows");
    assert_eq!(rows.len(), 1, "{rows:?}");
    let decided = operator.run_with(DECIDE, json!({ "id": rows[0]["id"], "input": input })).await;
    assert_eq!(decided.at("/heldMarketRowDecide/userErrors"), &json!([]));
}

#[tokio::test]
async fn a_price_that_is_not_final_is_told_by_every_figure_that_is_made_of_it() {
    let app = App::start().await;
    let operator = app.operator().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-03-01", "1000", "USD").await;
    book.buy("2024-03-01", "ACME", "1", "250").await;
    let book = book.with_client(app.client("alpha", "investor1").await);
    load(&app, &[("prices.csv", "symbol,date,close\nACME,2024-03-14,512\n")]).await.expect("loaded");
    decide(&operator, json!({ "repair": { "value": "257", "note": "asked the exchange" } })).await;
    deliver(&app, "one", "2024-03-15T15:00:00Z", vec![row("ACME", "2024-03-15", "260")]).await;

    let estimated = book.show("2024-03-14", None, TOTALS).await;
    let message = "the price of ACME of 2024-03-14 is an estimate: a person accepted or put it in";
    let total = json!({ "status": "ESTIMATED", "reasons": [{ "code": "ESTIMATED_PRICE", "message": message }] });
    assert_eq!(estimated["totals"]["totalValue"], total);
    let holding = json!({ "status": "ESTIMATED", "reasons": [{ "code": "ESTIMATED_PRICE" }] });
    assert_eq!(estimated["holdings"]["nodes"][0], holding);
    assert_eq!(estimated["cash"][0], json!({ "status": "COMPLETE", "reasons": [] }));
    assert_eq!(estimated["lots"]["nodes"][0]["unrealizedGain"]["status"], "ESTIMATED");
    let provisional = book.show("2024-03-15", None, TOTALS).await;
    let message = "the price of ACME of 2024-03-15 is provisional: its session had not closed";
    let total = json!({ "status": "PROVISIONAL", "reasons": [{ "code": "PROVISIONAL_PRICE", "message": message }] });
    assert_eq!(provisional["totals"]["totalValue"], total);

    // Over days, the worst of them.
    let ranges = "before: valuations(to: \"2024-03-13\") { status } valuations(from: \"2024-03-13\") { status doubtfulInputs { code } } \
                  metrics(from: \"2024-03-14\") { status } today { status } \
                  analytics(range: { from: \"2024-03-13\", to: \"2024-03-15\" }) { status doubtfulInputs { code } }";
    let shown = book.show("2024-03-15", None, ranges).await;
    assert_eq!(shown["before"]["status"], "COMPLETE");
    let codes = json!([{ "code": "PROVISIONAL_PRICE" }, { "code": "ESTIMATED_PRICE" }]);
    assert_eq!(shown["valuations"], json!({ "status": "ESTIMATED", "doubtfulInputs": codes }));
    assert_eq!(shown["analytics"], shown["valuations"]);
    assert_eq!((&shown["metrics"]["status"], &shown["today"]["status"]), (&json!("ESTIMATED"), &json!("ESTIMATED")));

    // And the prices themselves.
    let query = r#"query($id: ID!) { instrument(id: $id) { price(asOf: "2024-03-15") { status staleDays }
        prices(from: "2024-03-13", to: "2024-03-15") { dates statuses } } prices(instrumentId: $id, from: "2024-03-13") { statuses } }"#;
    let read = book.client.run_with(query, json!({ "id": book.instrument("ACME") })).await;
    let statuses = json!(["COMPLETE", "ESTIMATED", "PROVISIONAL"]);
    assert_eq!(read.at("/instrument/price"), &json!({ "status": "PROVISIONAL", "staleDays": null }));
    assert_eq!((read.at("/instrument/prices/statuses"), read.at("/prices/statuses")), (&statuses, &statuses));

    // After the close it is final.
    deliver(&app, "one", "2024-03-15T21:30:00Z", vec![row("ACME", "2024-03-15", "261")]).await;
    let total = book.show("2024-03-15", None, TOTALS).await["totals"]["totalValue"].clone();
    assert_eq!(total, json!({ "status": "COMPLETE", "reasons": [] }));
}

#[tokio::test]
async fn a_rate_that_was_accepted_is_told_by_what_is_converted_with_it() {
    let app = App::start().await;
    let operator = app.operator().await;
    let book = Book::open(&app, "EUR").await;
    book.deposit("2024-03-01", "1000", "USD").await;
    let book = book.with_client(app.client("alpha", "investor1").await);
    load(&app, &[("fx.csv.gz", "base,quote,date,rate\nEUR,USD,2024-03-14,1.6\n")]).await.expect("loaded");
    decide(&operator, json!({ "accept": { "note": "asked the bank" } })).await;
    let shown = book.show("2024-03-14", None, TOTALS).await;
    assert_eq!(shown["cash"][0], json!({ "status": "ESTIMATED", "reasons": [{ "code": "ESTIMATED_RATE" }] }));
    assert_eq!(shown["totals"]["totalValue"]["status"], "ESTIMATED");
    let query = r#"{ exchangeRate(base: "USD", quote: "EUR", asOf: "2024-03-14") { status legs { status } }
        exchangeRates(base: "USD", quote: "EUR", from: "2024-03-13", to: "2024-03-14") { statuses } }"#;
    let read = book.client.run(query).await;
    assert_eq!(read.at("/exchangeRate"), &json!({ "status": "ESTIMATED", "legs": [{ "status": "ESTIMATED" }] }));
    assert_eq!(read.at("/exchangeRates/statuses"), &json!(["COMPLETE", "ESTIMATED"]));
}

#[tokio::test]
async fn an_older_price_says_that_a_newer_one_is_held() {
    let app = App::start().await;
    let operator = app.operator().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-03-01", "1000", "USD").await;
    book.buy("2024-03-01", "ACME", "1", "250").await;
    book.buy("2024-03-01", "GLOBEX", "1", "100").await;
    let book = book.with_client(app.client("alpha", "investor1").await);
    deliver(&app, "one", "2024-03-15T21:30:00Z", vec![row("ACME", "2024-03-15", "26000")]).await;
    let price = "{ date status held { date findings } }";
    let fields = format!(
        "holdings {{ nodes {{ price {price} }} }} analytics(range: {{ from: \"2024-03-13\" }}) {{ explain {{
            endHoldings {{ instrument {{ symbol }} price {price} }} }} }}"
    );
    let shown = book.show("2024-03-15", None, &fields).await;
    let held = json!({ "date": "2024-03-14", "status": "STALE", "held": { "date": "2024-03-15", "findings": ["UNIT_ERROR"] } });
    assert_eq!(shown["holdings"]["nodes"][0]["price"], held, "{shown}");
    let explained = shown["analytics"]["explain"]["endHoldings"].as_array().expect("holdings");
    let acme = explained.iter().find(|one| one["instrument"]["symbol"] == "ACME").expect("it is held");
    assert_eq!(acme["price"], held);
    assert_eq!(shown["holdings"]["nodes"][1]["price"]["held"], Value::Null);
    let query = format!(
        "query($id: ID!) {{ instrument(id: $id) {{ price(asOf: \"2024-03-15\") {price} before: price(asOf: \"2024-03-14\") {price} }} }}"
    );
    let read = book.client.run_with(&query, json!({ "id": book.instrument("ACME") })).await;
    assert_eq!((read.at("/instrument/price"), read.at("/instrument/before/held")), (&held, &Value::Null));
    decide(&operator, json!({ "repair": { "value": "260" } })).await;
    let shown = book.show("2024-03-15", None, &fields).await;
    let repaired = json!({ "date": "2024-03-15", "status": "ESTIMATED", "held": null });
    assert_eq!(shown["holdings"]["nodes"][0]["price"], repaired);
}
