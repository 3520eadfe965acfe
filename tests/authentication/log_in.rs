//! Logging in, and being refused without learning why.

use serde_json::Value;

use super::{entries, exchange, log_in, refresh_token, refused};
use crate::support::{App, PASSWORD, Superuser};

#[tokio::test]
async fn the_right_password_opens_a_session() {
    let app = App::start().await;
    let answer = log_in(&app.anonymous(), "alpha", "INVESTOR1@Alpha.example", PASSWORD).await;
    assert_eq!(answer.user_errors("login"), Vec::<String>::new());
    assert_eq!(answer.text("/login/viewer/user/email"), "investor1@alpha.example");
    assert_eq!(answer.text("/login/viewer/tenant/slug"), "alpha");
    assert_eq!(answer.text("/login/expiresAt"), "2024-03-15T12:15:00+00:00");
    let client = app.with_token(&answer.text("/login/accessToken"));
    let viewer = client.run("{ viewer { user { email } } }").await;
    assert_eq!(viewer.text("/viewer/user/email"), "investor1@alpha.example");
    assert_eq!(entries(&app, "alpha", "login").await.len(), 1);
    assert_eq!(entries(&app, "beta", "login").await.len(), 0);
}

#[tokio::test]
async fn every_reason_for_a_refusal_is_answered_alike() {
    let app = App::start().await;
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    inside
        .run(&format!(
            "UPDATE {schema}.dim_user SET status = 'DISABLED' WHERE email = 'investor2@alpha.example'; \
             UPDATE platform.tenant SET status = 'SUSPENDED' WHERE slug = 'beta'"
        ))
        .await;
    let anonymous = app.anonymous();
    let mut answers: Vec<Value> = Vec::new();
    for (tenant, email, password) in [
        ("alpha", "investor1@alpha.example", "a wrong password"),
        ("alpha", "investor1@alpha.example", ""),
        ("alpha", "nobody@alpha.example", PASSWORD),
        ("alpha", "investor1@alpha.example' OR true --", PASSWORD),
        ("nowhere", "investor1@alpha.example", PASSWORD),
        ("", "investor1@alpha.example", PASSWORD),
        ("alpha", "investor2@alpha.example", PASSWORD),
        ("beta", "investor1@beta.example", PASSWORD),
        ("alpha", "investor1@beta.example", PASSWORD),
        ("alpha", "operator@platform.example", PASSWORD),
    ] {
        let answer = log_in(&anonymous, tenant, email, password).await;
        assert_eq!(answer.user_errors("login"), ["INVALID_CREDENTIALS"], "{tenant} {email}");
        answers.push(answer.at("/login").clone());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let first = answers[0].as_object().expect("a payload");
    assert!(first.iter().all(|(name, value)| name == "userErrors" || value.is_null()), "{first:?}");
    // What was tried at a tenant that is served is on its record, the disabled person's attempt too; none names a person.
    let failures = entries(&app, "alpha", "loginFailed").await;
    assert_eq!(failures.len(), 7, "{failures:?}");
    assert!(failures.iter().all(|entry| entry["actorId"].is_null() && entry["requestId"].is_string()), "{failures:?}");
    assert!(failures.iter().any(|entry| entry["actor"] == "nobody@alpha.example"));
    assert!(!format!("{failures:?}").contains("a wrong password"));
    let sessions = format!("SELECT count(*)::text FROM {schema}.session");
    assert_eq!(inside.text(&sessions).await, "0");
}

#[tokio::test]
async fn whoever_is_disabled_or_suspended_is_logged_in_no_longer() {
    let app = App::start().await;
    let tokens = [refresh_token(&app, "alpha", "investor2").await, refresh_token(&app, "beta", "investor1").await];
    let (disabled, suspended) = (app.client("alpha", "investor2").await, app.client("beta", "investor1").await);
    let bystander = app.client("alpha", "investor1").await;
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    inside
        .run(&format!(
            "UPDATE {schema}.dim_user SET status = 'DISABLED' WHERE email = 'investor2@alpha.example'; \
             UPDATE platform.tenant SET status = 'SUSPENDED' WHERE slug = 'beta'"
        ))
        .await;
    // Another server has nothing cached, which is what this one comes to within ten seconds.
    let other = app.another().await;
    for client in [disabled, suspended] {
        let client = other.with_token(client.token().expect("a token"));
        let answer = client.run("{ viewer { user { id } } }").await;
        assert_eq!((answer.status.as_u16(), answer.error_code()), (401, "UNAUTHENTICATED"));
    }
    for token in tokens {
        assert!(refused(&exchange(&other.anonymous(), &token).await));
    }
    let bystander = other.with_token(bystander.token().expect("a token"));
    bystander.run("{ viewer { user { id } } }").await.at("/viewer/user/id");
}

#[tokio::test]
async fn an_operation_tries_one_password() {
    let app = App::start().await;
    let one =
        r#"login(input: { tenant: "alpha", email: "investor1@alpha.example", password: "guess" }) { accessToken }"#;
    let answer = app.anonymous().run(&format!("mutation {{ a: {one} b: {one} }}")).await;
    assert_eq!(answer.error_code(), "QUERY_TOO_COMPLEX");
    assert_eq!(entries(&app, "alpha", "loginFailed").await.len(), 1);
}

#[tokio::test]
async fn a_text_that_the_database_cannot_hold_is_refused_before_it_tells_anything() {
    let app = App::start().await;
    for tenant in ["alpha", "nowhere"] {
        let answer = log_in(&app.anonymous(), tenant, "a\0", PASSWORD).await;
        assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{tenant}");
    }
}
