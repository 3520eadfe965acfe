//! What had been recorded at an instant, as it was booked then.

use chrono::{DateTime, TimeDelta, Utc};
use portfolio_analyzer::clock::Clock;
use serde_json::{Value, json};

use super::correction::CORRECT;
use crate::support::{App, Book, REVERSE};

const SHOW: &str = r"query($id: ID!, $asOf: Date, $knownAt: DateTime) { portfolio(id: $id, asOf: $asOf, knownAt: $knownAt) {
    knownAt asOf cash { currency amount { amount } }
    holdings { nodes { instrument { symbol } quantity costLocal: cost { amount } } }
    lots { nodes { openedOn quantityRemaining cost { amount } } }
    disposals { nodes { openedOn gain { amount } } }
    transactions { totalCount } } }";

async fn known(book: &Book, known_at: Option<DateTime<Utc>>) -> Value {
    let variables = json!({ "id": book.portfolio, "asOf": "2024-03-14", "knownAt": known_at });
    let mut shown = book.client.run_with(SHOW, variables).await.at("/portfolio").clone();
    shown["knownAt"] = Value::Null;
    shown
}

/// Moves the clock on and gives the instant before.
fn later(app: &App) -> DateTime<Utc> {
    let before = app.clock.now();
    app.clock.advance(TimeDelta::minutes(1));
    before
}

#[tokio::test]
async fn what_was_known_stays_what_it_was() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-03-01", "10000", "USD").await;
    let dear = book.buy("2024-03-04", "ACME", "10", "250").await;
    book.buy("2024-03-05", "ACME", "10", "240").await;
    book.sell("2024-03-11", "ACME", "5", "260").await;
    let first = later(&app);
    let at_first = known(&book, None).await;
    assert_eq!(at_first, known(&book, Some(first)).await);

    // A back-dated purchase, a reversal, a correction, and another lot method.
    book.buy("2024-03-01", "ACME", "3", "230").await;
    let reversed = book.client.run_with(REVERSE, json!({ "id": dear })).await;
    assert_eq!(reversed.user_errors("transactionReverse"), [""; 0]);
    let second = later(&app);
    let at_second = known(&book, None).await;
    let version = book.show("2024-03-14", None, "version").await["version"].clone();
    let update = r#"mutation($id: ID!, $version: Int!) { portfolioUpdate(id: $id, expectedVersion: $version,
        input: { bookkeeping: { lotMethod: HIFO } }) { userErrors { code message } } }"#;
    let updated = book.client.run_with(update, json!({ "id": book.portfolio, "version": version })).await;
    assert_eq!(updated.user_errors("portfolioUpdate"), [""; 0], "{}", updated.body);
    let third = later(&app);
    let at_third = known(&book, None).await;

    assert_ne!(at_first["lots"], at_second["lots"]);
    assert_ne!(at_second["disposals"], at_third["disposals"]);
    assert_eq!(at_first, known(&book, Some(first)).await);
    assert_eq!(at_second, known(&book, Some(second)).await);
    assert_eq!(at_third, known(&book, Some(third)).await);
    // Before there was anything.
    let before = known(&book, Some(first - TimeDelta::days(1))).await;
    assert_eq!((&before["lots"]["nodes"], &before["transactions"]["totalCount"]), (&json!([]), &json!(0)));
}

const PREVIEW: &str = r"query($id: ID!, $knownAt: DateTime, $input: SalePreviewInput!) {
    portfolio(id: $id, knownAt: $knownAt) { salePreview(input: $input) {
        method isCurrent gainLocal { amount } matches { nodes { openedOn quantity costLocal { amount } } } } } }";

#[tokio::test]
async fn a_sale_is_previewed_as_it_was_known() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let dear = book.buy("2024-03-04", "ACME", "10", "250").await;
    book.buy("2024-03-05", "ACME", "10", "240").await;
    let preview = async |known_at: Option<DateTime<Utc>>| {
        let sale = json!({ "accountId": book.account, "instrumentId": book.instrument("ACME"), "date": "2024-03-11",
            "quantity": "12", "price": "260" });
        let variables = json!({ "id": book.portfolio, "knownAt": known_at, "input": sale });
        book.client.run_with(PREVIEW, variables).await.at("/portfolio/salePreview").clone()
    };
    let first = later(&app);
    let at_first = preview(None).await;

    // A back-dated purchase, a correction, and another lot method.
    book.buy("2024-03-01", "ACME", "10", "100").await;
    let input = book.input("2024-03-04", &json!({ "buy": book.trade("ACME", "10", "255") }));
    let corrected = book.client.run_with(CORRECT, json!({ "id": dear, "input": input })).await;
    assert_eq!(corrected.user_errors("transactionCorrect"), [""; 0], "{}", corrected.body);
    let version = book.show("2024-03-14", None, "version").await["version"].clone();
    let update = r#"mutation($id: ID!, $version: Int!) { portfolioUpdate(id: $id, expectedVersion: $version,
        input: { bookkeeping: { lotMethod: HIFO } }) { userErrors { code message } } }"#;
    let updated = book.client.run_with(update, json!({ "id": book.portfolio, "version": version })).await;
    assert_eq!(updated.user_errors("portfolioUpdate"), [""; 0], "{}", updated.body);
    let second = later(&app);
    assert_ne!(at_first, preview(None).await);
    assert_eq!(at_first, preview(Some(first)).await);
    assert_eq!(preview(None).await, preview(Some(second)).await);
}

#[tokio::test]
async fn what_came_after_an_instant_is_not_named_by_the_rows_of_before() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let corrected = book.buy("2024-03-04", "ACME", "10", "250").await;
    let reversed = book.deposit("2024-03-04", "10", "USD").await;
    let first = later(&app);
    let input = book.input("2024-03-04", &json!({ "buy": book.trade("ACME", "10", "255") }));
    let correction = book.client.run_with(CORRECT, json!({ "id": corrected, "input": input })).await;
    let correction = correction.text("/transactionCorrect/transaction/id");
    let reversal = book.client.run_with(REVERSE, json!({ "id": reversed })).await;
    let reversal = reversal.text("/transactionReverse/transaction/id");
    let second = later(&app);
    let query = r"query($id: ID!, $first: DateTime, $second: DateTime) {
        first: portfolio(id: $id, knownAt: $first) { ...rows lots { nodes { openedBy { supersededById } } } }
        second: portfolio(id: $id, knownAt: $second) { ...rows } }
        fragment rows on Portfolio { transactions { nodes { id supersededById reversedById } } }";
    let variables = json!({ "id": book.portfolio, "first": first, "second": second });
    let shown = book.client.run_with(query, variables).await;
    let of = |moment: &str, id: &str| {
        let rows = shown.at(&format!("/{moment}/transactions/nodes")).as_array().expect("a list").clone();
        rows.into_iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("no {id} in {}", shown.body))
    };
    assert_eq!(of("second", &corrected)["supersededById"], json!(correction));
    assert_eq!(of("second", &reversed)["reversedById"], json!(reversal));
    assert_eq!(of("first", &corrected)["supersededById"], Value::Null);
    assert_eq!(of("first", &reversed)["reversedById"], Value::Null);
    assert_eq!(*shown.at("/first/lots/nodes/0/openedBy/supersededById"), Value::Null);
}

#[tokio::test]
async fn an_instant_that_has_not_come_is_the_callers_mistake() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let variables = json!({ "id": book.portfolio, "knownAt": app.clock.now() + TimeDelta::seconds(1) });
    let answer = book.client.run_with(SHOW, variables).await;
    assert_eq!(answer.error_code(), "BAD_USER_INPUT");
    assert!(answer.body.to_string().contains("knownAt"), "{}", answer.body);
}

#[tokio::test]
async fn values_are_at_the_prices_and_rates_that_were_in_force() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    book.deposit("2024-03-01", "1000", "USD").await;
    book.buy("2024-03-01", "ACME", "1", "250").await;
    book.price("2024-03-14", "COIN", "300").await;
    let show = r#"query($id: ID!, $acme: ID!, $knownAt: DateTime) { portfolio(id: $id, asOf: "2024-03-14", knownAt: $knownAt) {
        totals { totalValue { value { amount } status } } valuations { values } metrics { twr { value } }
        analytics { returns { twr { value } } against(benchmark: { parts: [{ instrumentId: $acme }] }) { growth }
            stress(shocks: { market: { benchmarkId: $acme, change: -0.1 } }) { before { amount } } } lots { nodes { unrealizedGain { value { amount } } } } } }"#;
    let known = async |at: Option<DateTime<Utc>>| {
        let variables = json!({ "id": book.portfolio, "acme": book.instrument("ACME"), "knownAt": at });
        book.client.run_with(show, variables).await.at("/portfolio").clone()
    };
    let first = later(&app);
    let at_first = known(None).await;
    assert_eq!(at_first["totals"]["totalValue"]["status"], "COMPLETE");
    let files = [
        ("prices.csv", "symbol,date,close\nACME,2024-03-14,260\n"),
        ("fx.csv.gz", "base,quote,date,rate\nEUR,USD,2024-03-14,1.1\n"),
    ];
    crate::market::load(&app, &files).await.expect("loaded");
    let second = later(&app);
    let at_second = known(None).await;
    for figure in ["/totals", "/valuations", "/metrics", "/analytics/returns", "/analytics/against", "/lots"] {
        assert_ne!(at_first.pointer(figure), at_second.pointer(figure), "{figure}");
    }
    assert_eq!(at_first, known(Some(first)).await);
    assert_eq!(at_second, known(Some(second)).await);
    // Both in one operation, each in its own market.
    let both = r#"query($id: ID!, $first: DateTime, $second: DateTime) {
        first: portfolio(id: $id, asOf: "2024-03-14", knownAt: $first) { ...value }
        second: portfolio(id: $id, asOf: "2024-03-14", knownAt: $second) { ...value } }
        fragment value on Portfolio { totals { totalValue { value { amount } status } } }"#;
    let shown = book.client.run_with(both, json!({ "id": book.portfolio, "first": first, "second": second })).await;
    assert_eq!((shown.at("/first/totals"), shown.at("/second/totals")), (&at_first["totals"], &at_second["totals"]));
}
