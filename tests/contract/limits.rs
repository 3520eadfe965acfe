//! What is too much is refused before anything is run, with the limit and the number.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, App};

async fn post(app: &App, body: String) -> Answer {
    let request = Request::post("/graphql")
        .header("content-type", "application/json")
        .header("accept", "application/graphql-response+json");
    app.anonymous().send(request.body(Body::from(body)).expect("a request")).await
}

const NARROW: &str = "{ portfolios(first: 1) { nodes { holdings(first: 1) { nodes { account { id } } } } } }";
const WIDE: &str = "{ portfolios(first: 100) { nodes { holdings(first: 100) { nodes {
    quantity instrument { splits { exDate numerator denominator } } } } } } }";

fn repeated(times: usize, text: impl Fn(usize) -> String) -> String {
    (0..times).map(text).collect()
}

#[tokio::test]
async fn each_limit_is_told_with_its_numbers_and_what_is_within_passes() {
    let app = App::start().await;
    let anonymous = app.anonymous();
    let cases = [
        (format!("{{ {} }}", repeated(101, |index| format!("a{index}: __typename "))), "aliases"),
        (format!("{{ __typename {} }}", "@include(if: true) ".repeat(51)), "directives"),
        (WIDE.to_owned(), "fields to resolve"),
        (format!("{}{}", "{ a".repeat(40), "}".repeat(40)), "levels of nesting"),
        (format!("{{ {} }}", "__typename ".repeat(52)), "repeated fields"),
        (format!("{{ {} }}", repeated(21, |index| format!("a{index}: __typename "))), "root fields"),
        (repeated(11, |index| format!("query Q{index} {{ __typename }} ")), "operations"),
        (format!("{{ __typename }} # {}", "x".repeat(64 * 1024)), "bytes"),
        (format!("{{ a(b: [{}]) }}", "1 ".repeat(5_001)), "tokens"),
    ];
    for (query, limit) in &cases {
        let answer = anonymous.run(query).await;
        let error = &answer.body["errors"][0]["extensions"];
        if *limit == "operations" {
            // Which one of several runs is asked first: the client must name it.
            continue;
        }
        assert_eq!(answer.error_code(), "QUERY_TOO_COMPLEX", "{limit}: {}", answer.body);
        assert_eq!(error["limit"], *limit, "{}", answer.body);
        assert!(error["actual"].as_u64() > error["maximum"].as_u64(), "{limit}: {error}");
        assert!(answer.body.get("data").is_none(), "nothing was run");
    }
    let many = json!({ "query": cases[6].0, "operationName": "Q0" });
    let answer = post(&app, many.to_string()).await;
    assert_eq!(answer.body["errors"][0]["extensions"]["limit"], "operations", "{}", answer.body);
    let within = format!("{{ {} }}", repeated(20, |index| format!("a{index}: __typename ")));
    assert_eq!(anonymous.run(&within).await.text("/a19"), "Query");
    // Nobody is logged in, which is found out only because the document is let through.
    assert_eq!(anonymous.run(NARROW).await.error_code(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_deep_document_is_refused() {
    let app = App::start().await;
    let fragments = repeated(17, |index| format!("fragment F{index} on Portfolio {{ owner {{ ...G{index} }} }} "));
    let inner = repeated(17, |index| {
        let next = if index == 16 { "id".to_owned() } else { format!("...F{}", index + 1) };
        format!("fragment G{index} on User {{ {next} }} ")
    });
    let query = format!("{{ portfolio(id: \"pf_1\") {{ ...F0 }} }} {fragments} {inner}");
    let answer = app.anonymous().run(&query).await;
    assert_eq!(answer.error_code(), "QUERY_TOO_COMPLEX");
    assert_eq!(answer.body["errors"][0]["extensions"]["limit"], "levels of fields", "{}", answer.body);
}

#[tokio::test]
async fn a_fragment_bomb_is_refused_at_once() {
    let app = App::start().await;
    let fragments = repeated(60, |index| format!("fragment F{index} on Query {{ ...F{0} ...F{0} }} ", index + 1));
    let query = format!("{{ ...F0 }} {fragments} fragment F60 on Query {{ __typename }}");
    let started = Instant::now();
    let answer = app.anonymous().run(&query).await;
    assert_eq!(answer.error_code(), "QUERY_TOO_COMPLEX", "{}", answer.body);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    let cycle = app.anonymous().run("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }").await;
    assert_eq!(cycle.error_code(), "BAD_USER_INPUT");
}

#[tokio::test]
async fn batches_and_bodies_have_a_size() {
    let app = App::start().await;
    let batch = |size: usize| Value::from(vec![json!({ "query": "{ __typename }" }); size]).to_string();
    let answer = post(&app, batch(10)).await;
    assert_eq!((answer.status, answer.body.as_array().map(Vec::len)), (StatusCode::OK, Some(10)), "{}", answer.body);
    let answer = post(&app, batch(11)).await;
    assert_eq!((answer.status, answer.error_code()), (StatusCode::BAD_REQUEST, "QUERY_TOO_COMPLEX"));
    assert!(
        answer.body["errors"][0]["message"].as_str().is_some_and(|text| text.contains("11") && text.contains("10"))
    );
    let padding = "x".repeat(3 * 1024 * 1024);
    let answer =
        post(&app, json!({ "query": "{ __typename }", "extensions": { "padding": padding } }).to_string()).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", answer.body);
    let values: Vec<u32> = (0..20_001).collect();
    let answer = post(&app, json!({ "query": "{ __typename }", "variables": { "a": values } }).to_string()).await;
    assert_eq!(answer.body["errors"][0]["extensions"]["limit"], "values in its variables", "{}", answer.body);
}
