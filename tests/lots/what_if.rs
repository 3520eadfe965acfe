//! What a sale would bring, before it is made.

use serde_json::{Value, json};

use super::{DISPOSALS, book_of, of_nodes, three_lots, two_accounts};
use crate::support::{Answer, App, Book, Sample};

const PREVIEW: &str = r"query($id: ID!, $input: SalePreviewInput!, $currency: Currency) { portfolio(id: $id, currency: $currency) {
    salePreview(input: $input) { method isCurrent gainLocal { amount currency } total { proceeds { amount } cost { amount }
        gain { amount currency } count } shortTerm { gain { amount } count } longTerm { gain { amount } count }
        matches { totalCount nodes { quantity openedOn costLocal { amount } gainLocal { amount } sale { id } openedBy { id }
            lot { quantityRemaining } } } } } }";

fn sale(book: &Book, quantity: &str) -> Value {
    json!({ "accountId": book.account, "instrumentId": book.instrument("ACME"), "date": "2023-06-01", "quantity": quantity,
        "price": "150", "fee": "3" })
}

async fn preview(book: &Book, input: Value) -> Answer {
    book.client.run_with(PREVIEW, json!({ "id": book.portfolio, "input": input })).await
}

fn line<'a>(answer: &'a Answer, method: &str) -> &'a Value {
    let lines = answer.at("/portfolio/salePreview").as_array().expect("a list");
    lines.iter().find(|line| line["method"] == method).unwrap_or_else(|| panic!("no {method} in {}", answer.body))
}

#[tokio::test]
async fn what_is_previewed_is_what_then_happens() {
    let app = App::start().await;
    for method in ["FIFO", "LIFO", "HIFO", "LOFO", "AVERAGE"] {
        let book = book_of(&app, "USD", json!({ "lotMethod": method })).await;
        three_lots(&book).await;
        let before = preview(&book, sale(&book, "15")).await;
        assert_eq!(before.at("/portfolio/salePreview").as_array().expect("a list").len(), 5);
        let expected = line(&before, method);
        assert_eq!(expected["isCurrent"], true);
        let lines = before.at("/portfolio/salePreview").as_array().expect("a list");
        assert_eq!(lines.iter().filter(|line| line["isCurrent"] == true).count(), 1);
        let mut trade = book.trade("ACME", "15", "150");
        trade["fee"] = json!("3");
        book.record("2023-06-01", json!({ "sell": trade })).await;
        let after = book.show("2024-03-14", None, &format!("{DISPOSALS} realizedGains {{ total {{ gain {{ amount currency }} proceeds {{ amount }} cost {{ amount }} count }} }}")).await;
        assert_eq!(of_nodes(&expected["matches"]["nodes"]), of_nodes(&after["disposals"]["nodes"]), "{method}");
        assert_eq!(expected["total"], after["realizedGains"][0]["total"], "{method}");
    }
}

#[tokio::test]
async fn a_preview_records_nothing_and_shows_lots_as_they_are() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    three_lots(&book).await;
    let bought = book.buy("2023-05-02", "ACME", "1", "1").await;
    let version = book.show("2024-03-14", None, "version").await;
    let shown = preview(&book, sale(&book, "15")).await;
    let lifo = line(&shown, "LIFO");
    let first = &lifo["matches"]["nodes"][0];
    assert_eq!((&first["sale"], &first["openedBy"]["id"]), (&json!(null), &json!(bought)));
    assert_eq!(first["lot"]["quantityRemaining"], "1", "the lot before the sale");
    assert_eq!(lifo["matches"]["totalCount"], 3);
    assert_eq!(book.show("2024-03-14", None, "version").await, version);
    assert_eq!(book.show("2024-03-14", None, "disposals { totalCount }").await["disposals"]["totalCount"], 0);
}

#[tokio::test]
async fn chosen_lots_have_a_line_of_their_own() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2022-01-03", "ACME", "10", "100").await;
    let second = book.buy("2023-02-01", "ACME", "10", "130").await;
    let mut input = sale(&book, "12");
    input["lots"] = json!([{ "transactionId": second, "quantity": "9" }]);
    let refused = preview(&book, input.clone()).await;
    assert_eq!(refused.error_code(), "BAD_USER_INPUT", "nine are chosen of twelve");
    assert!(refused.body.to_string().contains("picks 9 of the 12"), "{}", refused.body);
    input["quantity"] = json!("9");
    let shown = preview(&book, input).await;
    let chosen = line(&shown, "SPECIFIC");
    // 9 × 150 − 3 − 9 × 130.
    assert_eq!((&chosen["isCurrent"], &chosen["gainLocal"]["amount"]), (&json!(true), &json!("177")));
    assert_eq!((&chosen["shortTerm"]["count"], &chosen["longTerm"]["count"]), (&json!(1), &json!(0)));
    let fifo = line(&shown, "FIFO");
    assert_eq!((&fifo["isCurrent"], &fifo["longTerm"]["count"]), (&json!(false), &json!(1)));
}

#[tokio::test]
async fn the_portfolios_own_settings_hold_in_a_preview() {
    let app = App::start().await;
    let (book, _, b) = two_accounts(&app, json!({ "lotScope": "PORTFOLIO", "tradeCharges": "EXPENSED" })).await;
    book.buy("2023-01-03", "ACME", "10", "100").await;
    let portfolio = book.portfolio.clone();
    let other = book.at(portfolio, b);
    other.buy("2023-02-01", "ACME", "10", "130").await;
    let shown = preview(&other, sale(&other, "5")).await;
    // The other account's lot, and gross proceeds.
    assert_eq!(line(&shown, "FIFO")["gainLocal"]["amount"], "250");
    let euros = json!({ "id": other.portfolio, "input": sale(&other, "5"), "currency": "EUR" });
    let euros = other.client.run_with(PREVIEW, euros).await;
    let fifo = line(&euros, "FIFO");
    assert_eq!((&fifo["total"]["gain"]["currency"], &fifo["gainLocal"]["amount"]), (&json!("EUR"), &json!("250")));
}

#[tokio::test]
async fn a_sale_that_would_be_refused_says_why() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    three_lots(&book).await;
    let stranger = Sample::of(&app, "beta", "investor1").await;
    let with = |name: &str, value: Value| {
        let mut input = sale(&book, "15");
        input[name] = value;
        input
    };
    for (input, code, field, words) in [
        (sale(&book, "31"), "INSUFFICIENT_QUANTITY", "quantity", "sells 31, holds 30 on 2023-06-01"),
        (sale(&book, "0"), "INVALID_INPUT", "quantity", "a quantity of 0"),
        (with("date", json!("2024-03-16")), "FUTURE_DATE", "date", "has not come yet"),
        (with("price", json!("-1")), "INVALID_INPUT", "price", "a price of -1"),
        (with("accountId", json!(stranger.account)), "NOT_FOUND", "accountId", "no such account"),
        (with("currency", json!("KWD")), "MISSING_EXCHANGE_RATE", "currency", "no KWD rate"),
    ] {
        let refused = preview(&book, input).await;
        assert_eq!(refused.error_code(), "BAD_USER_INPUT", "{}", refused.body);
        assert!(refused.body.to_string().contains(words), "{words}: {}", refused.body);
        let error = &refused.body["errors"][0]["extensions"]["userErrors"][0];
        assert_eq!((&error["code"], &error["field"]), (&json!(code), &json!(["input", field])), "{}", refused.body);
        assert!(refused.body["data"]["portfolio"]["salePreview"].is_null());
    }
    let mistaken = preview(&book, with("instrumentId", json!(book.account))).await;
    assert_eq!(mistaken.error_code(), "BAD_USER_INPUT");
    let words = "the id of an Account stands where that of an Instrument belongs";
    assert!(mistaken.body.to_string().contains(words), "{}", mistaken.body);
}
