//! The same key again gives the same answer and does nothing twice.

use serde_json::{Value, json};

use crate::support::{App, Book, Inside, RECORD};

fn deposit(book: &Book, amount: &str, key: &str) -> Value {
    let activity = json!({ "deposit": { "amount": amount, "currency": "USD" } });
    json!({ "input": book.input("2024-03-01", &activity), "key": key })
}

#[tokio::test]
async fn a_repeated_key_gives_the_same_row_and_another_input_is_refused() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let first = book.client.run_with(RECORD, deposit(&book, "5", "k")).await;
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let second = book.client.run_with(RECORD, deposit(&book, "5", "k")).await;
    assert_eq!(second.text("/transactionRecord/transaction/id"), first.text("/transactionRecord/transaction/id"));
    let other = book.client.run_with(RECORD, deposit(&book, "6", "k")).await;
    assert_eq!(other.user_errors("transactionRecord"), ["IDEMPOTENCY_KEY_REUSED"]);
    assert_eq!(inside.row_counts().await, before);
    // Another person's key is another key.
    let theirs = Book::opened_by(app.client("alpha", "investor2").await, "USD").await;
    let made = theirs.client.run_with(RECORD, deposit(&theirs, "6", "k")).await;
    assert_eq!(made.user_errors("transactionRecord"), [""; 0]);
}

#[tokio::test]
async fn a_refused_request_does_not_use_up_its_key() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let refused = book.client.run_with(RECORD, deposit(&book, "-5", "k")).await;
    assert_eq!(refused.user_errors("transactionRecord"), ["INVALID_INPUT"]);
    let mended = book.client.run_with(RECORD, deposit(&book, "5", "k")).await;
    assert_eq!(mended.user_errors("transactionRecord"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_requests_at_once_with_one_key_record_once() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let send = |_| {
        let (client, variables) = (book.client.clone(), deposit(&book, "5", "k"));
        tokio::spawn(async move { client.run_with(RECORD, variables).await.text("/transactionRecord/transaction/id") })
    };
    let running: Vec<_> = (0..6).map(send).collect();
    let mut ids = Vec::new();
    for task in running {
        ids.push(task.await.expect("an answer"));
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(book.cash("2024-03-14", "USD").await, "5");
    assert_eq!(book.show("2024-03-14", None, "transactions { totalCount }").await["transactions"]["totalCount"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_at_once_without_a_key_all_count() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let activity = json!({ "deposit": { "amount": "5", "currency": "USD" } });
    let send = |_| {
        let (client, variables) = (book.client.clone(), json!({ "input": book.input("2024-03-01", &activity) }));
        tokio::spawn(async move { client.run_with(RECORD, variables).await.user_errors("transactionRecord") })
    };
    let running: Vec<_> = (0..6).map(send).collect();
    for task in running {
        assert_eq!(task.await.expect("an answer"), [""; 0]);
    }
    assert_eq!(book.cash("2024-03-14", "USD").await, "30");
}
