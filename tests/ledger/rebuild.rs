//! Edits store only what they change; a rebuild finds nothing to change.

use serde_json::json;

use crate::support::{App, Book, REVERSE, books};

#[tokio::test]
async fn edits_in_any_order_leave_what_a_rebuild_makes() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    let fee = |symbol: &str, amount: &str| json!({ "fee": { "amount": amount, "currency": "USD", "instrumentId": book.instrument(symbol) } });
    book.deposit("2024-03-04", "10000", "USD").await;
    let first = book.buy("2024-03-05", "ACME", "10", "250").await;
    book.sell("2024-03-12", "ACME", "4", "260").await;
    book.record("2024-03-11", fee("ACME", "3")).await;
    // Back-dated before everything, in between, and on a day that has entries.
    let early = book.buy("2024-03-01", "ACME", "5", "240").await;
    book.deposit("2024-03-01", "200", "USD").await;
    book.buy("2024-03-05", "NOTE", "7", "20").await;
    book.sell("2024-03-08", "ACME", "2", "255").await;
    let taken_back = book.deposit("2024-03-07", "55", "EUR").await;
    for id in [taken_back, early, first] {
        let reversed = book.client.run_with(REVERSE, json!({ "id": id })).await;
        let errors = reversed.user_errors("transactionReverse");
        assert!(errors.is_empty() || errors == ["INSUFFICIENT_QUANTITY"], "{errors:?}");
    }
    let edited = books(&app).await;
    let tenant = app.services.gateway.tenant_by_slug("alpha").await.expect("a read").expect("a tenant");
    let system = app.services.system(tenant, "tests");
    let portfolio = book.portfolio.trim_start_matches("pf_").parse().expect("an id");
    let digest = app.services.books_digest(&system, portfolio).await.expect("a digest");
    app.services.rebuild(&system, portfolio).await.expect("books");
    assert_eq!(edited, books(&app).await);
    assert_eq!(digest, app.services.books_digest(&system, portfolio).await.expect("a digest"));
    book.deposit("2024-03-07", "1", "EUR").await;
    assert_ne!(digest, app.services.books_digest(&system, portfolio).await.expect("a digest"));
}
