//! What an import takes for known: by the source's own id whatever the way in, and not after a reversal.

use portfolio_analyzer::services::import::{Counts, ImportMode};
use portfolio_analyzer::services::period_lock::LockTerms;
use portfolio_analyzer::services::{RefusalCode, ServiceError};
use serde_json::{Value, json};

use super::bulk::{id, opened, stream, system};
use super::kinds::file;
use crate::support::{App, Book, RECORD, REVERSE};

const CORRECT: &str = r"mutation($id: ID!, $input: TransactionRecordInput!) { transactionCorrect(id: $id, input: $input) {
    transaction { id externalId } userErrors { code message field } } }";

const X1: &str = "date=2024-03-01|type=DEPOSIT|amount=100|currency=USD|account=Main|external_id=X1";
const BARE: &str = "date=2024-03-01|type=DEPOSIT|amount=7|currency=USD|account=Main";

fn deposit(book: &Book, amount: &str, external_id: Option<&str>) -> Value {
    let mut input = book.input("2024-03-01", &json!({ "deposit": { "amount": amount, "currency": "USD" } }));
    input["externalId"] = json!(external_id);
    input
}

async fn rows(book: &Book) -> Vec<Value> {
    let shown = book.show("2024-03-14", None, "transactions(first: 100) { nodes { id type externalId } }").await;
    shown["transactions"]["nodes"].as_array().expect("a list").clone()
}

/// The row that was recorded last.
async fn latest(book: &Book) -> String {
    rows(book).await[0]["id"].as_str().expect("an id").to_owned()
}

async fn import(app: &App, book: &Book, lines: &[&str], is_streamed: bool) -> Result<Counts, ServiceError> {
    let (csv, mode) = (file(lines), ImportMode::AllOrNothing);
    if is_streamed {
        return stream(app, book, &csv, mode).await;
    }
    let (caller, terms) = (system(app).await, LockTerms::default());
    Ok(app.services.transactions_import(&caller, id(book), &csv, mode, terms, None).await?.counts)
}

#[track_caller]
fn is_duplicate(outcome: Result<Counts, ServiceError>) {
    let Err(ServiceError::Refused(refusals)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(refusals[0].code, RefusalCode::DuplicateImport);
}

#[tokio::test]
async fn what_was_reversed_may_be_imported_again_and_what_was_corrected_may_not() {
    let app = App::start().await;
    for is_streamed in [false, true] {
        let book = opened(&app).await;
        assert_eq!(import(&app, &book, &[X1, BARE], is_streamed).await.expect("an import").rows_recorded, 2);
        let imported = rows(&book).await.into_iter().find(|row| row["externalId"] == "X1").expect("a row");
        let variables = json!({ "id": imported["id"], "input": deposit(&book, "110", None) });
        let corrected = book.client.run_with(CORRECT, variables).await;
        assert_eq!(corrected.text("/transactionCorrect/transaction/externalId"), "X1", "{}", corrected.body);
        is_duplicate(import(&app, &book, &[X1, BARE], is_streamed).await);
        let id = corrected.text("/transactionCorrect/transaction/id");
        let reversed = book.client.run_with(REVERSE, json!({ "id": id })).await;
        assert_eq!(reversed.user_errors("transactionReverse"), [""; 0], "{}", reversed.body);
        let again = import(&app, &book, &[X1, BARE], is_streamed).await.expect("an import");
        assert_eq!((again.rows_recorded, again.rows_duplicate), (1, 1));
        assert_eq!(book.cash("2024-03-14", "USD").await, "107");
        is_duplicate(import(&app, &book, &[X1, BARE], is_streamed).await);
        // As often as it is reversed.
        let id = latest(&book).await;
        assert_eq!(book.client.run_with(REVERSE, json!({ "id": id })).await.user_errors("transactionReverse"), [""; 0]);
        assert_eq!(import(&app, &book, &[X1], is_streamed).await.expect("an import").rows_recorded, 1);
    }
}

#[tokio::test]
async fn what_was_recorded_under_the_sources_id_counts_as_imported() {
    let app = App::start().await;
    for is_streamed in [false, true] {
        let book = opened(&app).await;
        let recorded = book.client.run_with(RECORD, json!({ "input": deposit(&book, "100", Some(" X1 ")) })).await;
        let id = recorded.text("/transactionRecord/transaction/id");
        is_duplicate(import(&app, &book, &[X1], is_streamed).await);
        let both = import(&app, &book, &[X1, BARE], is_streamed).await.expect("an import");
        assert_eq!((both.rows_recorded, both.rows_duplicate), (1, 1));
        // Another row of the same id in one file is another one.
        let three = import(&app, &book, &[X1, X1, BARE], is_streamed).await.expect("an import");
        assert_eq!((three.rows_recorded, three.rows_duplicate), (1, 2));
        assert_eq!(book.cash("2024-03-14", "USD").await, "207");
        let reversed = book.client.run_with(REVERSE, json!({ "id": id })).await;
        assert_eq!(reversed.user_errors("transactionReverse"), [""; 0], "{}", reversed.body);
        assert_eq!(import(&app, &book, &[X1], is_streamed).await.expect("an import").rows_recorded, 1);
    }
}

#[tokio::test]
async fn an_account_takes_a_sources_id_once() {
    let app = App::start().await;
    let book = opened(&app).await;
    let record =
        async |amount: &str| book.client.run_with(RECORD, json!({ "input": deposit(&book, amount, Some("X1")) })).await;
    let refused_by = async |earlier: &str| {
        let refused = record("1").await;
        let error = refused.at("/transactionRecord/userErrors/0");
        assert_eq!((&error["code"], &error["field"]), (&json!("ALREADY_EXISTS"), &json!(["input", "externalId"])));
        let message = error["message"].as_str().expect("a text");
        assert!(message.contains("\"X1\"") && message.contains(earlier) && message.contains("2024-03-01"), "{message}");
    };
    import(&app, &book, &[X1], false).await.expect("an import");
    let imported = latest(&book).await;
    refused_by(&imported).await;
    // The place of the imported row is taken by its correction.
    let corrected =
        book.client.run_with(CORRECT, json!({ "id": imported, "input": deposit(&book, "110", Some("X1")) })).await;
    let corrected = corrected.text("/transactionCorrect/transaction/id");
    refused_by(&corrected).await;
    assert_eq!(
        book.client.run_with(REVERSE, json!({ "id": corrected })).await.user_errors("transactionReverse"),
        [""; 0]
    );
    let recorded = record("120").await.text("/transactionRecord/transaction/id");
    refused_by(&recorded).await;
    assert_eq!(book.cash("2024-03-14", "USD").await, "120");
    // Another account has ids of its own.
    let (portfolio, second) = (book.portfolio.clone(), book.second.clone().expect("a second account"));
    let other = book.at(portfolio, second);
    let taken = other.client.run_with(RECORD, json!({ "input": deposit(&other, "1", Some("X1")) })).await;
    assert_eq!(taken.user_errors("transactionRecord"), [""; 0], "{}", taken.body);
}
