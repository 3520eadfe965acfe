//! Transactions from a file.

mod again;
mod bulk;
mod held;
mod kinds;
mod upload;

use serde_json::{Value, json};

use crate::support::{Answer, App, Book, Inside};

const DEPOSIT: &str = "2024-03-01,DEPOSIT,,,,1000,,,USD,,,,,d1,\n";
const BUY: &str = "2024-03-01,BUY,ACME,2,250,,1.5,,USD,,,,,b1,\n";
const FEE: &str = "2024-03-04,FEE,,,,3,,,USD,,,,,,\n";

/// Rows read, recorded, duplicate and rejected.
#[track_caller]
fn counts(answer: &Answer) -> [u64; 4] {
    let payload = answer.at("/transactionsImport");
    ["rowsRead", "rowsRecorded", "rowsDuplicate", "rowsRejected"].map(|name| payload[name].as_u64().expect("a count"))
}

/// Line, column and code of each wrong row.
#[track_caller]
fn places(answer: &Answer) -> Vec<Value> {
    let errors = answer.at("/transactionsImport/rowErrors").as_array().expect("a list").clone();
    errors.into_iter().map(|error| json!([error["line"], error["column"], error["code"]])).collect()
}

const EVERY_KIND: &str = "\
2024-03-01,DEPOSIT,,,,1000,,,USD,,,,Main,1,\n\
2024-03-01,BUY,ACME,2,250,,1.5,0.5,USD,,,,Main,2,\"a note, with a comma\"\n\
2024-03-04,DIVIDEND,ACME,,,10,,1.5,USD,,,,,3,\n\
2024-03-05,INTEREST,,,,4,,1,USD,,,,,4,\n\
2024-03-06,FEE,,,,2,,,USD,,,,,5,\n\
2024-03-06,TAX,,,,7,,,USD,,,,,6,\n\
2024-03-07,FX_CONVERSION,,,,100,1,,USD,85,EUR,,,7,\n\
2024-03-08,SPLIT,ACME,,,,,,,,,2:1,,8,\n\
2024-03-11,SELL,ACME,1,130,,0.5,0.25,USD,,,,,9,\n\
2024-03-12,WITHDRAWAL,,,,28.25,,,USD,,,,,10,\n";

#[tokio::test]
async fn every_kind_of_row_is_booked() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    let answer = book.import(EVERY_KIND, "ALL_OR_NOTHING").await;
    assert_eq!(counts(&answer), [10, 10, 0, 0], "{}", answer.body);
    // 1000 − 502 + 8.5 + 3 − 2 − 7 − 101 + 129.25 − 28.25
    assert_eq!(book.cash("2024-03-14", "USD").await, "500.5");
    assert_eq!(book.cash("2024-03-14", "EUR").await, "85");
    let shown = book.show("2024-03-14", None, "holdings { nodes { quantity costLocal { amount } } }").await;
    assert_eq!(shown["holdings"]["nodes"][0], json!({ "quantity": "3", "costLocal": { "amount": "376.5" } }));
}

const WRONG: &str = "\
2024-03-01,DEPOSIT,,,,1000,,,USD,,,,,d1,\n\
2024-13-01,DEPOSIT,,,,1,,,USD,,,,,,\n\
2024-03-01,GIFT,,,,1,,,USD,,,,,,\n\
2024-03-01,BUY,NONE,1,1,,,,USD,,,,,,\n\
2024-03-01,BUY,ACME,1e3,1,,,,USD,,,,,,\n\
2024-03-01,BUY,ACME,,1,,,,USD,,,,,,\n\
2024-03-01,BUY,ACME,1,-1,,,,USD,,,,,,\n\
2024-03-01,BUY,ACME,0,1,,,,USD,,,,,,\n\
2024-03-16,DEPOSIT,,,,1,,,USD,,,,,,\n\
2024-03-01,DEPOSIT,,,,1,,,XXX,,,,,,\n\
2024-03-01,DEPOSIT,,,,1,,,usd,,,,,,\n\
2024-03-01,DEPOSIT,,,,1,,,KWD,,,,,,\n\
2024-03-01,DEPOSIT,,,,1,,,USD,,,,Other,,\n\
2024-03-01,FX_CONVERSION,,,,1,,,USD,1,XXX,,,,\n\
2024-03-01,SPLIT,ACME,,,,,,,,,0:1,,,\n\
2024-03-01,SPLIT,ACME,,,,,,,,,2,,,\n\
2024-03-05,SELL,ACME,3,250,,,,USD,,,,,,\n\
2024-03-01,DEPOSIT,,,,1,,,USD\n\
2024-03-01,BUY,ACME,2,250,,1.5,,USD,,,,,b1,\n";

fn wrong_places() -> Vec<Value> {
    vec![
        json!([3, "date", "INVALID_INPUT"]),
        json!([4, "type", "INVALID_INPUT"]),
        json!([5, "symbol", "NOT_FOUND"]),
        json!([6, "quantity", "INVALID_INPUT"]),
        json!([7, "quantity", "INVALID_INPUT"]),
        json!([8, "price", "INVALID_INPUT"]),
        json!([9, "quantity", "INVALID_INPUT"]),
        json!([10, "date", "FUTURE_DATE"]),
        json!([11, "currency", "NOT_FOUND"]),
        json!([12, "currency", "INVALID_INPUT"]),
        json!([13, "currency", "MISSING_EXCHANGE_RATE"]),
        json!([14, "account", "NOT_FOUND"]),
        json!([15, "counter_currency", "NOT_FOUND"]),
        json!([16, "ratio", "INVALID_INPUT"]),
        json!([17, "ratio", "INVALID_INPUT"]),
        json!([18, "quantity", "INSUFFICIENT_QUANTITY"]),
        json!([19, null, "INVALID_INPUT"]),
    ]
}

#[tokio::test]
async fn wrong_rows_are_named_by_line_and_column_and_the_right_ones_stored_where_asked() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let refused = book.import(WRONG, "ALL_OR_NOTHING").await;
    assert_eq!(counts(&refused)[1], 0);
    assert!(!places(&refused).is_empty());
    assert_eq!(inside.row_counts().await, before, "nothing of a file with wrong rows is stored");
    let valid = book.import(WRONG, "VALID_ROWS").await;
    assert_eq!(places(&valid), wrong_places(), "{}", valid.body);
    assert_eq!(counts(&valid), [19, 2, 0, 17]);
    assert_eq!(book.cash("2024-03-14", "USD").await, "498.5");
}

#[tokio::test]
async fn a_row_that_oversells_names_its_line_and_numbers() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let rows = format!("{DEPOSIT}{BUY}2024-03-05,SELL,ACME,5,250,,,,USD,,,,,s1,\n");
    let refused = book.import(&rows, "ALL_OR_NOTHING").await;
    assert_eq!(places(&refused), [json!([4, "quantity", "INSUFFICIENT_QUANTITY"])]);
    let message = refused.text("/transactionsImport/rowErrors/0/message");
    assert!(message.contains("sells 5") && message.contains("holds 2") && message.contains("2024-03-05"), "{message}");
}

#[tokio::test]
async fn what_was_imported_before_is_not_added_again() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let first = format!("{DEPOSIT}{BUY}{FEE}{FEE}");
    assert_eq!(counts(&book.import(&first, "ALL_OR_NOTHING").await), [4, 4, 0, 0], "two equal fees are two");
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    for mode in ["ALL_OR_NOTHING", "VALID_ROWS"] {
        let again = book.import(&first, mode).await;
        assert_eq!(again.user_errors("transactionsImport"), ["DUPLICATE_IMPORT"], "{mode}");
    }
    assert_eq!(inside.row_counts().await, before);
    // The next statement overlaps: two old rows, a third equal fee, a new sale.
    let next = format!("{BUY}{FEE}{FEE}{FEE}2024-03-05,SELL,ACME,1,253,,,,USD,,,,,s1,\n");
    assert_eq!(counts(&book.import(&next, "ALL_OR_NOTHING").await), [5, 2, 3, 0]);
    assert_eq!(book.cash("2024-03-14", "USD").await, "742.5");
    let shown = book.show("2024-03-14", None, "transactions { totalCount }").await;
    assert_eq!(shown["transactions"]["totalCount"], 6);
}

#[tokio::test]
async fn another_header_is_refused_and_a_byte_order_mark_is_not_minded() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    for csv in ["", "date,type\n2024-03-01,DEPOSIT\n", "\n\n"] {
        let refused = book.import_file(csv, "VALID_ROWS").await;
        assert_eq!(refused.user_errors("transactionsImport"), ["INVALID_INPUT"], "{csv:?}");
        assert_eq!(refused.at("/transactionsImport/userErrors/0")["field"], json!(["input", "csv"]));
    }
    let header = "\u{feff}date,type,symbol,quantity,price,amount,fee,tax,currency,counter_amount,counter_currency,ratio,account,external_id,note";
    let windows = format!("{header}\r\n{}", DEPOSIT.replace('\n', "\r\n"));
    assert_eq!(counts(&book.import_file(&windows, "ALL_OR_NOTHING").await), [1, 1, 0, 0]);
}

#[tokio::test]
async fn a_file_that_ends_inside_quotes_is_refused_with_the_line() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let rows = format!("{DEPOSIT}{}{BUY}{FEE}", DEPOSIT.replace("d1,", "d2,\"open"));
    for mode in ["ALL_OR_NOTHING", "VALID_ROWS"] {
        let refused = book.import(&rows, mode).await;
        assert_eq!(refused.user_errors("transactionsImport"), ["INVALID_INPUT"], "{mode}: {}", refused.body);
        let message = refused.text("/transactionsImport/userErrors/0/message");
        assert_eq!(message, "the quotes that open on line 3 do not close");
    }
    assert_eq!(book.cash("2024-03-14", "USD").await, "0");
}

#[tokio::test]
async fn ten_thousand_rows_are_one_import() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let mut rows = String::from("2023-01-02,DEPOSIT,,,,1000000,,,USD,,,,,start,\n");
    let first: chrono::NaiveDate = "2023-01-02".parse().expect("a day");
    for index in 1..10_000_u64 {
        let day = first + chrono::Days::new(index / 25);
        let (kind, id) = if index % 2 == 1 { ("BUY", index) } else { ("SELL", index) };
        rows.push_str(&format!("{day},{kind},ACME,1,100,,,,USD,,,,,{id},\n"));
    }
    let answer = book.import(&rows, "ALL_OR_NOTHING").await;
    assert_eq!(counts(&answer), [10_000, 10_000, 0, 0], "{}", answer.body);
    let shown = book.show("2024-03-14", None, "transactions { totalCount } holdings { nodes { quantity } }").await;
    assert_eq!(shown["transactions"]["totalCount"], 10_000);
    assert_eq!(shown["holdings"]["nodes"][0]["quantity"], "1");
}

#[tokio::test]
async fn a_file_under_the_same_key_is_answered_alike_and_stored_once() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let mutation = r"mutation($input: TransactionsImportInput!, $key: String) {
        transactionsImport(input: $input, idempotencyKey: $key) {
            rowsRead rowsRecorded rowsDuplicate rowsRejected rowErrors { line column code } userErrors { code field } } }";
    let header = "date,type,symbol,quantity,price,amount,fee,tax,currency,counter_amount,counter_currency,ratio,account,external_id,note";
    let input = |rows: &str, mode: &str| json!({ "portfolioId": book.portfolio, "csv": format!("{header}\n{rows}"), "mode": mode });
    let wrong = format!("{DEPOSIT}2024-03-01,BUY,ACME,-2,250,,,,USD,,,,,b2,\n");
    for (key, rows, recorded) in [("good", DEPOSIT, 1), ("partly", wrong.as_str(), 0)] {
        let variables = json!({ "input": input(rows, "ALL_OR_NOTHING"), "key": key });
        let first = book.client.run_with(mutation, variables.clone()).await;
        let again = book.client.run_with(mutation, variables).await;
        assert_eq!(first.at("/transactionsImport"), again.at("/transactionsImport"), "{key}");
        assert_eq!(counts(&first)[1], recorded, "{}", first.body);
    }
    let other = json!({ "input": input(FEE, "ALL_OR_NOTHING"), "key": "good" });
    let refused = book.client.run_with(mutation, other).await;
    assert_eq!(refused.user_errors("transactionsImport"), ["IDEMPOTENCY_KEY_REUSED"]);
}

#[tokio::test]
async fn a_file_of_nothing_but_broken_rules_is_given_up() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let rows: String = (0..300).map(|id| format!("2024-03-01,SELL,ACME,1,1,,,,USD,,,,,s{id},\n")).collect();
    let answer = book.import(&rows, "VALID_ROWS").await;
    assert_eq!(counts(&answer), [300, 0, 0, 101]);
    assert_eq!(places(&answer).len(), 100);
}
