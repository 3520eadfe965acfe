//! The tables of the GraphQL-over-HTTP specification, row by row.

use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    body::{Body, Bytes},
    http::{Method, Request, StatusCode, header},
};
use futures_util::stream;
use serde_json::{Value, json};

use super::{Answer, app, app_with, ask, get, post, send};
use crate::{
    graphql::Introspection,
    http::{App, Documents, HttpSettings},
};

const NEW: &str = "application/graphql-response+json";
const OLD: &str = "application/json";

async fn ask_query(accept: &str, query: &str) -> Answer {
    ask(accept, json!({ "query": query }).to_string()).await
}

#[tokio::test]
async fn status_codes_depend_on_the_media_type() {
    for (query, new, old) in [
        ("{ hello }", 200, 200),
        ("{", 400, 200),
        ("{ nothing }", 400, 200),
        ("query A { hello } query B { hello }", 400, 200),
        ("query($t: String!) { echo(text: $t) }", 400, 200),
        ("subscription { forever }", 400, 200),
        ("{ hello fails }", 200, 200),
        ("{ failsHard }", 200, 200),
        ("{ denied }", 200, 200),
    ] {
        for (accept, expected) in [(NEW, new), (OLD, old)] {
            let answer = ask_query(accept, query).await;
            assert_eq!(answer.status, expected, "{query} as {accept}");
            assert_eq!(answer.header("content-type"), format!("{accept}; charset=utf-8"));
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
}

#[tokio::test]
async fn a_request_error_has_no_data_and_a_field_error_has() {
    let refused = ask_query(NEW, "{ nothing }").await.json();
    assert_eq!(refused.get("data"), None);
    assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    let partial = ask_query(NEW, "{ hello fails }").await.json();
    assert_eq!(partial["data"], json!({ "hello": "world", "fails": null }));
    assert_eq!(partial["errors"][0]["extensions"]["code"], "NOT_FOUND");
    let nulled = ask_query(NEW, "{ failsHard }").await.json();
    assert_eq!(nulled["data"], json!({ "failsHard": null }));
    assert_eq!(nulled["errors"][0]["message"], "internal error");
    assert_eq!(nulled["errors"][0]["extensions"]["requestId"], "req-1");
    let fine = ask_query(NEW, "{ hello }").await.json();
    assert_eq!(fine["data"], json!({ "hello": "world" }));
    assert_eq!(fine.get("errors"), None);
    assert_eq!(fine["extensions"]["cost"], json!({ "complexity": 1, "depth": 1, "selections": 1 }));
}

#[tokio::test]
async fn what_is_not_a_well_formed_request_is_400_in_both_media_types() {
    let many = Value::from(vec![json!({ "query": "{ hello }" }); 11]).to_string();
    for (body, message) in [
        ("NONSENSE", "the body is not JSON"),
        ("{\"query\":", "the body is not JSON"),
        ("\"{ hello }\"", "the body is neither an object nor an array"),
        ("{}", "\"query\" is missing"),
        (r#"{"qeury":"{ hello }"}"#, "\"query\" is missing"),
        (r#"{"query":7}"#, "\"query\" must be a string"),
        (r#"{"query":"{ hello }","operationName":7}"#, "\"operationName\" must be a string"),
        (r#"{"query":"{ hello }","variables":[7]}"#, "\"variables\" must be an object"),
        (r#"{"query":"{ hello }","variables":"{}"}"#, "\"variables\" must be an object"),
        (r#"{"query":"{ hello }","extensions":0}"#, "\"extensions\" must be an object"),
        ("[]", "the batch is empty"),
        ("[1]", "request 0 is not an object"),
        (r#"[{"query":"{ hello }"},{"query":null}]"#, "request 1: \"query\" is missing"),
        (&many, "the batch has 11 requests; at most 10 are allowed"),
    ] {
        for accept in [NEW, OLD] {
            let answer = ask(accept, body.to_owned()).await;
            assert_eq!(answer.status, 400, "{body}");
            let text = answer.json()["errors"][0]["message"].as_str().unwrap().to_owned();
            assert!(text.starts_with(message), "{text}");
        }
    }
}

#[tokio::test]
async fn optional_members_may_be_null_and_others_are_ignored() {
    let body = json!({ "query": "{ hello }", "operationName": null, "variables": null, "extensions": null, "x": 1 });
    assert_eq!(ask(NEW, body.to_string()).await.status, 200);
}

#[tokio::test]
async fn variables_and_the_operations_name_are_used() {
    let query = "query A($t: String!) { echo(text: $t) } query B { hello }";
    let body = json!({ "query": query, "operationName": "A", "variables": { "t": "é \"" } });
    assert_eq!(ask(NEW, body.to_string()).await.json()["data"]["echo"], "é \"");
}

#[tokio::test]
async fn a_get_asks_and_does_not_change() {
    let fine = get(
        &app(),
        "/graphql?query=query%20A($t:String!){echo(text:$t)}&operationName=A&variables=%7B%22t%22:%22x%22%7D",
    )
    .await;
    assert_eq!((fine.status, fine.json()["data"]["echo"].as_str()), (StatusCode::OK, Some("x")));
    assert_eq!(fine.header("content-type"), "application/json; charset=utf-8", "without an Accept header");
    assert_eq!(get(&app(), "/graphql?query={hello}&operationName=&variables=").await.status, 200);
    let mutation = get(&app(), "/graphql?query=mutation{touch}").await;
    assert_eq!((mutation.status, mutation.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "POST"));
    let chosen = get(&app(), "/graphql?query=query%20A{hello}%20mutation%20B{touch}&operationName=B").await;
    assert_eq!(chosen.status, 405);
    for (uri, message) in [
        ("/graphql", "\"query\" is missing"),
        ("/graphql?query={hello}&variables=[1]", "\"variables\" must be an object"),
        ("/graphql?query={hello}&variables=x", "\"variables\" is not JSON"),
        ("/graphql?query={hello}&query={who}", "\"query\" is given twice"),
    ] {
        let answer = get(&app(), uri).await;
        assert_eq!(answer.status, 400, "{uri}");
        assert!(answer.json()["errors"][0]["message"].as_str().unwrap().starts_with(message), "{uri}");
    }
}

#[tokio::test]
async fn other_methods_are_told_which_ones_there_are() {
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let request = Request::builder().method(method).uri("/graphql").body(Body::empty()).unwrap();
        let answer = send(&app(), request).await;
        assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD, POST"));
    }
}

#[tokio::test]
async fn media_types_that_are_not_spoken_are_refused() {
    let body = json!({ "query": "{ hello }" }).to_string();
    assert_eq!(ask("text/html", body.clone()).await.status, 406);
    for content_type in [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
    ] {
        let request =
            Request::post("/graphql").header(header::CONTENT_TYPE, content_type).body(body.clone().into()).unwrap();
        assert_eq!(send(&app(), request).await.status, 415, "{content_type}");
    }
    let untyped = Request::post("/graphql").body(body.into()).unwrap();
    assert_eq!(send(&app(), untyped).await.status, 415);
}

#[tokio::test]
async fn what_a_form_of_another_page_can_send_changes_nothing() {
    // Without asking first, a page can send these three types to any origin, and a body without one.
    let simple = [
        "text/plain",
        "text/plain; charset=utf-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ];
    let log_in = r#"{"query":"mutation { touch }"}"#;
    for path in ["/graphql", "/portfolios/pf_1/transactions.csv"] {
        for content_type in simple.map(Some).into_iter().chain([None]) {
            let mut request = Request::post(path).header(header::ORIGIN, "https://evil.example");
            if let Some(content_type) = content_type {
                request = request.header(header::CONTENT_TYPE, content_type);
            }
            let answer = send(&app(), request.body(log_in.into()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{path} {content_type:?}");
            assert_eq!(answer.header("access-control-allow-origin"), "");
        }
    }
}

#[tokio::test]
async fn a_large_body_is_refused_whether_it_says_its_size_or_not() {
    let settings = HttpSettings { body_limit_bytes: 100, ..HttpSettings::default() };
    let app = app_with(settings, Ok(()));
    let answer = send(&app, post().body("x".repeat(101).into()).unwrap()).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE".to_owned()));
    let extensions = &answer.json()["errors"][0]["extensions"];
    assert_eq!((&extensions["limit"], &extensions["maximum"]), (&json!("bytes of the body"), &json!(100)));
    let chunks = stream::iter((0..30).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(b"12345"))));
    assert_eq!(send(&app, post().body(Body::from_stream(chunks)).unwrap()).await.status, 413);
}

#[tokio::test]
async fn a_token_is_good_or_refused_but_never_ignored() {
    let with = async |authorization: &str| {
        let body = json!({ "query": "{ who }" }).to_string();
        let request = post().header(header::AUTHORIZATION, authorization).header(header::ACCEPT, OLD).body(body.into());
        send(&app(), request.unwrap()).await
    };
    assert_eq!(ask_query(NEW, "{ who }").await.json()["data"]["who"], Value::Null);
    assert_eq!(with("Bearer good").await.json()["data"]["who"], "ADMIN");
    assert_eq!(with("bearer  good").await.json()["data"]["who"], "ADMIN");
    let long = format!("Bearer {}", "x".repeat(12_000));
    for (authorization, challenge) in [
        ("Bearer forged", "invalid_token"),
        ("Basic good", "invalid_request"),
        ("Bearer ", "invalid_request"),
        ("good", "invalid_request"),
        (long.as_str(), "invalid_token"),
    ] {
        let answer = with(authorization).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED".to_owned()));
        assert_eq!(answer.header("www-authenticate"), format!("Bearer error=\"{challenge}\""), "{authorization}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("forged"), "the reason is not for the client");
    }
    let unknown = with("Bearer later").await;
    assert_eq!((unknown.status, unknown.code()), (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE".to_owned()));
}

#[tokio::test]
async fn each_request_of_a_batch_is_answered_on_its_own() {
    let batch = json!([{ "query": "{ hello }" }, { "query": "{ nothing }" }, { "query": "mutation { touch }" }]);
    let answer = ask(NEW, batch.to_string()).await;
    assert_eq!(answer.status, 200);
    let answers = answer.json();
    assert_eq!(answers[0]["data"]["hello"], "world");
    assert_eq!(answers[1].get("data"), None);
    assert_eq!(answers[2]["data"]["touch"], 1);
}

#[tokio::test]
async fn a_batch_shares_one_budget() {
    let mut settings = HttpSettings::default();
    settings.limits.max_complexity = 3;
    let batch = Value::from(vec![json!({ "query": "{ hello who }" }); 2]).to_string();
    let answers = send(&app_with(settings, Ok(())), post().body(batch.into()).unwrap()).await.json();
    assert_eq!(answers[0]["data"]["hello"], "world");
    assert_eq!(answers[1]["errors"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX");
    assert_eq!(answers[1]["errors"][0]["extensions"]["actual"], 4);
}

#[tokio::test]
async fn a_bomb_is_refused_with_its_numbers() {
    let query = format!("{{ {} }}", "hello ".repeat(100));
    let answer = ask_query(NEW, &query).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, "QUERY_TOO_COMPLEX".to_owned()));
    assert_eq!(answer.json()["errors"][0]["extensions"]["limit"], "repeated fields");
}

#[tokio::test]
async fn what_takes_too_long_is_ended() {
    let settings = HttpSettings { request_timeout: Duration::from_millis(50), ..HttpSettings::default() };
    let app = app_with(settings, Ok(()));
    for accept in [NEW, OLD] {
        let body = json!({ "query": "{ slow }" }).to_string();
        let answer = send(&app, post().header(header::ACCEPT, accept).body(body.into()).unwrap()).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::GATEWAY_TIMEOUT, "REQUEST_TIMEOUT".to_owned()));
    }
    let batch = Value::from(vec![json!({ "query": "{ slow }" }); 10]).to_string();
    let started = Instant::now();
    assert_eq!(send(&app, post().body(batch.into()).unwrap()).await.status, 504);
    assert!(started.elapsed() < Duration::from_millis(400), "the time limit is the whole batch's");
    let stalled = stream::pending::<Result<Bytes, std::io::Error>>();
    let answer = send(&app, post().body(Body::from_stream(stalled)).unwrap()).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT".to_owned()));
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_nothing_more() {
    let answer = ask_query(NEW, "{ panics }").await;
    assert_eq!((answer.status, answer.code()), (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL".to_owned()));
    assert!(!String::from_utf8_lossy(&answer.body).contains("asked"));
}

async fn code_of(app: &App, token: Option<&str>, body: Value) -> (StatusCode, String) {
    let mut request = post().header(header::ACCEPT, NEW);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let answer = send(app, request.body(body.to_string().into()).unwrap()).await;
    let code = if answer.json().get("errors").is_some() { answer.code() } else { String::new() };
    (answer.status, code)
}

#[tokio::test]
async fn the_schema_is_described_to_those_who_may_ask() {
    let with = |introspection| app_with(HttpSettings { introspection, ..HttpSettings::default() }, Ok(()));
    let hidden = "query { ...A } fragment A on Query { ... { __type(name: \"Query\") { name } } }";
    for query in ["{ __schema { queryType { name } } }", "{ hello __type(name: \"Query\") { name } }", hidden] {
        let ask = async |introspection, token| code_of(&with(introspection), token, json!({ "query": query })).await;
        let fine = (StatusCode::OK, String::new());
        assert_eq!(ask(Introspection::Everyone, None).await, fine, "{query}");
        assert_eq!(ask(Introspection::Permitted, Some("reader")).await, fine, "{query}");
        for (introspection, token, status, code) in [
            (Introspection::Permitted, None, StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
            (Introspection::Permitted, Some("good"), StatusCode::FORBIDDEN, "FORBIDDEN"),
            (Introspection::Nobody, None, StatusCode::FORBIDDEN, "FORBIDDEN"),
            (Introspection::Nobody, Some("reader"), StatusCode::FORBIDDEN, "FORBIDDEN"),
        ] {
            assert_eq!(ask(introspection, token).await, (status, code.to_owned()), "{query} {introspection:?}");
        }
    }
    let named = code_of(&with(Introspection::Nobody), None, json!({ "query": "{ __typename hello }" })).await;
    assert_eq!(named.0, StatusCode::OK, "the name of a type is nobody's secret");
}

/// An app that knows `{ hello }` alone, and its hash.
pub fn knowing(is_required: bool) -> (HttpSettings, String) {
    let hash = digest(&SHA256, b"{ hello }").as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let listed = json!({ format!("sha256:{hash}"): "{ hello }" }).to_string();
    let documents = Documents::read(&listed, is_required, &HttpSettings::default().limits).unwrap();
    (HttpSettings { documents, ..HttpSettings::default() }, hash)
}

#[tokio::test]
async fn documents_that_are_known_are_named_by_their_hashes() {
    let fine = (StatusCode::OK, String::new());
    let bad = (StatusCode::BAD_REQUEST, "BAD_USER_INPUT".to_owned());
    let unknown = "0".repeat(64);
    let persisted = |hash: &str| json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    for is_required in [false, true] {
        let (settings, hash) = knowing(is_required);
        let app = app_with(settings, Ok(()));
        let ask = async |body: Value| code_of(&app, None, body).await;
        assert_eq!(ask(json!({ "documentId": format!("sha256:{hash}") })).await, fine);
        assert_eq!(ask(json!({ "documentId": format!("sha256:{hash}"), "query": "{ hello }" })).await, fine);
        assert_eq!(ask(json!({ "extensions": persisted(&hash) })).await, fine);
        assert_eq!(ask(json!({ "query": "{ hello }" })).await, fine);
        assert_eq!(get(&app, &format!("/graphql?documentId=sha256:{hash}")).await.status, StatusCode::OK);
        for wrong in [
            json!({ "documentId": format!("sha256:{unknown}") }),
            json!({ "documentId": hash }),
            json!({ "documentId": 1 }),
            json!({ "documentId": format!("sha256:{hash}"), "query": "{ who }" }),
            json!({ "extensions": persisted(&unknown) }),
            json!({ "extensions": persisted(&unknown), "query": "{ hello }" }),
        ] {
            assert_eq!(ask(wrong.clone()).await, bad, "{wrong}");
        }
        let other = ask(json!({ "query": "{ who }" })).await;
        assert_eq!(other, if is_required { bad.clone() } else { fine.clone() });
        let batch = json!([{ "documentId": format!("sha256:{hash}") }, { "documentId": "sha256:" }]);
        assert_eq!(ask(batch).await.0, StatusCode::BAD_REQUEST);
    }
    // Not even parsed, or the parser would have spoken.
    let (settings, _) = knowing(true);
    let broken = post().body(r#"{"query":"{"}"#.into()).unwrap();
    let answer = send(&app_with(settings, Ok(())), broken).await.json();
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("documents that it knows"), "{answer}");
    let off = code_of(&app(), None, json!({ "documentId": format!("sha256:{unknown}") })).await;
    assert_eq!(off, bad, "a server without documents knows none");
}
