//! Changing how a portfolio's books are kept.

use serde_json::json;

use super::{UPDATE, book_of, set, three_lots, try_set, used};
use crate::support::{App, Book, Inside, Sample};

#[tokio::test]
async fn a_portfolio_starts_with_the_defaults_or_with_what_it_is_given() {
    let app = App::start().await;
    let fields = "bookkeeping { lotMethod lotScope tradeCharges oversell quantityDust } accounts { lotMethod }";
    let shown = Book::open(&app, "USD").await.show("2024-03-14", None, fields).await;
    assert_eq!(
        shown,
        json!({ "bookkeeping": { "lotMethod": "FIFO", "lotScope": "ACCOUNT", "tradeCharges": "IN_COST",
            "oversell": "REFUSE", "quantityDust": "0" }, "accounts": [{ "lotMethod": null }] })
    );
    let create = r#"mutation { portfolioCreate(input: { name: "Other", baseCurrency: "USD",
        bookkeeping: { lotMethod: HIFO, oversell: TAKE_HELD, quantityDust: "0.001" } }) {
        portfolio { bookkeeping { lotMethod oversell quantityDust lotScope } } userErrors { message } } }"#;
    let made = app.client("alpha", "investor1").await.run(create).await;
    assert_eq!(
        *made.at("/portfolioCreate/portfolio/bookkeeping"),
        json!({ "lotMethod": "HIFO", "oversell": "TAKE_HELD", "quantityDust": "0.001", "lotScope": "ACCOUNT" })
    );
}

#[tokio::test]
async fn another_method_books_the_whole_portfolio_again_and_is_on_record() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    three_lots(&book).await;
    book.sell("2023-06-01", "ACME", "10", "150").await;
    let figures = "totals { realizedGain { amount } cost { amount } } holdings { nodes { cost { amount } } }";
    let before = book.show("2024-03-14", None, figures).await;
    assert_eq!(before["totals"], json!({ "realizedGain": { "amount": "500" }, "cost": { "amount": "2200" } }));
    set(&book, json!({ "lotMethod": "HIFO" })).await;
    let after = book.show("2024-03-14", None, figures).await;
    assert_eq!(after["totals"], json!({ "realizedGain": { "amount": "200" }, "cost": { "amount": "1900" } }));
    assert_eq!(after["holdings"]["nodes"][0]["cost"]["amount"], "1900");
    // Later transactions are booked by it too.
    book.sell("2023-07-03", "ACME", "10", "150").await;
    assert_eq!(used(&book).await[1], ["10", "2023-01-03", "1000", "500"]);
    let query = r#"{ auditLog(first: 100, filter: { action: "portfolioUpdate" }) { nodes { before after } } }"#;
    let log = app.client("alpha", "admin").await.run(query).await;
    let entry = log.at("/auditLog/nodes/0").to_string();
    assert!(entry.contains(r#"lotMethod\":\"FIFO"#) || entry.contains(r#""lotMethod":"FIFO""#), "{entry}");
    assert!(entry.contains(r#"lotMethod\":\"HIFO"#) || entry.contains(r#""lotMethod":"HIFO""#), "{entry}");
}

#[tokio::test]
async fn settings_under_which_the_past_is_impossible_are_refused_and_change_nothing() {
    let app = App::start().await;
    let book = book_of(&app, "USD", json!({ "oversell": "TAKE_HELD" })).await;
    three_lots(&book).await;
    book.sell("2023-06-01", "ACME", "35", "150").await;
    let mut inside = Inside::of(&app, "alpha").await;
    let (rows, matches) = (inside.row_counts().await, used(&book).await);
    for (bookkeeping, code, words) in [
        (json!({ "oversell": "REFUSE" }), "INSUFFICIENT_QUANTITY", "sells 35, holds 30 on 2023-06-01"),
        (json!({ "quantityDust": "1" }), "INVALID_INPUT", "less than 1"),
        (json!({ "quantityDust": "-0.1" }), "INVALID_INPUT", "0 or more"),
    ] {
        let refused = try_set(&book, json!({ "name": "Renamed", "bookkeeping": bookkeeping })).await;
        assert_eq!(refused.user_errors("portfolioUpdate"), [code], "{}", refused.body);
        let error = refused.at("/portfolioUpdate/userErrors/0");
        assert!(error["message"].as_str().expect("words").contains(words), "{error}");
        assert_eq!((&error["field"][0], &error["field"][1]), (&json!("input"), &json!("bookkeeping")));
        assert!(refused.at("/portfolioUpdate/portfolio").is_null());
    }
    assert_eq!((inside.row_counts().await, used(&book).await), (rows, matches));
    let shown = book.show("2024-03-14", None, "name bookkeeping { oversell }").await;
    assert_eq!(shown, json!({ "name": "Savings", "bookkeeping": { "oversell": "TAKE_HELD" } }));
}

#[tokio::test]
async fn accounts_of_others_get_no_method() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let (neighbour, stranger) =
        (Sample::of(&app, "alpha", "investor2").await, Sample::of(&app, "beta", "investor1").await);
    for account in [&neighbour.account, &stranger.account] {
        let own = json!({ "accountLotMethods": [{ "accountId": account, "lotMethod": "LIFO" }] });
        let refused = try_set(&book, own).await;
        assert_eq!(refused.user_errors("portfolioUpdate"), ["NOT_FOUND"], "{}", refused.body);
    }
    let twice = json!({ "accountLotMethods": [{ "accountId": book.account, "lotMethod": "LIFO" },
        { "accountId": book.account, "lotMethod": "FIFO" }] });
    assert_eq!(try_set(&book, twice).await.user_errors("portfolioUpdate"), ["INVALID_INPUT"]);
    // Somebody else's portfolio is not found, whatever is asked of it.
    let other = json!({ "id": neighbour.portfolio, "version": 3, "input": { "bookkeeping": { "lotMethod": "LIFO" } } });
    assert_eq!(book.client.run_with(UPDATE, other).await.user_errors("portfolioUpdate"), ["NOT_FOUND"]);
}
