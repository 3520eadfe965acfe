//! Choosing another password.

use serde_json::{Value, json};

use super::{entries, exchange, log_in, refresh_token, refused};
use crate::support::{App, Call, Client, PASSWORD};

const NEW: &str = "vier Igel queren nachts";

async fn change(client: &Client, old: &str, new: &str) -> (Value, Vec<String>) {
    let document = "mutation($input: PasswordChangeInput!) { passwordChange(input: $input) { sessionsEnded
        userErrors { code message field } } }";
    let answer = client.run_with(document, json!({ "input": { "oldPassword": old, "newPassword": new } })).await;
    (answer.at("/passwordChange").clone(), answer.user_errors("passwordChange"))
}

#[tokio::test]
async fn a_new_password_takes_the_place_of_the_old_one_and_ends_other_sessions() {
    let app = App::start().await;
    let other = refresh_token(&app, "alpha", "investor1").await;
    let client = app.client("alpha", "investor1").await;
    let (answer, errors) = change(&client, PASSWORD, NEW).await;
    assert_eq!(errors, Vec::<String>::new(), "{answer}");
    assert_eq!(answer["sessionsEnded"], 1);
    assert!(refused(&exchange(&app.anonymous(), &other).await));
    client.run("{ viewer { user { id } } }").await.at("/viewer/user/id");
    let email = "investor1@alpha.example";
    let old = log_in(&app.anonymous(), "alpha", email, PASSWORD).await;
    assert_eq!(old.user_errors("login"), ["INVALID_CREDENTIALS"]);
    log_in(&app.anonymous(), "alpha", email, NEW).await.text("/login/accessToken");
    log_in(&app.anonymous(), "beta", "investor1@beta.example", PASSWORD).await.text("/login/accessToken");
    let changed = entries(&app, "alpha", "passwordChange").await;
    assert_eq!(changed.len(), 1);
    let text = format!("{changed:?}");
    assert!(!text.contains(NEW) && !text.contains(PASSWORD), "{text}");
}

#[tokio::test]
async fn a_wrong_old_password_a_weak_new_one_and_the_same_again_are_refused() {
    let app = App::start().await;
    let client = app.client("alpha", "investor1").await;
    for (old, new, code, field) in [
        ("a wrong password", NEW, "INVALID_CREDENTIALS", "oldPassword"),
        (PASSWORD, "password1", "WEAK_PASSWORD", "newPassword"),
        (PASSWORD, "investor1@alpha.example", "WEAK_PASSWORD", "newPassword"),
        (PASSWORD, "short", "INVALID_INPUT", "newPassword"),
        (PASSWORD, &"x".repeat(257), "INVALID_INPUT", "newPassword"),
        (PASSWORD, PASSWORD, "INVALID_INPUT", "newPassword"),
    ] {
        let (answer, errors) = change(&client, old, new).await;
        assert_eq!(errors, [code], "{answer}");
        assert_eq!(answer["userErrors"][0]["field"], json!(["input", field]), "{answer}");
        assert!(answer["sessionsEnded"].is_null());
    }
    let (weak, _) = change(&client, PASSWORD, "password1").await;
    let message = weak["userErrors"][0]["message"].as_str().expect("a message");
    assert!(message.contains("strength 0 of 4, at least 3") && message.contains("password."), "{message}");
    log_in(&app.anonymous(), "alpha", "investor1@alpha.example", PASSWORD).await.text("/login/accessToken");
}

#[tokio::test]
async fn guesses_at_the_old_password_are_held_back() {
    let app = App::start().await;
    let client = app.client("alpha", "investor1").await;
    for _ in 0..6 {
        let (_, errors) = change(&client, "a wrong password", NEW).await;
        assert_eq!(errors, ["INVALID_CREDENTIALS"]);
    }
    let (_, errors) = change(&client, PASSWORD, NEW).await;
    assert_eq!(errors, ["TOO_MANY_ATTEMPTS"]);
    let twice = r#"passwordChange(input: { oldPassword: "guess", newPassword: "another guess" }) { sessionsEnded }"#;
    let answer = client.run(&format!("mutation {{ a: {twice} b: {twice} }}")).await;
    assert_eq!(answer.error_code(), "QUERY_TOO_COMPLEX");
}

#[tokio::test]
async fn an_operator_changes_theirs_too() {
    let app = App::start().await;
    let operator = app.operator().await;
    assert_eq!(change(&operator, PASSWORD, NEW).await.1, Vec::<String>::new());
    assert_eq!(change(&operator, PASSWORD, NEW).await.1, ["INVALID_CREDENTIALS"]);
}

#[tokio::test]
async fn a_person_is_not_made_with_a_weak_password() {
    let app = App::start().await;
    let admin = app.client("alpha", "admin").await;
    let row = |email: &str, password: &str| json!({ "email": email, "name": "Noa Baum", "role": "INVESTOR", "password": password });
    let input = json!({ "input": [row("a@alpha.example", "noa"), row("b@alpha.example", "noabaum1"),
        row("c@alpha.example", NEW)] });
    let answer = admin.run_with(Call::of("usersCreate").document, input).await;
    let codes: Vec<&Value> =
        (0..3).map(|index| &answer.at("/usersCreate/results")[index]["userErrors"][0]["code"]).collect();
    assert_eq!(codes, [&json!("INVALID_INPUT"), &json!("WEAK_PASSWORD"), &Value::Null]);
}
