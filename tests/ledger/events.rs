//! Events of several legs: recorded together, reversed together, and only if they fit together.

use serde_json::{Value, json};

use crate::support::{Answer, App, Book, Inside, REVERSE};

const RECORD: &str = r"mutation($input: TransactionsRecordInput!, $key: String) {
    transactionsRecord(input: $input, idempotencyKey: $key) {
        transactions { id type eventId } userErrors { code message field } } }";

async fn record(book: &Book, legs: &[Value], key: Option<&str>) -> Answer {
    let variables = json!({ "input": { "transactions": legs }, "key": key });
    book.client.run_with(RECORD, variables).await
}

async fn opened(app: &App) -> Book {
    let book = Book::with_accounts(app.client("alpha", "investor1").await, "USD", &["Main", "Other"]).await;
    book.deposit("2024-03-01", "1000", "USD").await;
    book.buy("2024-03-01", "ACME", "2", "250").await;
    book
}

fn reinvestment(book: &Book, spent: &str) -> [Value; 2] {
    let acme = book.instrument("ACME");
    [
        book.input(
            "2024-03-05",
            &json!({ "dividend": { "instrumentId": acme, "amount": "10", "taxWithheld": "1.5", "currency": "USD" } }),
        ),
        book.input(
            "2024-03-05",
            &json!({ "buy": { "instrumentId": acme, "quantity": "0.034", "total": spent, "currency": "USD" } }),
        ),
    ]
}

#[tokio::test]
async fn legs_share_an_event_and_are_reversed_together() {
    let app = App::start().await;
    let book = opened(&app).await;
    let answer = record(&book, &reinvestment(&book, "8.5"), Some("drip")).await;
    let rows = answer.at("/transactionsRecord/transactions").as_array().expect("a list").clone();
    assert_eq!(rows.len(), 2, "{}", answer.body);
    assert_eq!(rows[0]["eventId"], rows[1]["eventId"]);
    assert_eq!(book.state("2024-03-14").await, ["ACME@Main 2.034 cost 508.5 gain 0 income 10", "USD@Main 500"]);
    let again = record(&book, &reinvestment(&book, "8.5"), Some("drip")).await;
    assert_eq!(again.at("/transactionsRecord"), answer.at("/transactionsRecord"), "the same key, the same answer");

    // Of either leg the whole event.
    let reversed = book.client.run_with(REVERSE, json!({ "id": rows[1]["id"] })).await;
    assert_eq!(reversed.user_errors("transactionReverse"), [""; 0]);
    assert_eq!(*reversed.at("/transactionReverse/transaction/reversesId"), rows[1]["id"]);
    assert_eq!(book.state("2024-03-14").await, ["ACME@Main 2 cost 500 gain 0 income 0", "USD@Main 500"]);
    let other = book.client.run_with(REVERSE, json!({ "id": rows[0]["id"] })).await;
    assert_eq!(other.user_errors("transactionReverse"), ["ALREADY_REVERSED"]);
}

#[tokio::test]
async fn a_reinvestment_that_does_not_balance_is_refused_with_both_numbers() {
    let app = App::start().await;
    let book = opened(&app).await;
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let answer = record(&book, &reinvestment(&book, "8.4"), None).await;
    let error = answer.at("/transactionsRecord/userErrors/0");
    assert_eq!(error["code"], "UNBALANCED_EVENT", "{}", answer.body);
    assert_eq!(error["field"], json!(["input", "transactions", "1", "activity", "buy"]));
    let message = error["message"].as_str().expect("a message");
    assert!(message.contains("8.5") && message.contains("8.4"), "{message}");
    let mut euros = reinvestment(&book, "8.5");
    euros[1]["activity"]["buy"]["currency"] = json!("EUR");
    let answer = record(&book, &euros, None).await;
    assert_eq!(answer.user_errors("transactionsRecord"), ["UNBALANCED_EVENT"]);
    assert_eq!(inside.row_counts().await, before);
}

#[tokio::test]
async fn a_leg_that_is_refused_keeps_the_others_out() {
    let app = App::start().await;
    let book = opened(&app).await;
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let (acme, newco) = (book.instrument("ACME"), book.instrument("NEWCO"));
    let spin_off = json!({ "spinOff": { "instrumentId": acme, "receivedInstrumentId": newco, "quantity": "0.5",
        "costFraction": "0.1" } });
    let in_lieu = |quantity: &str| json!({ "sell": book.trade("NEWCO", quantity, "100") });
    let legs = |quantity: &str| [book.input("2024-03-05", &spin_off), book.input("2024-03-05", &in_lieu(quantity))];
    let refused = record(&book, &legs("0.6"), None).await;
    let error = refused.at("/transactionsRecord/userErrors/0");
    assert_eq!(error["code"], "INSUFFICIENT_QUANTITY", "{}", refused.body);
    assert_eq!(error["field"], json!(["input", "transactions", "1", "activity", "sell", "quantity"]));
    assert_eq!(inside.row_counts().await, before);
    assert_eq!(record(&book, &legs("0.5"), None).await.user_errors("transactionsRecord"), [""; 0]);
    // What came and went on one day is seen in nothing but the cash.
    assert_eq!(book.state("2024-03-14").await, ["ACME@Main 2 cost 450 gain 0 income 0", "USD@Main 550"]);
    for wrong in [vec![], vec![book.input("2024-03-05", &spin_off); 101]] {
        let refused = record(&book, &wrong, None).await;
        let error = refused.at("/transactionsRecord/userErrors/0");
        assert_eq!((&error["code"], &error["field"]), (&json!("INVALID_INPUT"), &json!(["input", "transactions"])));
    }
}

#[tokio::test]
async fn a_delivery_out_and_one_in_are_a_transfer_if_they_are_of_the_same_units() {
    let app = App::start().await;
    let book = opened(&app).await;
    let acme = book.instrument("ACME");
    let legs = |arrives: &str, day: &str, fee: &str| {
        let out = json!({ "transferOut": { "instrumentId": acme, "quantity": "1", "currency": "USD", "fee": fee } });
        let into =
            json!({ "transferIn": { "instrumentId": acme, "quantity": arrives, "price": "1", "currency": "USD" } });
        let mut into = book.input(day, &into);
        into["accountId"] = json!(book.second);
        [book.input("2024-03-05", &out), into]
    };
    for (legs, says) in [
        (legs("2", "2024-03-05", "0"), ["1", "2"]),
        (legs("1", "2024-03-06", "0"), ["2024-03-05", "2024-03-06"]),
        (legs("1", "2024-03-05", "4"), ["4", "FEE"]),
    ] {
        let refused = record(&book, &legs, None).await;
        assert_eq!(refused.user_errors("transactionsRecord"), ["UNBALANCED_EVENT"], "{}", refused.body);
        let message = refused.text("/transactionsRecord/userErrors/0/message");
        assert!(says.iter().all(|part| message.contains(part)), "{message}");
    }
    let moved = record(&book, &legs("1", "2024-03-05", "0"), None).await;
    let rows = moved.at("/transactionsRecord/transactions").as_array().expect("a list").clone();
    let types: Vec<&Value> = rows.iter().map(|row| &row["type"]).collect();
    assert_eq!(types, ["TRANSFER"], "{}", moved.body);
    let state = book.state("2024-03-14").await;
    assert_eq!(
        state,
        ["ACME@Main 1 cost 250 gain 0 income 0", "ACME@Other 1 cost 250 gain 0 income 0", "USD@Main 500"]
    );
}

#[tokio::test]
async fn legs_are_of_one_portfolio() {
    let app = App::start().await;
    let (book, stranger) = (opened(&app).await, opened(&app).await);
    let deposit = json!({ "deposit": { "amount": "1", "currency": "USD" } });
    let legs = [book.input("2024-03-05", &deposit), stranger.input("2024-03-05", &deposit)];
    let refused = record(&book, &legs, None).await;
    let error = refused.at("/transactionsRecord/userErrors/0");
    assert_eq!((&error["code"], &error["field"][3]), (&json!("NOT_FOUND"), &json!("accountId")), "{}", refused.body);
    let cash = json!({ "cashTransfer": { "amount": "1", "currency": "USD", "toAccountId": stranger.account } });
    let refused = book.try_record("2024-03-05", &cash).await;
    assert_eq!(refused.user_errors("transactionRecord"), ["NOT_FOUND"]);
}
