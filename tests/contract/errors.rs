//! What goes wrong, how it is told, and with which numbers.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::support::{App, Book};

#[tokio::test]
async fn an_unknown_portfolio_is_null_without_an_error() {
    let app = App::start().await;
    let investor = app.client("alpha", "investor1").await;
    let answer = investor.run(r#"{ portfolio(id: "pf_00000000000000000000000000000007") { name } }"#).await;
    assert!(answer.at("/portfolio").is_null());
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_top_level_error_has_a_code_and_the_requests_id() {
    let app = App::start().await;
    let investor = app.client("alpha", "investor1").await;
    let cases = [
        ("{ nothing }", "BAD_USER_INPUT"),
        ("{", "BAD_USER_INPUT"),
        (r#"{ portfolio(id: "7") { name } }"#, "BAD_USER_INPUT"),
        ("{ portfolios(first: 0) { nodes { id } } }", "BAD_USER_INPUT"),
        ("{ portfolios(first: 101) { nodes { id } } }", "BAD_USER_INPUT"),
        (r#"{ portfolios(after: "x") { nodes { id } } }"#, "BAD_USER_INPUT"),
        (r#"{ portfolios(currency: "euro") { nodes { id } } }"#, "BAD_USER_INPUT"),
        (r#"{ portfolios(asOf: "2024-02-30") { nodes { id } } }"#, "BAD_USER_INPUT"),
        ("{ tenants { name } }", "FORBIDDEN"),
        ("query($id: ID!) { portfolio(id: $id) { name } }", "BAD_USER_INPUT"),
    ];
    for (query, code) in cases {
        let answer = investor.run(query).await;
        assert_eq!(answer.error_code(), code, "{query}");
        let extensions = &answer.body["errors"][0]["extensions"];
        assert!(extensions["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{query}: {}", answer.body);
    }
    for client in [app.anonymous(), app.with_token("no.such.token")] {
        assert_eq!(client.run("{ viewer { user { id } } }").await.error_code(), "UNAUTHENTICATED");
    }
    // An operator has no tenant, so no portfolios either.
    let operator = app.operator().await;
    assert_eq!(operator.run("{ portfolios { nodes { id } } }").await.error_code(), "FORBIDDEN");
}

#[tokio::test]
async fn what_the_caller_can_mend_is_in_the_payload_and_the_rest_is_not() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let refused = book.try_record("2024-03-01", &json!({ "deposit": { "amount": "0", "currency": "USD" } })).await;
    assert!(refused.body.get("errors").is_none() && refused.at("/transactionRecord/transaction").is_null());
    let auditor = book.with_client(app.client("alpha", "auditor").await);
    let forbidden = auditor.try_record("2024-03-01", &json!({ "deposit": { "amount": "1", "currency": "USD" } })).await;
    assert_eq!(forbidden.error_code(), "FORBIDDEN");
    assert!(forbidden.body["data"]["transactionRecord"].is_null());
    // Two activities, or none, are no activity.
    for activity in [
        json!({}),
        json!({ "deposit": { "amount": "1", "currency": "USD" }, "fee": { "amount": "1", "currency": "USD" } }),
    ] {
        assert_eq!(auditor.try_record("2024-03-01", &activity).await.error_code(), "BAD_USER_INPUT", "{activity}");
    }
}

#[tokio::test]
async fn a_figure_that_no_decimal_holds_is_nobodys_input() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2024-03-01", "ACME", "1000000000000000000000000000", "0.0000001").await;
    let query = "query($id: ID!) { portfolio(id: $id, asOf: \"2024-03-14\") { totals { cost { amount } } } }";
    let shown = book.client.run_with(query, json!({ "id": book.portfolio })).await;
    assert_eq!(shown.error_code(), "AMOUNT_TOO_LARGE", "{}", shown.body);
    assert!(shown.body["data"]["portfolio"]["totals"].is_null());
    let moment = "query($id: ID!) { portfolio(id: $id, knownAt: \"yesterday\") { id } }";
    let refused = book.client.run_with(moment, json!({ "id": book.portfolio })).await;
    assert_eq!(refused.error_code(), "BAD_USER_INPUT");
    assert!(refused.body.to_string().contains("2022-12-28T16:00:00Z"), "{}", refused.body);
}

#[tokio::test]
async fn the_cost_stands_beside_the_answer() {
    let app = App::start().await;
    let investor = app.client("alpha", "investor1").await;
    let cost = async |query: &str| investor.run(query).await.body["extensions"]["cost"].clone();
    let small = cost("{ portfolios(first: 1) { nodes { id } } }").await;
    let large = cost("{ portfolios(first: 100) { nodes { id } } }").await;
    assert_eq!((&small["depth"], &large["depth"]), (&json!(3), &json!(3)));
    assert!(large["complexity"].as_u64() > small["complexity"].as_u64().map(|cost| cost * 20), "{small} {large}");
}

async fn get(app: &App, token: Option<&str>, query: &str) -> (StatusCode, Value) {
    let mut uri = String::from("/graphql?query=");
    for byte in query.bytes() {
        uri.push_str(&format!("%{byte:02X}"));
    }
    let mut request = Request::get(uri).header("accept", "application/graphql-response+json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let answer = app.anonymous().send(request.body(Body::empty()).expect("a request")).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn a_get_asks_and_never_changes() {
    let app = App::start().await;
    let (status, body) = get(&app, None, "{ __typename }").await;
    assert_eq!((status, &body["data"]["__typename"]), (StatusCode::OK, &json!("Query")));
    let login = r#"mutation { login(input: { tenant: "alpha", email: "investor1@alpha.example", password: "x" }) { accessToken } }"#;
    let (status, body) = get(&app, None, login).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(body["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
}
