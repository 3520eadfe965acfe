//! How much one tenant and one address may ask at once, and that others are served meanwhile.

use std::{net::SocketAddr, time::Duration};

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode, header},
};
use serde_json::json;
use tokio::task::JoinHandle;

use super::{Answer, app_with, post, send};
use crate::http::{AdmissionSettings, App, HttpSettings};

fn limited(admission: AdmissionSettings) -> App {
    app_with(HttpSettings { admission, ..HttpSettings::default() }, Ok(()))
}

fn request(token: &str, query: &str) -> Request<Body> {
    let body = json!({ "query": query }).to_string();
    post().header(header::AUTHORIZATION, format!("Bearer {token}")).body(body.into()).unwrap()
}

fn from(address: &str, mut request: Request<Body>) -> Request<Body> {
    let address: SocketAddr = address.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(address));
    request
}

/// Requests that are never answered, and that have come to where they wait.
async fn hold(app: &App, requests: impl IntoIterator<Item = Request<Body>>) -> Vec<JoinHandle<()>> {
    let router = app.router();
    let mut held = Vec::new();
    for request in requests {
        let router = router.clone();
        held.push(tokio::spawn(async move {
            let _ = tower::ServiceExt::oneshot(router, request).await;
        }));
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    held
}

fn assert_refused(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code));
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn a_flooding_tenant_waits_for_itself_and_not_others_for_it() {
    let max_wait = Duration::from_millis(50);
    let app = limited(AdmissionSettings { max_concurrent: 4, max_wait, ..AdmissionSettings::default() });
    let _flood = hold(&app, (0..20).map(|_| request("alpha", "{ slow }"))).await;
    let quiet = send(&app, request("beta", "{ hello }")).await;
    assert_eq!(quiet.json()["data"]["hello"], "world");
    let more = send(&app, request("alpha", "{ hello }")).await;
    assert_refused(&more, StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE");
    let stranger = send(&app, post().body(r#"{"query":"{ hello }"}"#.into()).unwrap()).await;
    assert_eq!(stranger.status, StatusCode::OK, "who is not logged in is a party too");
    assert_eq!(super::get(&app, "/health/ready").await.status, StatusCode::OK, "probes do not wait");
}

#[tokio::test]
async fn a_tenant_and_an_address_have_so_many_requests_at_once() {
    let admission = AdmissionSettings { max_per_tenant: 2, max_per_address: 3, ..AdmissionSettings::default() };
    let app = limited(admission);
    let _held = hold(&app, (0..2).map(|_| request("alpha", "{ slow }"))).await;
    let more = send(&app, request("alpha", "{ hello }")).await;
    assert_refused(&more, StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED");
    assert_eq!(send(&app, request("beta", "{ hello }")).await.status, StatusCode::OK);

    let strangers =
        |address: &'static str| move |_| from(address, post().body(r#"{"query":"{ slow }"}"#.into()).unwrap());
    let held = hold(&app, (0..3).map(strangers("198.51.100.1:1"))).await;
    let more = send(&app, from("198.51.100.1:2", request("beta", "{ hello }"))).await;
    assert_refused(&more, StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED");
    let elsewhere = send(&app, from("198.51.100.2:2", request("beta", "{ hello }"))).await;
    assert_eq!(elsewhere.status, StatusCode::OK);
    for request in held {
        request.abort();
        let _ = request.await;
    }
    let again = send(&app, from("198.51.100.1:2", request("beta", "{ hello }"))).await;
    assert_eq!(again.status, StatusCode::OK, "who went away leaves room");
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_counts_for_itself() {
    let admission = AdmissionSettings { max_per_address: 1, ..AdmissionSettings::default() };
    let trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    let app = app_with(HttpSettings { admission, trusted_proxies, ..HttpSettings::default() }, Ok(()));
    let through = |client: &str, query: &str| {
        let body = json!({ "query": query }).to_string();
        from("10.0.0.1:1", post().header("x-forwarded-for", client).body(body.into()).unwrap())
    };
    let _held = hold(&app, [through("198.51.100.1", "{ slow }")]).await;
    assert_eq!(send(&app, through("198.51.100.1", "{ hello }")).await.status, StatusCode::TOO_MANY_REQUESTS);
    let invented = send(&app, through("203.0.113.5, 198.51.100.1", "{ hello }")).await;
    assert_eq!(invented.status, StatusCode::TOO_MANY_REQUESTS, "what the client itself wrote does not count");
    assert_eq!(send(&app, through("198.51.100.2", "{ hello }")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn pages_of_allowed_origins_may_ask_and_no_others() {
    let allowed_origins = vec!["https://app.example.com".to_owned()];
    let app = app_with(HttpSettings { allowed_origins, ..HttpSettings::default() }, Ok(()));
    let preflight = async |origin: &str| {
        let request = Request::options("/graphql")
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type,authorization");
        send(&app, request.body(Body::empty()).unwrap()).await
    };
    let allowed = preflight("https://app.example.com").await;
    assert_eq!(allowed.header("access-control-allow-origin"), "https://app.example.com");
    assert_eq!(allowed.header("access-control-max-age"), "600");
    assert_eq!(allowed.header("access-control-allow-credentials"), "");
    assert_eq!(preflight("https://evil.example").await.header("access-control-allow-origin"), "");
    let asked = post().header(header::ORIGIN, "https://app.example.com").body(r#"{"query":"{ hello }"}"#.into());
    let answer = send(&app, asked.unwrap()).await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example.com");
    let varies: Vec<_> = answer.headers.get_all(header::VARY).iter().map(|value| value.to_str().unwrap()).collect();
    let varies = varies.join(",").to_ascii_lowercase();
    assert!(varies.contains("origin") && varies.contains("authorization"), "{varies}");
}
