//! Logging in, staying logged in, and tokens that were not issued here.

mod access_tokens;
mod log_in;
mod mail;
mod passwords;
mod refresh_tokens;
mod secrets;
mod sessions;
mod signing_keys;
mod smtp;
mod throttling;

use serde_json::{Value, json};

use crate::support::{Answer, App, Call, Client, PASSWORD};

/// Logs in.
async fn log_in(client: &Client, tenant: &str, email: &str, password: &str) -> Answer {
    let input = json!({ "input": { "tenant": tenant, "email": email, "password": password } });
    let document = "mutation($input: LoginInput!) { login(input: $input) { accessToken refreshToken expiresAt
        viewer { user { email } tenant { slug } } userErrors { code message field } } }";
    client.run_with(document, input).await
}

/// The refresh token of a new log-in of this person.
async fn refresh_token(app: &App, tenant: &str, name: &str) -> String {
    let email = format!("{name}@{tenant}.example");
    log_in(&app.anonymous(), tenant, &email, PASSWORD).await.text("/login/refreshToken")
}

/// Exchanges a refresh token.
async fn exchange(client: &Client, token: &str) -> Answer {
    let document = "mutation($input: RefreshTokenInput!) { tokenRefresh(input: $input) { accessToken refreshToken
        userErrors { code message field } } }";
    client.run_with(document, json!({ "input": { "refreshToken": token } })).await
}

/// Whether an exchange was refused, with nothing given.
#[track_caller]
fn refused(answer: &Answer) -> bool {
    let given = answer.at("/tokenRefresh");
    let is_refused = answer.user_errors("tokenRefresh") == ["INVALID_REFRESH_TOKEN"];
    assert_eq!(is_refused, given["refreshToken"].is_null(), "{given}");
    assert_eq!(is_refused, given["accessToken"].is_null(), "{given}");
    is_refused
}

/// Logs out.
async fn log_out(client: &Client, token: &str) {
    let input = json!({ "input": { "refreshToken": token } });
    client.run_with(Call::of("logout").document, input).await.at("/logout");
}

/// Entries of a tenant's audit log with this action, the latest first.
async fn entries(app: &App, tenant: &str, action: &str) -> Vec<Value> {
    let document = "query($filter: AuditFilter) { auditLog(first: 100, filter: $filter) {
        nodes { actor actorId requestId before after } } }";
    let admin = app.client(tenant, "admin").await;
    let answer = admin.run_with(document, json!({ "filter": { "action": action } })).await;
    answer.at("/auditLog/nodes").as_array().expect("a list").clone()
}
