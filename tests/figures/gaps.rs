//! What is missing is said to be missing: never zero, never a later price.

use serde_json::json;

use crate::support::{App, Book};

const FIELDS: &str =
    "holdings { nodes { instrument { symbol } marketValue { amount } unrealizedGain { amount } weight status
    reasons { code message } price { amount date status staleDays reasons { code } } } }
    cash { currency value { amount } weight }
    totals { totalValue { value { amount } status reasons { code } } marketValue { value { amount } }
        unrealizedGain { value { amount } } known { value { amount } coverage missing } cost { amount } }";

#[tokio::test]
async fn a_holding_without_a_price_is_null_and_the_rest_is_known() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-03-01", "1000", "USD").await;
    book.buy("2024-03-01", "ACME", "2", "250").await;
    book.buy("2024-03-01", "COIN", "1", "100").await;
    let shown = book.show("2024-03-14", None, FIELDS).await;
    let coin = &shown["holdings"]["nodes"][1];
    assert_eq!(coin["instrument"]["symbol"], "COIN");
    for field in ["marketValue", "unrealizedGain", "weight"] {
        assert!(coin[field].is_null(), "{field}: {coin}");
    }
    assert_eq!((&coin["status"], &coin["reasons"][0]["code"]), (&json!("MISSING"), &json!("NO_PRICE")));
    assert!(coin["reasons"][0]["message"].as_str().expect("words").contains("COIN"));
    assert!(coin["price"]["amount"].is_null());
    assert_eq!(coin["price"]["reasons"][0]["code"], "NO_PRICE");
    let totals = &shown["totals"];
    assert_eq!(
        totals["totalValue"],
        json!({ "value": null, "status": "MISSING", "reasons": [{ "code": "NO_PRICE" }] })
    );
    assert!(totals["marketValue"]["value"].is_null() && totals["unrealizedGain"]["value"].is_null(), "{totals}");
    // 2 × 256.50 and 400 of cash; two of three lines are known.
    assert_eq!(totals["known"]["value"]["amount"], "913");
    assert_eq!(totals["known"]["missing"], json!(["COIN"]));
    let coverage = totals["known"]["coverage"].as_f64().expect("a share");
    assert!((coverage - 2.0 / 3.0).abs() < 1e-12, "{coverage}");
    // With a price everything is known, at that price from its day on.
    book.price("2024-03-05", "COIN", "120").await;
    let known = book.show("2024-03-14", None, FIELDS).await;
    assert_eq!(known["totals"]["totalValue"]["value"]["amount"], "1033");
    assert_eq!(known["totals"]["known"]["missing"], json!([]));
    let before = book.show("2024-03-04", None, FIELDS).await;
    assert!(
        before["totals"]["totalValue"]["value"].is_null(),
        "the price of 5 March says nothing of the 4th: {before}"
    );
    assert!(before["holdings"]["nodes"][1]["marketValue"].is_null());
}

#[tokio::test]
async fn without_a_rate_a_value_in_that_currency_is_null() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2023-01-02", "100", "USD").await;
    // Rates end on 2024-03-14 and hold for seven days.
    app.clock.advance(chrono::TimeDelta::days(30));
    let book = book.with_client(app.client("alpha", "investor1").await);
    book.record(
        "2024-03-14",
        json!({ "fxConversion": { "soldAmount": "50", "soldCurrency": "USD", "boughtAmount": "44",
        "boughtCurrency": "EUR" } }),
    )
    .await;
    let fresh = book.show("2024-03-14", None, FIELDS).await;
    assert!(fresh["totals"]["totalValue"]["value"].is_object(), "{fresh}");
    let late = book.show("2024-04-10", None, FIELDS).await;
    assert_eq!(
        late["totals"]["totalValue"],
        json!({ "value": null, "status": "MISSING", "reasons": [{ "code": "NO_RATE" }] })
    );
    assert_eq!(late["totals"]["known"]["value"]["amount"], "50");
    assert_eq!(late["totals"]["known"]["missing"], json!(["EUR"]));
    let euros = &late["cash"][0];
    assert_eq!((&euros["currency"], &euros["value"], &euros["weight"]), (&json!("EUR"), &json!(null), &json!(null)));
}

#[tokio::test]
async fn an_old_price_is_stale_and_then_missing() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2024-03-01", "ACME", "2", "250").await;
    app.clock.advance(chrono::TimeDelta::days(30));
    let book = book.with_client(app.client("alpha", "investor1").await);
    let quote = async |day: &str| book.show(day, None, FIELDS).await["holdings"]["nodes"][0].clone();
    let last = quote("2024-03-14").await;
    assert_eq!((&last["price"]["date"], &last["status"]), (&json!("2024-03-14"), &json!("COMPLETE")));
    // The 15th is a session whose close is not there: the last one stands in.
    let stale = quote("2024-03-18").await;
    assert_eq!((&stale["price"]["date"], &stale["status"]), (&json!("2024-03-14"), &json!("STALE")));
    assert_eq!(stale["price"]["staleDays"], 4);
    assert_eq!(stale["marketValue"]["amount"], "513");
    // Five sessions later it no longer does.
    assert_eq!(quote("2024-03-21").await["status"], "STALE");
    let missing = quote("2024-03-22").await;
    assert_eq!((&missing["marketValue"], &missing["status"]), (&json!(null), &json!("MISSING")));
}

#[tokio::test]
async fn a_day_before_the_first_price_has_none() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    book.record("2022-12-30", json!({ "deposit": { "amount": "1000", "currency": "EUR" } })).await;
    book.buy("2023-01-02", "NOTE", "100", "99").await;
    book.price("2023-01-10", "NOTE", "98").await;
    let before = book.show("2023-01-09", None, FIELDS).await;
    assert!(before["holdings"]["nodes"][0]["marketValue"].is_null(), "{before}");
    let since = book.show("2023-01-10", None, FIELDS).await;
    // 100 of face at 98 per 100.
    assert_eq!(since["holdings"]["nodes"][0]["marketValue"]["amount"], "98");
    assert_eq!(since["holdings"]["nodes"][0]["unrealizedGain"]["amount"], "-1");
    let empty = book.show("2022-12-29", None, FIELDS).await;
    assert_eq!(empty["holdings"]["nodes"], json!([]));
    assert_eq!(empty["totals"]["totalValue"]["value"]["amount"], "0");
    let asked = r#"query($id: ID!) { portfolio(id: $id, asOf: "2024-03-16") { asOf } }"#;
    let future = book.client.run_with(asked, json!({ "id": book.portfolio })).await;
    assert_eq!(future.error_code(), "BAD_USER_INPUT", "a day that has not come");
}

#[tokio::test]
async fn a_manual_price_stands_until_it_is_replaced() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2023-01-02", "COIN", "0.5", "100").await;
    book.price("2023-01-02", "COIN", "100").await;
    book.price("2024-03-01", "COIN", "300").await;
    let value = async |day: &str| book.show(day, None, FIELDS).await["holdings"]["nodes"][0].clone();
    assert_eq!(value("2024-02-29").await["marketValue"]["amount"], "50");
    assert_eq!(value("2024-03-14").await["marketValue"]["amount"], "150");
}
