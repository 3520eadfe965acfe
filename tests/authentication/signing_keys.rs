//! Exchanging the keys that sign access tokens, and publishing them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use super::{log_in, refresh_token};
use crate::support::{App, PASSWORD, Superuser, auth_settings};

const VIEWER: &str = "{ viewer { user { id } } }";

async fn kids(app: &App) -> Vec<String> {
    let answer = app.anonymous().get("/.well-known/jwks.json").await;
    let keys = answer.body["keys"].as_array().expect("a list").clone();
    keys.iter().map(|key| key["kid"].as_str().expect("a name").to_owned()).collect()
}

fn kid(token: &str) -> String {
    decode_header(token).expect("a header").kid.expect("a name")
}

async fn token(app: &App) -> String {
    log_in(&app.anonymous(), "alpha", "investor1@alpha.example", PASSWORD).await.text("/login/accessToken")
}

#[tokio::test]
async fn others_verify_tokens_with_the_published_key() {
    let app = App::start().await;
    let answer = app.anonymous().get("/.well-known/jwks.json").await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(answer.headers["content-type"], "application/jwk-set+json");
    let [key] = answer.body["keys"].as_array().expect("a list").as_slice() else { panic!("one key: {}", answer.body) };
    let names: Vec<&String> = key.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"], "nothing of the private half");
    let token = token(&app).await;
    assert_eq!(key["kid"], kid(&token));
    let bytes = URL_SAFE_NO_PAD.decode(key["x"].as_str().expect("a key")).expect("base64");
    let settings = auth_settings().tokens;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&[&settings.audience]);
    validation.validate_exp = false;
    let claims = decode::<Value>(&token, &DecodingKey::from_ed_der(&bytes), &validation).expect("a good token").claims;
    assert_eq!(claims["role"], "INVESTOR");
}

#[tokio::test]
async fn a_rotation_logs_nobody_out() {
    let app = App::start().await;
    let other = app.another().await;
    let before = token(&app).await;
    let refresh = refresh_token(&app, "alpha", "investor1").await;
    let new = app.services.signing_key_rotate(false).await.expect("a rotation");
    // Published before it signs, so that every server knows it by then.
    app.clock.advance(TimeDelta::seconds(31));
    assert_eq!(kids(&other).await, [kid(&before), new.kid.clone()]);
    assert_eq!(kid(&token(&other).await), kid(&before));
    app.clock.advance(TimeDelta::seconds(60));
    let after = token(&app).await;
    assert_eq!(kid(&after), new.kid);
    for server in [&app, &other] {
        for token in [&before, &after] {
            server.with_token(token).run(VIEWER).await.at("/viewer/user/id");
        }
    }
    let exchanged = super::exchange(&other.anonymous(), &refresh).await.text("/tokenRefresh/accessToken");
    assert_eq!(kid(&exchanged), new.kid);
    // Once the last token of the old key is over, the key is not accepted and not published any more.
    app.clock.advance(TimeDelta::minutes(21));
    assert_eq!(kids(&app).await, std::slice::from_ref(&new.kid));
    app.services.platform_housekeeping().await.expect("housekeeping");
    let mut inside = Superuser::of(&app).await;
    let private = "SELECT kid FROM platform.signing_key WHERE encrypted_private_key IS NOT NULL";
    assert_eq!(inside.texts(private).await, [new.kid]);
    let states = app.services.signing_key_list().await.expect("a list");
    assert_eq!(states.iter().map(|key| key.verifies).collect::<Vec<_>>(), [false, true]);
    // A server that starts now reads what is left.
    token(&app.another().await).await;
    let entries = "SELECT after::text FROM platform.audit_log WHERE action = 'signingKeyRotate'";
    assert_eq!(inside.texts(entries).await.len(), 1);
}

#[tokio::test]
async fn a_revoked_key_is_accepted_nowhere() {
    let app = App::start().await;
    let before = token(&app).await;
    let other = app.another().await;
    let new = app.services.signing_key_rotate(true).await.expect("a rotation");
    app.clock.advance(TimeDelta::seconds(30));
    for server in [&app, &other] {
        assert_eq!(server.with_token(&before).run(VIEWER).await.status.as_u16(), 401);
        let after = token(server).await;
        assert_eq!(kid(&after), new.kid);
        server.with_token(&after).run(VIEWER).await.at("/viewer/user/id");
    }
    assert_eq!(kids(&app).await, [new.kid]);
}

#[tokio::test]
async fn an_oversized_token_is_refused_before_it_is_read() {
    let app = App::start().await;
    let token = token(&app).await;
    for long in [format!("{token}{}", "A".repeat(5_000)), "A".repeat(60_000)] {
        let answer = app.with_token(&long).run(VIEWER).await;
        assert!([400, 401, 431].contains(&answer.status.as_u16()), "{}", answer.status);
        assert_ne!(answer.body, json!({}));
    }
}
