//! Log-ins are listed, and ended with everything that they gave out.

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, header};
use serde_json::{Value, json};
use std::net::SocketAddr;

use super::{entries, exchange, log_in, refresh_token, refused};
use crate::support::{App, Call, Client, PASSWORD, Sample};

const SESSIONS: &str =
    "query($userId: ID) { sessions(userId: $userId, first: 100) { nodes { id user { email } begunAt address
    userAgent lastUsedAt lastAddress expiresAt isCurrent } totalCount } }";

async fn sessions(client: &Client, user: Option<&str>) -> Vec<Value> {
    let answer = client.run_with(SESSIONS, json!({ "userId": user })).await;
    let nodes = answer.at("/sessions/nodes").as_array().expect("a list").clone();
    assert_eq!(answer.at("/sessions/totalCount"), nodes.len());
    nodes
}

/// Sends an operation as a browser at an address does.
async fn from(client: &Client, address: &str, body: Value) -> Value {
    let peer: SocketAddr = format!("{address}:40000").parse().expect("an address");
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "Browser/1.0 (on a ship)")
        .extension(ConnectInfo(peer));
    client.send(client.signed(request).body(Body::from(body.to_string())).expect("a request")).await.body
}

async fn end(client: &Client, id: &str) -> Vec<String> {
    client.run_with(Call::of("sessionEnd").document, json!({ "id": id })).await.user_errors("sessionEnd")
}

#[tokio::test]
async fn a_log_in_is_listed_with_when_and_where() {
    let app = App::start().await;
    let input = json!({ "tenant": "alpha", "email": "investor1@alpha.example", "password": PASSWORD });
    let document = "mutation($input: LoginInput!) { login(input: $input) { accessToken refreshToken } }";
    let body = json!({ "query": document, "variables": { "input": input } });
    let answer = from(&app.anonymous(), "203.0.113.7", body).await;
    let token = answer["data"]["login"]["accessToken"].as_str().expect("a token");
    let client = app.with_token(token);
    app.clock.advance(chrono::TimeDelta::minutes(5));
    let refresh = json!({ "query": "mutation($input: RefreshTokenInput!) { tokenRefresh(input: $input) { accessToken } }",
        "variables": { "input": { "refreshToken": answer["data"]["login"]["refreshToken"] } } });
    from(&app.anonymous(), "203.0.113.8", refresh).await;
    let listed = sessions(&client, None).await;
    let [one] = listed.as_slice() else { panic!("one session: {listed:?}") };
    let mut one = one.clone();
    assert!(one["id"].as_str().expect("an id").starts_with("ses_"));
    one.as_object_mut().expect("an object").remove("id");
    assert_eq!(
        one,
        json!({ "user": { "email": "investor1@alpha.example" }, "begunAt": "2024-03-15T12:00:00+00:00",
            "address": "203.0.113.7", "userAgent": "Browser/1.0 (on a ship)", "lastUsedAt": "2024-03-15T12:05:00+00:00",
            "lastAddress": "203.0.113.8", "expiresAt": "2024-04-14T12:05:00+00:00", "isCurrent": true })
    );
    app.clock.advance(chrono::TimeDelta::days(31));
    let later = app.client("alpha", "investor1").await;
    let listed = sessions(&later, None).await;
    assert_eq!(listed.len(), 1, "what has expired is over: {listed:?}");
}

#[tokio::test]
async fn an_ended_session_refuses_both_tokens_at_once() {
    let app = App::start().await;
    let answer = log_in(&app.anonymous(), "alpha", "investor1@alpha.example", PASSWORD).await;
    let (access, refresh) = (answer.text("/login/accessToken"), answer.text("/login/refreshToken"));
    let stolen = app.with_token(&access);
    stolen.run("{ viewer { user { id } } }").await.at("/viewer/user/id");
    let client = app.client("alpha", "investor1").await;
    let listed = sessions(&client, None).await;
    let other = listed.iter().find(|session| session["isCurrent"] == false).expect("the other session");
    assert_eq!(end(&client, other["id"].as_str().expect("an id")).await, Vec::<String>::new());
    let answer = stolen.run("{ viewer { user { id } } }").await;
    assert_eq!((answer.status.as_u16(), answer.error_code()), (401, "UNAUTHENTICATED"));
    assert!(refused(&exchange(&app.anonymous(), &refresh).await));
    assert_eq!(entries(&app, "alpha", "tokenReused").await.len(), 0, "an ended session is no theft");
    client.run("{ viewer { user { id } } }").await.at("/viewer/user/id");
    assert_eq!(sessions(&client, None).await.len(), 1);
    assert_eq!(end(&client, other["id"].as_str().expect("an id")).await, ["NOT_FOUND"], "it has ended");
    // A server that has cached nothing refuses it too, and when the token itself is over the reason is another.
    let elsewhere = app.another().await.with_token(&access);
    assert_eq!(elsewhere.run("{ viewer { user { id } } }").await.status.as_u16(), 401);
    let ended = entries(&app, "alpha", "sessionEnd").await;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0]["actor"], "investor1@alpha.example");
}

#[tokio::test]
async fn a_log_out_and_a_stolen_refresh_token_end_the_access_tokens() {
    let app = App::start().await;
    let answer = log_in(&app.anonymous(), "alpha", "investor1@alpha.example", PASSWORD).await;
    let client = app.with_token(&answer.text("/login/accessToken"));
    client.run("{ viewer { user { id } } }").await.at("/viewer/user/id");
    super::log_out(&app.anonymous(), &answer.text("/login/refreshToken")).await;
    assert_eq!(client.run("{ viewer { user { id } } }").await.status.as_u16(), 401);

    let answer = log_in(&app.anonymous(), "alpha", "investor1@alpha.example", PASSWORD).await;
    let client = app.with_token(&answer.text("/login/accessToken"));
    client.run("{ viewer { user { id } } }").await.at("/viewer/user/id");
    let first = answer.text("/login/refreshToken");
    assert!(!refused(&exchange(&app.anonymous(), &first).await));
    assert!(refused(&exchange(&app.anonymous(), &first).await));
    assert_eq!(client.run("{ viewer { user { id } } }").await.status.as_u16(), 401);
}

#[tokio::test]
async fn all_sessions_end_but_the_one_that_asks() {
    let app = App::start().await;
    let tokens = [refresh_token(&app, "alpha", "investor1").await, refresh_token(&app, "alpha", "investor1").await];
    let unrelated = refresh_token(&app, "alpha", "investor2").await;
    let client = app.client("alpha", "investor1").await;
    let document = Call::of("sessionsEndAll").document;
    let answer = client.run_with(document, json!({ "input": {} })).await;
    assert_eq!(answer.at("/sessionsEndAll/count"), 2);
    for token in &tokens {
        assert!(refused(&exchange(&app.anonymous(), token).await));
    }
    assert!(!refused(&exchange(&app.anonymous(), &unrelated).await));
    assert_eq!(sessions(&client, None).await.len(), 1);
    let answer = client.run_with(document, json!({ "input": { "keepCurrent": false } })).await;
    assert_eq!(answer.at("/sessionsEndAll/count"), 1);
    assert_eq!(client.run("{ viewer { user { id } } }").await.status.as_u16(), 401);
}

#[tokio::test]
async fn an_administrator_sees_and_ends_sessions_of_the_own_firm_and_nobody_else_does() {
    let app = App::start().await;
    let own = Sample::of(&app, "alpha", "investor1").await;
    let other = Sample::of(&app, "beta", "investor1").await;
    let admin = app.client("alpha", "admin").await;
    let listed = sessions(&admin, Some(&own.user)).await;
    assert!(listed.iter().all(|session| session["user"]["email"] == "investor1@alpha.example"), "{listed:?}");
    assert!(listed.iter().any(|session| session["id"] == own.session), "{listed:?}");
    assert!(sessions(&admin, Some(&other.user)).await.is_empty(), "another firm's person has none here");
    assert_eq!(end(&admin, &other.session).await, ["NOT_FOUND"]);
    for name in ["investor2", "advisor", "auditor"] {
        let client = app.client("alpha", name).await;
        let answer = client.run_with(SESSIONS, json!({ "userId": own.user })).await;
        assert_eq!(answer.error_code(), "FORBIDDEN", "{name}");
        assert_eq!(end(&client, &own.session).await, ["NOT_FOUND"], "{name}");
        let all = json!({ "input": { "userId": own.user } });
        let answer = client.run_with(Call::of("sessionsEndAll").document, all).await;
        assert_eq!(answer.error_code(), "FORBIDDEN", "{name}");
    }
    assert!(!refused(&exchange(&app.anonymous(), &own.refresh_token).await));
    assert_eq!(end(&admin, &own.session).await, Vec::<String>::new());
    let all = json!({ "input": { "userId": own.user } });
    let answer = admin.run_with(Call::of("sessionsEndAll").document, all).await;
    assert!(answer.at("/sessionsEndAll/count").as_i64().expect("a count") >= 1);
    assert!(sessions(&admin, Some(&own.user)).await.is_empty());
    assert!(!sessions(&app.client("beta", "admin").await, Some(&other.user)).await.is_empty());
}

#[tokio::test]
async fn an_operator_has_sessions_too() {
    let app = App::start().await;
    let operator = app.operator().await;
    let another = app.operator().await;
    let document = "{ sessions { nodes { id isCurrent user { id } } } }";
    let answer = operator.run(document).await;
    let listed = answer.at("/sessions/nodes").as_array().expect("a list");
    assert_eq!(listed.len(), 2, "{listed:?}");
    let other = listed.iter().find(|session| session["isCurrent"] == false).expect("the other session");
    assert_eq!(end(&operator, other["id"].as_str().expect("an id")).await, Vec::<String>::new());
    assert_eq!(another.run(document).await.status.as_u16(), 401);
    operator.run(document).await.at("/sessions");
}
