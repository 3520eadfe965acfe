//! How many statements a nested query runs: as many for many rows as for few.

use serde_json::json;

use crate::support::{App, Book, Client};

const NESTED: &str = r"{ portfolios(first: 100) { totalCount nodes { id name owner { name } advisor { name } accounts { name }
    holdings(first: 20) { nodes { quantity marketValue { amount } instrument { symbol splits { exDate } } account { name } } }
    cash { currency value { amount } } totals { totalValue { value { amount } } } today { changeReturn }
    metrics { twr { value } } valuations { values } } } }";
const LEDGERS: &str = r"query($id: ID!) { portfolio(id: $id) { transactions(first: 100) { nodes {
    id type reversedById instrument { symbol } account { name } } } } }";

async fn statements(app: &App, client: &Client, query: &str, variables: serde_json::Value) -> u64 {
    // Twice: the first time fills what stays in memory.
    client.run_with(query, variables.clone()).await.at("");
    let before = app.services.gateway.statements();
    client.run_with(query, variables).await.at("");
    app.services.gateway.statements() - before
}

async fn fill(book: &Book, rows: usize) {
    let symbols = ["ACME", "GLOBEX", "COIN"];
    for index in 0..rows {
        book.buy("2024-03-01", symbols[index % 3], "1", "100").await;
    }
}

#[tokio::test]
async fn the_statements_of_a_nested_query_do_not_grow_with_its_rows() {
    let app = App::start().await;
    let first = Book::open(&app, "EUR").await;
    fill(&first, 4).await;
    let client = first.client.clone();
    let few = statements(&app, &client, NESTED, json!({})).await;
    let ledger = json!({ "id": first.portfolio });
    let few_rows = statements(&app, &client, LEDGERS, ledger.clone()).await;
    for base in ["EUR", "USD", "CHF", "EUR"] {
        fill(&Book::open(&app, base).await, 4).await;
    }
    fill(&first, 16).await;
    let many = statements(&app, &client, NESTED, json!({})).await;
    let many_rows = statements(&app, &client, LEDGERS, ledger).await;
    // A noun that is asked for at two levels may fall in one batch or in two; a statement a row would be four more at least.
    assert!(many.abs_diff(few) <= 2, "{few} for one portfolio, {many} for five, one of them five times as long");
    assert!(many_rows.abs_diff(few_rows) <= 2, "{few_rows} for a ledger, {many_rows} for one five times as long");
    assert!((1..=25).contains(&few), "{few}");
    assert!((1..12).contains(&few_rows), "{few_rows}");
}
