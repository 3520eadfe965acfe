//! A file that is sent as such.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use portfolio_analyzer::services::import::HEADER;
use serde_json::{Value, json};

use crate::support::{Answer, App, Book, Client, Sample};

async fn send(client: &Client, portfolio: &str, query: &str, file: impl Into<Body>) -> Answer {
    let request = Request::post(format!("/portfolios/{portfolio}/transactions.csv{query}"));
    client.send(client.signed(request.header("content-type", "text/csv")).body(file.into()).expect("a request")).await
}

fn file(rows: &str) -> String {
    format!("{}\n{rows}", HEADER[..15].join(","))
}

/// Longer than a GraphQL request may be.
fn long() -> String {
    let note = "n".repeat(480);
    let rows: String = (0..6_000).map(|id| format!("2024-03-01,DEPOSIT,,,,1,,,USD,,,,,d{id},{note}\n")).collect();
    file(&rows)
}

#[tokio::test]
async fn a_file_that_no_graphql_request_holds_is_imported_and_recognised() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let refused = book.import_file(&long(), "ALL_OR_NOTHING").await;
    assert_eq!((refused.status, refused.error_code()), (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"));
    let extensions = &refused.body["errors"][0]["extensions"];
    assert_eq!((&extensions["limit"], &extensions["maximum"]), (&json!("bytes of the body"), &json!(2 << 20)));

    let answer = send(&book.client, &book.portfolio, "", long()).await;
    let recorded = json!({ "rowsRead": 6_000, "rowsRecorded": 6_000, "rowsDuplicate": 0, "rowsRejected": 0,
        "rowErrors": [], "userErrors": [] });
    assert_eq!((answer.status, &answer.body), (StatusCode::OK, &recorded));
    assert_eq!(book.cash("2024-03-14", "USD").await, "6000");
    let again = send(&book.client, &book.portfolio, "?mode=VALID_ROWS", long()).await;
    assert_eq!(again.body["userErrors"][0]["code"], "DUPLICATE_IMPORT", "{}", again.body);
    let wrong = file("2024-03-01,DEPOSIT,,,,1,,,USD,,,,,e1,\n2024-03-01,DEPOSIT,,,,x,,,USD,,,,,e2,\n");
    let answer = send(&book.client, &book.portfolio, "?mode=VALID_ROWS", wrong).await;
    let error = &answer.body["rowErrors"][0];
    assert_eq!(
        (&error["line"], &error["column"], &error["code"]),
        (&json!(3), &json!("amount"), &json!("INVALID_INPUT"))
    );
    assert_eq!((&answer.body["rowsRecorded"], &answer.body["rowsRejected"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_file_is_taken_from_those_who_may_write_and_no_longer_than_allowed() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let stranger = Sample::of(&app, "beta", "investor1").await;
    let small = file("2024-03-01,DEPOSIT,,,,1,,,USD,,,,,d1,\n");
    for (client, status, code) in [
        (app.anonymous(), StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
        (app.with_token("no.such.token"), StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
        (app.client("alpha", "auditor").await, StatusCode::FORBIDDEN, "FORBIDDEN"),
    ] {
        // Asked before the file is read.
        let refused = send(&client, &book.portfolio, "", Body::from_stream(endless())).await;
        assert_eq!((refused.status, refused.error_code()), (status, code));
    }
    let own = &book.client;
    let unknown = send(own, &stranger.portfolio, "", small.clone()).await;
    assert_eq!(unknown.body["userErrors"][0]["code"], "NOT_FOUND", "{}", unknown.body);
    let locked = send(own, &book.portfolio, "?overrideLock=true", small.clone()).await;
    assert_eq!((locked.status, locked.error_code()), (StatusCode::FORBIDDEN, "FORBIDDEN"));
    for query in ["?mode=SOME", "?overrideLock=yes", "?mode=VALID_ROWS&mode=VALID_ROWS", "?year=2024"] {
        let refused = send(own, &book.portfolio, query, small.clone()).await;
        assert_eq!((refused.status, refused.error_code()), (StatusCode::BAD_REQUEST, "BAD_USER_INPUT"), "{query}");
    }
    let long = send(own, &book.portfolio, "", Body::from_stream(endless())).await;
    assert_eq!((long.status, long.error_code()), (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"));
    assert_eq!(long.body["errors"][0]["extensions"]["maximum"], json!(25 << 20));
    let path = format!("/portfolios/{}/transactions.csv", book.portfolio);
    let untyped = own.signed(Request::post(path)).header("content-type", "application/json");
    let untyped = own.send(untyped.body(Body::from(small)).expect("a request")).await;
    assert_eq!(untyped.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let shown = book.show("2024-03-14", None, "transactions { totalCount }").await;
    assert_eq!(shown["transactions"]["totalCount"], Value::from(0));
}

fn endless() -> impl futures_util::Stream<Item = Result<String, std::io::Error>> {
    futures_util::stream::repeat_with(|| Ok("x".repeat(1 << 16)))
}
