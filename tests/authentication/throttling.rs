//! Who guesses is held back, and nobody else.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, header};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::entries;
use crate::support::{App, PASSWORD, Superuser};

/// What a log-in from an address comes to: the code of its refusal, or `OK`; and how long to wait.
async fn attempt(app: &App, address: &str, tenant: &str, email: &str, password: &str) -> (String, Value) {
    let peer: SocketAddr = SocketAddr::new(address.parse().expect("an address"), 40_000);
    let input = json!({ "tenant": tenant, "email": email, "password": password });
    let document = "mutation($input: LoginInput!) { login(input: $input) { accessToken userErrors { code message field retryAfter } } }";
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .extension(ConnectInfo(peer))
        .body(Body::from(json!({ "query": document, "variables": { "input": input } }).to_string()));
    let answer = app.anonymous().send(request.expect("a request")).await;
    let login = answer.at("/login").clone();
    match login["accessToken"].is_string() {
        true => ("OK".to_owned(), Value::Null),
        false => (login["userErrors"][0]["code"].as_str().expect("a code").to_owned(), login["userErrors"][0].clone()),
    }
}

const VICTIM: &str = "investor1@alpha.example";
const ATTACKER: &str = "198.51.100.66";

async fn guess(app: &App, address: &str, email: &str) -> String {
    attempt(app, address, "alpha", email, "a guess").await.0
}

#[tokio::test]
async fn waits_grow_with_each_failure_and_the_right_password_must_wait_too() {
    let app = App::start().await;
    for _ in 0..6 {
        assert_eq!(guess(&app, ATTACKER, VICTIM).await, "INVALID_CREDENTIALS");
    }
    let mut waits = Vec::new();
    for _ in 0..4 {
        let (code, error) = attempt(&app, ATTACKER, "alpha", "Investor1@Alpha.Example ", PASSWORD).await;
        assert_eq!(code, "TOO_MANY_ATTEMPTS");
        let wait = error["retryAfter"].as_i64().expect("a wait");
        assert_eq!(error["message"], format!("too many attempts: try again in {wait} seconds"));
        waits.push(wait);
        app.clock.advance(TimeDelta::seconds(wait));
        assert_eq!(guess(&app, ATTACKER, VICTIM).await, "INVALID_CREDENTIALS");
    }
    assert_eq!(waits, [1, 2, 4, 8]);
    // What is held back is not looked at, so it is not on record either.
    assert_eq!(entries(&app, "alpha", "loginFailed").await.len(), 10);
    app.clock.advance(TimeDelta::seconds(16));
    assert_eq!(attempt(&app, ATTACKER, "alpha", VICTIM, PASSWORD).await.0, "OK");
    for _ in 0..5 {
        assert_eq!(guess(&app, ATTACKER, VICTIM).await, "INVALID_CREDENTIALS", "a log-in begins the count anew");
    }
}

#[tokio::test]
async fn failures_from_elsewhere_keep_nobody_from_their_account() {
    let app = App::start().await;
    let home = "203.0.113.7";
    assert_eq!(attempt(&app, home, "alpha", VICTIM, PASSWORD).await.0, "OK");
    // Many addresses, so that the account's own count is far above what is free.
    for index in 0..40 {
        guess(&app, &format!("198.51.100.{index}"), VICTIM).await;
    }
    assert_eq!(attempt(&app, "192.0.2.9", "alpha", VICTIM, PASSWORD).await.0, "TOO_MANY_ATTEMPTS", "from a new place");
    assert_eq!(attempt(&app, home, "alpha", VICTIM, PASSWORD).await.0, "OK", "from where they came from before");
    // The same of an address that guesses at many accounts: the office's colleague gets in, by their own count.
    for index in 0..101 {
        guess(&app, home, &format!("nobody{index}@alpha.example")).await;
    }
    assert_eq!(guess(&app, home, "investor2@alpha.example").await, "TOO_MANY_ATTEMPTS");
    assert_eq!(attempt(&app, home, "alpha", VICTIM, PASSWORD).await.0, "OK");
    // Nobody else's account is touched.
    assert_eq!(attempt(&app, "192.0.2.9", "beta", "investor1@beta.example", PASSWORD).await.0, "OK");
}

#[tokio::test]
async fn whoever_guesses_from_the_same_address_delays_by_a_minute_at_the_most() {
    let app = App::start().await;
    let home = "203.0.113.7";
    assert_eq!(attempt(&app, home, "alpha", VICTIM, PASSWORD).await.0, "OK");
    for _ in 0..20 {
        if guess(&app, home, VICTIM).await == "TOO_MANY_ATTEMPTS" {
            app.clock.advance(TimeDelta::seconds(60));
        }
    }
    app.clock.advance(TimeDelta::seconds(60));
    assert_eq!(attempt(&app, home, "alpha", VICTIM, PASSWORD).await.0, "OK");
}

#[tokio::test]
async fn accounts_that_do_not_exist_are_held_back_alike() {
    let app = App::start().await;
    let mut told = Vec::new();
    for (tenant, email) in
        [("alpha", VICTIM), ("alpha", "nobody@alpha.example"), ("nowhere", VICTIM), ("", "operator@platform.example")]
    {
        let mut answers = Vec::new();
        for _ in 0..8 {
            answers.push(attempt(&app, "198.51.100.1", tenant, email, "a guess").await);
        }
        told.push(answers);
    }
    assert!(told.iter().all(|answers| *answers == told[0]), "{told:?}");
    assert_eq!(told[0][5].0, "INVALID_CREDENTIALS");
    assert_eq!(told[0][6].0, "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn an_address_is_held_back_at_all_accounts_and_an_ipv6_neighbour_is_the_same() {
    let app = App::start().await;
    for index in 0..101 {
        guess(&app, &format!("2001:db8:1:2::{index:x}"), &format!("nobody{index}@alpha.example")).await;
    }
    assert_eq!(guess(&app, "2001:db8:1:2:ffff::1", "another@alpha.example").await, "TOO_MANY_ATTEMPTS");
    assert_eq!(guess(&app, "2001:db8:1:3::1", "another@alpha.example").await, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn counts_outlive_a_restart_and_hold_for_every_server() {
    let app = App::start().await;
    for _ in 0..6 {
        guess(&app, ATTACKER, VICTIM).await;
    }
    let another = app.another().await;
    assert_eq!(guess(&another, ATTACKER, VICTIM).await, "TOO_MANY_ATTEMPTS");
    app.clock.advance(TimeDelta::days(1) + TimeDelta::seconds(2));
    for _ in 0..5 {
        assert_eq!(guess(&app, ATTACKER, VICTIM).await, "INVALID_CREDENTIALS", "a day later they are forgotten");
    }
    assert_eq!(attempt(&app, ATTACKER, "alpha", VICTIM, PASSWORD).await.0, "OK");
}

#[tokio::test]
async fn guesses_at_once_count_one_by_one() {
    let app = App::start().await;
    let guesses = (0..20).map(|_| guess(&app, ATTACKER, VICTIM));
    let answers = futures_util::future::join_all(guesses).await;
    let looked_at = answers.iter().filter(|code| *code == "INVALID_CREDENTIALS").count();
    assert_eq!(looked_at, 6, "{answers:?}");
}

#[tokio::test]
async fn the_counts_tell_nobodys_address() {
    let app = App::start().await;
    guess(&app, ATTACKER, VICTIM).await;
    attempt(&app, "203.0.113.7", "alpha", VICTIM, PASSWORD).await;
    let mut inside = Superuser::of(&app).await;
    let contents =
        "SELECT t::text FROM platform.sign_in_throttle t UNION ALL SELECT t::text FROM platform.sign_in_known t";
    let rows = inside.texts(contents).await;
    assert!(rows.len() >= 4, "{rows:?}");
    assert!(rows.iter().all(|row| !row.contains("investor1") && !row.contains("198.51")), "{rows:?}");
    // The firm's own role reads neither table.
    let schema = inside.schema("alpha").await;
    let may = format!("SELECT has_table_privilege('{schema}', 'platform.sign_in_throttle', 'SELECT')::text");
    assert_eq!(inside.text(&may).await, "false");
}
