//! Lots: which ones a disposal uses, what they cost, what they brought, and for how long they were held.

mod books;
mod choices;
mod download;
mod gains;
mod settings;
mod what_if;

use serde_json::{Value, json};

use crate::support::{Answer, App, Book};

const UPDATE: &str = r"mutation($id: ID!, $version: Int!, $input: PortfolioUpdateInput!) {
    portfolioUpdate(id: $id, expectedVersion: $version, input: $input) {
        portfolio { version bookkeeping { lotMethod lotScope tradeCharges oversell quantityDust } accounts { id lotMethod } }
        userErrors { code message field } } }";

const DISPOSALS: &str = "disposals(first: 100) { nodes { quantity openedOn closedOn daysHeld term account { name }
    lot { account { name } openedOn } openedBy { id } sale { id }
    costLocal { amount } proceedsLocal { amount } gainLocal { amount } gain { amount } } }";

/// A portfolio whose books are kept in this way.
async fn book_of(app: &App, base: &str, bookkeeping: Value) -> Book {
    let book = Book::open(app, base).await;
    let answer = try_set(&book, json!({ "bookkeeping": bookkeeping })).await;
    assert_eq!(answer.user_errors("portfolioUpdate"), [""; 0], "{}", answer.body);
    book
}

/// A portfolio with the accounts `A` and `B`, and their ids.
async fn two_accounts(app: &App, bookkeeping: Value) -> (Book, String, String) {
    let book = Book::open(app, "USD").await;
    let create = r"mutation($input: PortfolioCreateInput!) { portfolioCreate(input: $input) {
        portfolio { id accounts { id } } userErrors { code message } } }";
    let input = json!({ "name": "Two", "baseCurrency": "USD", "accounts": ["A", "B"], "bookkeeping": bookkeeping });
    let made = book.client.run_with(create, json!({ "input": input })).await;
    let text = |path: &str| made.text(&format!("/portfolioCreate/portfolio{path}"));
    let (a, b) = (text("/accounts/0/id"), text("/accounts/1/id"));
    (book.at(text("/id"), a.clone()), a, b)
}

/// Changes settings of the portfolio at the version it is at.
async fn try_set(book: &Book, input: Value) -> Answer {
    let version = book.show("2024-03-15", None, "version").await["version"].clone();
    book.client.run_with(UPDATE, json!({ "id": book.portfolio, "version": version, "input": input })).await
}

async fn set(book: &Book, bookkeeping: Value) {
    let answer = try_set(book, json!({ "bookkeeping": bookkeeping })).await;
    assert_eq!(answer.user_errors("portfolioUpdate"), [""; 0], "{}", answer.body);
}

/// Ten units each at 100, at 130 and at 90.
async fn three_lots(book: &Book) {
    book.buy("2023-01-03", "ACME", "10", "100").await;
    book.buy("2023-02-01", "ACME", "10", "130").await;
    book.buy("2023-03-01", "ACME", "10", "90").await;
}

/// What was disposed of: units, the day they were bought on, cost and gain in the instrument's currency.
async fn used(book: &Book) -> Vec<[String; 4]> {
    let shown = book.show("2024-03-15", None, DISPOSALS).await;
    of_nodes(&shown["disposals"]["nodes"])
}

fn of_nodes(nodes: &Value) -> Vec<[String; 4]> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let row = |node: &Value| {
        [
            text(&node["quantity"]),
            text(&node["openedOn"]),
            text(&node["costLocal"]["amount"]),
            text(&node["gainLocal"]["amount"]),
        ]
    };
    nodes.as_array().expect("a list").iter().map(row).collect()
}
