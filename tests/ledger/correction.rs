//! A transaction in the place of one that was recorded wrongly.

use serde_json::{Value, json};

use crate::support::{App, Book, Inside, REVERSE};

pub const CORRECT: &str = r"mutation($id: ID!, $input: TransactionRecordInput!) { transactionCorrect(id: $id, input: $input) {
    transaction { id supersedesId } userErrors { code message field } } }";

async fn correct(book: &Book, id: &str, date: &str, activity: Value) -> crate::support::Answer {
    book.client.run_with(CORRECT, json!({ "id": id, "input": book.input(date, &activity) })).await
}

#[tokio::test]
async fn a_correction_takes_the_place_of_a_row_within_its_day() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let wrong = book.buy("2024-03-05", "ACME", "20", "250").await;
    // Sold on the same day, after it.
    book.sell("2024-03-05", "ACME", "20", "260").await;
    let corrected = correct(&book, &wrong, "2024-03-05", json!({ "buy": book.trade("ACME", "20", "245") })).await;
    assert_eq!(corrected.user_errors("transactionCorrect"), [""; 0], "{}", corrected.body);
    assert_eq!(corrected.text("/transactionCorrect/transaction/supersedesId"), wrong);
    // 20 × (260 − 245).
    assert_eq!(book.cash("2024-03-05", "USD").await, "300");
    let shown = book
        .show(
            "2024-03-05",
            None,
            "transactions { nodes { id supersededById } } disposals { nodes { gain { amount } } }",
        )
        .await;
    let rows = shown["transactions"]["nodes"].as_array().expect("a list");
    assert_eq!(rows.len(), 3);
    let old = rows.iter().find(|row| row["id"] == json!(wrong)).expect("the old row");
    assert_eq!(old["supersededById"], json!(corrected.text("/transactionCorrect/transaction/id")));
    assert_eq!(shown["disposals"]["nodes"][0]["gain"]["amount"], "300");
}

#[tokio::test]
async fn what_no_longer_counts_is_not_corrected() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let first = book.deposit("2024-03-05", "100", "USD").await;
    let cash = |amount: &str| json!({ "deposit": { "amount": amount, "currency": "USD" } });
    let second = correct(&book, &first, "2024-03-06", cash("110")).await.text("/transactionCorrect/transaction/id");
    let third = correct(&book, &second, "2024-03-07", cash("120")).await.text("/transactionCorrect/transaction/id");
    let fourth = correct(&book, &third, "2024-03-07", cash("130")).await.text("/transactionCorrect/transaction/id");
    assert_eq!(book.cash("2024-03-07", "USD").await, "130");
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let again = correct(&book, &second, "2024-03-07", cash("1")).await;
    assert_eq!(again.user_errors("transactionCorrect"), ["ALREADY_CORRECTED"]);
    let reversed = book.client.run_with(REVERSE, json!({ "id": first })).await;
    assert_eq!(reversed.user_errors("transactionReverse"), ["ALREADY_CORRECTED"]);
    let future = correct(&book, &fourth, "9999-03-07", cash("1")).await;
    assert!(
        !future.body["errors"].is_null() || future.user_errors("transactionCorrect") == ["FUTURE_DATE"],
        "{}",
        future.body
    );
    assert_eq!(inside.row_counts().await, before);
    let reversal = book.client.run_with(REVERSE, json!({ "id": fourth })).await;
    let reversal = reversal.text("/transactionReverse/transaction/id");
    let gone = correct(&book, &fourth, "2024-03-07", cash("1")).await;
    assert_eq!(gone.user_errors("transactionCorrect"), ["ALREADY_REVERSED"]);
    let of_reversal = correct(&book, &reversal, "2024-03-07", cash("1")).await;
    assert_eq!(of_reversal.user_errors("transactionCorrect"), ["INVALID_INPUT"]);
    assert_eq!(book.cash("2024-03-07", "USD").await, "0");
}

#[tokio::test]
async fn a_correction_that_later_rows_do_not_survive_is_refused() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let bought = book.buy("2024-03-05", "ACME", "20", "250").await;
    book.sell("2024-03-08", "ACME", "15", "260").await;
    let refused = correct(&book, &bought, "2024-03-05", json!({ "buy": book.trade("ACME", "10", "250") })).await;
    assert_eq!(refused.user_errors("transactionCorrect"), ["INSUFFICIENT_QUANTITY"], "{}", refused.body);
    let message = refused.text("/transactionCorrect/userErrors/0/message");
    assert!(message.contains("sells 15") && message.contains("holds 10"), "{message}");
    let field = |answer: &crate::support::Answer| answer.at("/transactionCorrect/userErrors/0/field").clone();
    assert_eq!(field(&refused), json!(["input", "activity", "buy", "quantity"]));
    let later = correct(&book, &bought, "2024-03-11", json!({ "buy": book.trade("ACME", "20", "250") })).await;
    assert_eq!(later.user_errors("transactionCorrect"), ["INSUFFICIENT_QUANTITY"], "{}", later.body);
    assert_eq!(field(&later), json!(["input", "tradeDate"]));
}

#[tokio::test]
async fn a_correction_bears_on_a_locked_period_by_what_it_corrects() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let deposit = book.deposit("2024-03-05", "100", "USD").await;
    let lock = r"mutation($id: ID!, $input: PortfolioPeriodLockInput!) { portfolioPeriodLock(id: $id, input: $input) {
        userErrors { code message } } }";
    let admin = app.client("alpha", "admin").await;
    let through = json!({ "id": book.portfolio, "input": { "lockedThrough": "2024-03-06" } });
    assert_eq!(admin.run_with(lock, through).await.user_errors("portfolioPeriodLock"), [""; 0]);
    let later = json!({ "deposit": { "amount": "110", "currency": "USD" } });
    let refused = correct(&book, &deposit, "2024-03-08", later).await;
    assert_eq!(refused.user_errors("transactionCorrect"), ["PERIOD_LOCKED"], "{}", refused.body);
    assert_eq!(*refused.at("/transactionCorrect/userErrors/0/field"), json!(["id"]));
    assert_eq!(book.cash("2024-03-08", "USD").await, "100");
    let after = book.deposit("2024-03-08", "10", "USD").await;
    let back = json!({ "deposit": { "amount": "10", "currency": "USD" } });
    let refused = correct(&book, &after, "2024-03-05", back).await;
    assert_eq!(refused.user_errors("transactionCorrect"), ["PERIOD_LOCKED"], "{}", refused.body);
    assert_eq!(*refused.at("/transactionCorrect/userErrors/0/field"), json!(["input", "tradeDate"]));
}
