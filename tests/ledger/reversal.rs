//! Making a row no longer count.

use serde_json::json;

use crate::support::{App, Book, Inside, REVERSE};

#[tokio::test]
async fn a_reversal_undoes_a_row_once_and_both_stay() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-03-01", "1000", "USD").await;
    let purchase = book.buy("2024-03-01", "ACME", "2", "250").await;
    let reversed = book.client.run_with(REVERSE, json!({ "id": purchase, "note": "typed twice" })).await;
    let reversal = reversed.text("/transactionReverse/transaction/id");
    assert_eq!(reversed.text("/transactionReverse/transaction/type"), "REVERSAL");
    assert_eq!(reversed.text("/transactionReverse/transaction/reversesId"), purchase);
    assert_eq!(reversed.text("/transactionReverse/transaction/note"), "typed twice");
    assert_eq!(book.cash("2024-03-14", "USD").await, "1000");
    let fields = "holdings(includeClosed: true) { totalCount } transactions { totalCount nodes { id reversedById } }";
    let shown = book.show("2024-03-14", None, fields).await;
    assert_eq!(shown["holdings"]["totalCount"], 0);
    assert_eq!(shown["transactions"]["totalCount"], 3);
    let rows = shown["transactions"]["nodes"].as_array().expect("a list");
    let row = rows.iter().find(|row| row["id"] == json!(purchase)).expect("the purchase");
    assert_eq!(row["reversedById"], json!(reversal));

    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let again = book.client.run_with(REVERSE, json!({ "id": purchase })).await;
    assert_eq!(again.user_errors("transactionReverse"), ["ALREADY_REVERSED"]);
    assert_eq!(*again.at("/transactionReverse/userErrors/0/field"), json!(["id"]));
    let of_reversal = book.client.run_with(REVERSE, json!({ "id": reversal })).await;
    assert_eq!(of_reversal.user_errors("transactionReverse"), ["INVALID_INPUT"]);
    let unknown = book.client.run_with(REVERSE, json!({ "id": "txn_00000000000000000000000000000007" })).await;
    assert_eq!(unknown.user_errors("transactionReverse"), ["NOT_FOUND"]);
    assert_eq!(inside.row_counts().await, before);
}

#[tokio::test]
async fn a_purchase_that_a_sale_needs_is_not_reversed() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let purchase = book.buy("2024-03-01", "ACME", "2", "250").await;
    let sale = book.sell("2024-03-05", "ACME", "1", "253").await;
    let refused = book.client.run_with(REVERSE, json!({ "id": purchase })).await;
    let error = refused.at("/transactionReverse/userErrors/0");
    assert_eq!((&error["code"], &error["field"]), (&json!("INSUFFICIENT_QUANTITY"), &json!(["id"])));
    let message = error["message"].as_str().expect("a message");
    for part in ["another transaction", "sells 1", "holds 0", "2024-03-05"] {
        assert!(message.contains(part), "\"{message}\" should say {part}");
    }
    // Without the sale it is.
    let sale = book.client.run_with(REVERSE, json!({ "id": sale })).await;
    assert_eq!(sale.user_errors("transactionReverse"), [""; 0]);
    let purchase = book.client.run_with(REVERSE, json!({ "id": purchase })).await;
    assert_eq!(purchase.user_errors("transactionReverse"), [""; 0]);
}

#[tokio::test]
async fn a_note_that_is_too_long_is_blamed_on_the_note() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let deposit = book.deposit("2024-03-01", "1", "USD").await;
    let refused = book.client.run_with(REVERSE, json!({ "id": deposit, "note": "x".repeat(501) })).await;
    assert_eq!(refused.at("/transactionReverse/userErrors/0")["field"], json!(["note"]));
    assert!(refused.text("/transactionReverse/userErrors/0/message").contains("501"));
}
