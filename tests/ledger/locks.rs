//! Periods whose books are closed.

use serde_json::{Value, json};

use crate::support::{Answer, App, Book, Client, Inside};

const LOCK: &str = r"mutation($id: ID!, $input: PortfolioPeriodLockInput!) { portfolioPeriodLock(id: $id, input: $input) {
    portfolio { version periodLock { lockedThrough lockedAt lockedBy { name } note } }
    userErrors { code message field } } }";
const RECORD: &str = r"mutation($input: TransactionRecordInput!, $override: Boolean! = false) {
    transactionRecord(input: $input, overrideLock: $override) {
        transaction { id } userErrors { code message field } } }";
const EVENT: &str = r"mutation($input: TransactionsRecordInput!, $override: Boolean! = false) {
    transactionsRecord(input: $input, overrideLock: $override) {
        transactions { id } userErrors { code message field } } }";
const REVERSE: &str = r"mutation($id: ID!, $override: Boolean! = false) { transactionReverse(id: $id, overrideLock: $override) {
    transaction { id } userErrors { code message field } } }";
const UPDATE: &str = r"mutation($id: ID!, $version: Int!, $input: PortfolioUpdateInput!, $override: Boolean! = false) {
    portfolioUpdate(id: $id, expectedVersion: $version, input: $input, overrideLock: $override) {
        portfolio { name version bookkeeping { lotMethod } } userErrors { code message field } } }";
const IMPORT: &str = r"mutation($input: TransactionsImportInput!, $override: Boolean! = false) {
    transactionsImport(input: $input, overrideLock: $override) { rowsRecorded rowsRejected
        rowErrors { line column code message } userErrors { code message field } } }";
const HEADER: &str = "date,type,symbol,quantity,price,amount,fee,tax,currency,counter_amount,counter_currency,ratio,\
                      account,external_id,note";

async fn try_lock(client: &Client, book: &Book, input: Value) -> Answer {
    client.run_with(LOCK, json!({ "id": book.portfolio, "input": input })).await
}

async fn lock(app: &App, book: &Book, through: &str) {
    let answer = try_lock(&app.client("alpha", "admin").await, book, json!({ "lockedThrough": through })).await;
    assert_eq!(answer.user_errors("portfolioPeriodLock"), [""; 0], "{}", answer.body);
}

#[track_caller]
fn refused(answer: &Answer, mutation: &str, field: &[&str], says: &[&str]) {
    let error = answer.at(&format!("/{mutation}/userErrors/0"));
    assert_eq!((&error["code"], &error["field"]), (&json!("PERIOD_LOCKED"), &json!(field)), "{}", answer.body);
    let message = error["message"].as_str().expect("a message");
    assert!(says.iter().all(|part| message.contains(part)), "\"{message}\" should say {says:?}");
}

async fn entries(app: &App, action: &str) -> Vec<Value> {
    let query =
        "query($action: String) { auditLog(first: 100, filter: { action: $action }) { nodes { before after } } }";
    let log = app.client("alpha", "admin").await.run_with(query, json!({ "action": action })).await;
    log.at("/auditLog/nodes").as_array().expect("a list").clone()
}

#[tokio::test]
async fn a_lock_is_set_moved_and_lifted_and_each_is_on_record() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let admin = app.client("alpha", "admin").await;
    let shown = book.show("2024-03-14", None, "periodLock { lockedThrough }").await;
    assert!(shown["periodLock"].is_null());
    for (through, note) in [(json!("2023-12-31"), json!("audited")), (json!("2023-06-30"), json!(null))] {
        let answer = try_lock(&admin, &book, json!({ "lockedThrough": through, "note": note })).await;
        let held = answer.at("/portfolioPeriodLock/portfolio/periodLock");
        assert_eq!((&held["lockedThrough"], &held["note"]), (&through, &note));
        assert_eq!(held["lockedBy"]["name"], "admin");
        assert!(held["lockedAt"].as_str().expect("a time").starts_with("2024-03-15T12:00:00"), "{held}");
    }
    let lifted = try_lock(&admin, &book, json!({ "lockedThrough": null, "note": "restated" })).await;
    assert!(lifted.at("/portfolioPeriodLock/portfolio/periodLock").is_null());
    assert_eq!(*lifted.at("/portfolioPeriodLock/portfolio/version"), 4);
    book.deposit("2023-01-02", "1", "USD").await;
    let log = entries(&app, "portfolioPeriodLock").await;
    assert_eq!(log.len(), 3);
    let text = log[1].to_string();
    assert!(text.contains("2023-12-31") && text.contains("audited") && text.contains("2023-06-30"), "{text}");
    assert!(log[2]["before"].is_null() && log[0].to_string().contains("restated"), "{log:?}");
}

#[tokio::test]
async fn a_lock_needs_the_permission_a_day_and_a_portfolio() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let admin = app.client("alpha", "admin").await;
    for person in ["investor1", "advisor", "auditor"] {
        let client = app.client("alpha", person).await;
        let answer = try_lock(&client, &book, json!({ "lockedThrough": "2023-12-31" })).await;
        assert_eq!(answer.error_code(), "FORBIDDEN", "{person}");
    }
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let long = "x".repeat(501);
    for (input, code, field) in [
        (json!({ "note": "nothing else" }), "INVALID_INPUT", "lockedThrough"),
        (json!({ "lockedThrough": "2024-03-16" }), "FUTURE_DATE", "lockedThrough"),
        (json!({ "lockedThrough": "2024-03-01", "note": long }), "INVALID_INPUT", "note"),
    ] {
        let answer = try_lock(&admin, &book, input).await;
        let error = answer.at("/portfolioPeriodLock/userErrors/0");
        assert_eq!((&error["code"], &error["field"]), (&json!(code), &json!(["input", field])));
    }
    let elsewhere = app.client("beta", "admin").await;
    let answer = try_lock(&elsewhere, &book, json!({ "lockedThrough": "2023-12-31" })).await;
    assert_eq!(answer.user_errors("portfolioPeriodLock"), ["NOT_FOUND"]);
    assert_eq!(inside.row_counts().await, before);
}

#[tokio::test]
async fn what_bears_on_a_locked_period_is_refused_until_its_last_day() {
    let app = App::start().await;
    let book = Book::with_accounts(app.client("alpha", "investor1").await, "USD", &["Main", "Other"]).await;
    let deposit = book.deposit("2023-06-01", "100", "USD").await;
    let later = book.deposit("2024-01-01", "100", "USD").await;
    lock(&app, &book, "2023-12-31").await;
    let admin = app.client("alpha", "admin").await;
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let cash = json!({ "deposit": { "amount": "1", "currency": "USD" } });
    let answer = book.try_record("2023-12-31", &cash).await;
    refused(
        &answer,
        "transactionRecord",
        &["input", "tradeDate"],
        &["2023-12-31", "through 2023-12-31", "LEDGER_LOCK"],
    );
    let legs = json!({ "transactions": [book.input("2024-01-02", &cash), book.input("2023-03-01", &cash)] });
    let answer = book.client.run_with(EVENT, json!({ "input": legs })).await;
    refused(&answer, "transactionsRecord", &["input", "transactions", "1", "tradeDate"], &["2023-03-01", "2023-12-31"]);
    let answer = book.client.run_with(REVERSE, json!({ "id": deposit })).await;
    refused(&answer, "transactionReverse", &["id"], &["2023-06-01", "2023-12-31"]);
    // The one who may lock is held to it like everybody, unless they say so.
    let answer = admin.run_with(REVERSE, json!({ "id": deposit })).await;
    refused(&answer, "transactionReverse", &["id"], &["2023-06-01"]);
    assert_eq!(inside.row_counts().await, before);
    book.deposit("2024-01-01", "1", "USD").await;
    let answer = book.client.run_with(REVERSE, json!({ "id": later })).await;
    assert_eq!(answer.user_errors("transactionReverse"), [""; 0]);
}

#[tokio::test]
async fn an_own_split_bears_on_the_markets_day_whose_place_it_takes() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2024-01-31", "GLOBEX", "3", "10").await;
    lock(&app, &book, "2024-02-02").await;
    // GLOBEX splits on 2024-02-01: the account would no longer hold six on that day.
    let split = json!({ "split": { "instrumentId": book.instrument("GLOBEX"), "numerator": "2", "denominator": "1",
        "decision": "KEEP_MINE" } });
    let answer = book.try_record("2024-02-05", &split).await;
    refused(&answer, "transactionRecord", &["input", "tradeDate"], &["2024-02-01", "2024-02-02"]);
}

#[tokio::test]
async fn the_one_entitled_records_into_a_locked_period_and_the_entry_says_so() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let admin = app.client("alpha", "admin").await;
    let deposit = json!({ "input": book.input("2023-06-01", &json!({ "deposit": { "amount": "1", "currency": "USD" } })),
        "override": true });
    // Saying so without the permission is refused, also where nothing is locked.
    assert_eq!(book.client.run_with(RECORD, deposit.clone()).await.error_code(), "FORBIDDEN");
    let answer = admin.run_with(RECORD, deposit.clone()).await;
    assert_eq!(answer.user_errors("transactionRecord"), [""; 0]);
    lock(&app, &book, "2023-12-31").await;
    assert_eq!(book.client.run_with(RECORD, deposit.clone()).await.error_code(), "FORBIDDEN");
    let answer = admin.run_with(RECORD, deposit).await;
    let row = answer.text("/transactionRecord/transaction/id");
    let answer = admin.run_with(REVERSE, json!({ "id": row, "override": true })).await;
    assert_eq!(answer.user_errors("transactionReverse"), [""; 0]);
    let says = |entry: &Value| entry.to_string().contains("overriddenLock") && entry.to_string().contains("2023-12-31");
    let recorded: Vec<bool> = entries(&app, "transactionRecord").await.iter().map(says).collect();
    assert_eq!(recorded, [true, false]);
    assert!(says(&entries(&app, "transactionReverse").await[0]));
}

#[tokio::test]
async fn rows_of_a_file_in_a_locked_period_are_refused_with_their_lines() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    lock(&app, &book, "2023-12-31").await;
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let mut rows = String::new();
    for day in ["2024-01-02", "2023-12-31", "2024-01-03", "2023-01-02"] {
        rows += &format!("{day},DEPOSIT,,,,10,,,USD,,,,,,\n");
    }
    // More of them than are reported one by one.
    rows += &"2023-02-01,DEPOSIT,,,,11,,,USD,,,,,,\n".repeat(120);
    let answer = book.import(&rows, "ALL_OR_NOTHING").await;
    assert_eq!(*answer.at("/transactionsImport/rowsRecorded"), 0);
    assert_eq!(answer.at("/transactionsImport/rowErrors/0/code"), "PERIOD_LOCKED");
    let after = inside.row_counts().await;
    assert_eq!(after["fact_portfolio_transactions"], before["fact_portfolio_transactions"]);
    let answer = book.import(&rows, "VALID_ROWS").await;
    assert_eq!(
        (answer.at("/transactionsImport/rowsRecorded"), answer.at("/transactionsImport/rowsRejected")),
        (&json!(2), &json!(122))
    );
    let errors = answer.at("/transactionsImport/rowErrors").as_array().expect("a list").clone();
    assert_eq!((&errors[0]["line"], &errors[0]["column"], &errors[1]["line"]), (&json!(3), &json!("date"), &json!(5)));
    assert!(errors[1]["message"].as_str().expect("a message").contains("2023-01-02"), "{errors:?}");
    // With the word of the one entitled all of them are taken.
    let file =
        json!({ "input": { "portfolioId": book.portfolio, "csv": format!("{HEADER}\n{rows}") }, "override": true });
    assert_eq!(book.client.run_with(IMPORT, file.clone()).await.error_code(), "FORBIDDEN");
    let answer = app.client("alpha", "admin").await.run_with(IMPORT, file).await;
    assert_eq!(*answer.at("/transactionsImport/rowsRecorded"), 122, "{}", answer.body);
    assert!(entries(&app, "transactionsImport").await[0].to_string().contains("overriddenLock"));
}

#[tokio::test]
async fn other_books_do_not_change_a_locked_period() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2023-06-01", "ACME", "2", "100").await;
    lock(&app, &book, "2023-06-01").await;
    let lifo = json!({ "bookkeeping": { "lotMethod": "LIFO" } });
    let update = |version: i64, input: &Value, said: bool| json!({ "id": book.portfolio, "version": version, "input": input, "override": said });
    let answer = book.client.run_with(UPDATE, update(3, &lifo, false)).await;
    refused(&answer, "portfolioUpdate", &["input", "bookkeeping"], &["2023-06-01"]);
    let own = json!({ "accountLotMethods": [{ "accountId": book.account, "lotMethod": "LIFO" }] });
    let answer = book.client.run_with(UPDATE, update(3, &own, false)).await;
    refused(&answer, "portfolioUpdate", &["input", "accountLotMethods"], &["2023-06-01"]);
    assert_eq!(book.client.run_with(UPDATE, update(3, &lifo, true)).await.error_code(), "FORBIDDEN");
    let answer = book.client.run_with(UPDATE, update(3, &json!({ "name": "Renamed" }), false)).await;
    assert_eq!(answer.text("/portfolioUpdate/portfolio/name"), "Renamed");
    let admin = app.client("alpha", "admin").await;
    let answer = admin.run_with(UPDATE, update(4, &lifo, true)).await;
    assert_eq!(answer.text("/portfolioUpdate/portfolio/bookkeeping/lotMethod"), "LIFO");
    assert!(entries(&app, "portfolioUpdate").await[0].to_string().contains("overriddenLock"));
    // A ledger that begins after the period has nothing in it to change.
    lock(&app, &book, "2023-05-31").await;
    let fifo = json!({ "bookkeeping": { "lotMethod": "FIFO" } });
    let answer = book.client.run_with(UPDATE, update(6, &fifo, false)).await;
    assert_eq!(answer.user_errors("portfolioUpdate"), [""; 0]);
}
