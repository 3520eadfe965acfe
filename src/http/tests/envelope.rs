//! What surrounds every answer: ids, security headers, health, files.

use axum::{body::Body, http::Request};
use serde_json::json;

use super::{app, app_with, get, send};
use crate::http::HttpSettings;

#[tokio::test]
async fn a_harmless_request_id_is_kept_and_any_other_replaced() {
    let with = async |id: &str| {
        let request = Request::get("/health/live").header("x-request-id", id).body(Body::empty()).unwrap();
        send(&app(), request).await.header("x-request-id").to_owned()
    };
    assert_eq!(with("aZ0-_.").await, "aZ0-_.");
    assert_eq!(with(&"a".repeat(64)).await, "a".repeat(64));
    for wrong in ["", "a b", "é", "a\"b", "a=b", &"a".repeat(65)] {
        assert_eq!(with(wrong).await, "req-1", "{wrong}");
    }
    assert_eq!(get(&app(), "/nowhere").await.header("x-request-id"), "req-1");
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    for uri in ["/", "/nowhere", "/graphql", "/graphql/ws", "/health/live", "/playground.json"] {
        let answer = get(&app(), uri).await;
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{uri}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert!(answer.header("permissions-policy").contains("camera=()"));
        assert_eq!(answer.header("strict-transport-security"), "", "without TLS it would be ignored");
    }
}

#[tokio::test]
async fn health_says_one_word() {
    let say = async |ready, uri| {
        let answer = get(&app_with(HttpSettings::default(), ready), uri).await;
        (answer.status.as_u16(), String::from_utf8(answer.body).unwrap())
    };
    assert_eq!(say(Ok(()), "/health/ready").await, (200, "ready".to_owned()));
    assert_eq!(say(Err("database"), "/health/ready").await, (503, "database".to_owned()));
    assert_eq!(say(Err("database"), "/health/live").await, (200, "live".to_owned()));
}

#[tokio::test]
async fn files_are_served_with_the_caching_their_names_allow() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    write("index.html", "<title>playground</title>");
    write("assets/index-3f2a.js", "1");
    let settings = HttpSettings {
        assets: directory.path().to_owned(),
        playground: json!({ "queries": [] }),
        ..HttpSettings::default()
    };
    let app = app_with(settings, Ok(()));
    let index = get(&app, "/").await;
    assert_eq!((index.status.as_u16(), index.header("cache-control")), (200, "no-cache"));
    assert_eq!(index.body, b"<title>playground</title>");
    let script = get(&app, "/assets/index-3f2a.js").await;
    assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(script.header("content-type"), "text/javascript");
    assert_eq!(get(&app, "/playground.json").await.json(), json!({ "queries": [] }));
    for missing in ["/assets/gone.js", "/../Cargo.toml", "/%2e%2e/Cargo.toml", "/assets/..%2f..%2fetc/passwd"] {
        let answer = get(&app, missing).await;
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (404, ""), "{missing}");
    }
}

#[tokio::test]
async fn without_a_build_the_page_says_how_to_make_one() {
    let settings = HttpSettings { assets: "/nonexistent".into(), ..HttpSettings::default() };
    let answer = get(&app_with(settings, Ok(())), "/").await;
    assert_eq!(answer.status, 200);
    assert!(String::from_utf8(answer.body).unwrap().contains("npm ci &amp;&amp; npm run build"));
}
