//! Access tokens: those that have ended, and those that were not issued here.

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use portfolio_analyzer::auth::{
    AccessTokens, KeyCipher, Realm, Role, SigningKey, SigningKeys, Subject, TenantId, TokenSettings,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, App, Sample, Superuser, auth_settings};

/// The parts of a token, read without a look at the signature.
fn parts(token: &str) -> (Value, Value, String) {
    let mut parts = token.split('.');
    let mut next = || parts.next().expect("a part").to_owned();
    let read = |part: String| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
    };
    (read(next()), read(next()), next())
}

fn segment(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The server's own key: what a forger does not have, so that only the claims are forged.
async fn own_key(app: &App) -> SigningKey {
    let mut inside = Superuser::of(app).await;
    let kid = inside.text("SELECT kid FROM platform.signing_key").await;
    let sealed = inside.text("SELECT encode(encrypted_private_key, 'hex') FROM platform.signing_key").await;
    let byte = |index| u8::from_str_radix(&sealed[index..index + 2], 16).expect("hexadecimal");
    let sealed: Vec<u8> = (0..sealed.len()).step_by(2).map(byte).collect();
    KeyCipher::derive(&auth_settings().secret).expect("a cipher").open(&kid, &sealed).expect("the key")
}

fn now(app: &App) -> DateTime<Utc> {
    app.services.environment.clock.now()
}

/// Refused, and told nothing but that.
#[track_caller]
fn is_refused(answer: &Answer, what: &str) {
    assert_eq!(answer.status.as_u16(), 401, "{what}: {}", answer.body);
    let mut body = answer.body.clone();
    let id = body["errors"][0]["extensions"].as_object_mut().and_then(|members| members.remove("requestId"));
    assert!(id.is_some_and(|id| id.is_string()), "{what}: {}", answer.body);
    let message = "the access token is not valid";
    let expected = json!({ "errors": [{ "message": message, "extensions": { "code": "UNAUTHENTICATED" } }] });
    assert_eq!(body, expected, "{what}");
}

fn uuid(id: &str) -> Uuid {
    id.split_once('_').expect("an id").1.parse().expect("a UUID")
}

#[tokio::test]
async fn a_token_ends_after_its_time() {
    let app = App::start().await;
    let client = app.client("alpha", "investor1").await;
    let query = "{ viewer { user { id } } }";
    app.clock.advance(TimeDelta::minutes(15));
    client.run(query).await.at("/viewer/user/id");
    // Half a minute is left to clocks that differ.
    app.clock.advance(TimeDelta::seconds(29));
    client.run(query).await.at("/viewer/user/id");
    app.clock.advance(TimeDelta::seconds(1));
    is_refused(&client.run(query).await, "an expired token");
    is_refused(&client.run("{ __typename }").await, "an expired token for a public field");
}

#[tokio::test]
async fn a_token_that_was_not_issued_here_is_refused() {
    let app = App::start().await;
    let own = Sample::of(&app, "alpha", "investor1").await;
    let other = Sample::of(&app, "beta", "investor1").await;
    let client = app.client("alpha", "admin").await;
    let token = client.token().expect("a token");
    let (header, claims, signature) = parts(token);
    let key = own_key(&app).await;
    let settings = auth_settings().tokens;
    let subject = |user: &str, tenant: &str, role| Subject {
        user_id: uuid(user),
        realm: Realm::Tenant(TenantId(uuid(tenant))),
        session: Uuid::nil(),
        role,
    };
    let sign = |key: &SigningKey, settings: TokenSettings, subject| {
        let tokens = AccessTokens::new(SigningKeys::new(key.clone(), []), settings);
        tokens.issue(subject, Uuid::nil(), now(&app)).expect("a token").token.expose_secret().to_owned()
    };
    let good = sign(&key, settings.clone(), subject(&own.user, &own.tenant, Role::Investor));
    app.with_token(&good).run("{ viewer { user { id } } }").await.at("/viewer/user/id");

    let pair = Ed25519KeyPair::generate().expect("a key");
    let foreign = EncodingKey::from_ed_der(pair.to_pkcs8v1().expect("PKCS 8").as_ref());
    let signed = |algorithm: Algorithm, key: &EncodingKey| {
        let kid = header["kid"].as_str().map(str::to_owned);
        let header = Header { typ: Some("at+jwt".to_owned()), kid, ..Header::new(algorithm) };
        encode(&header, &claims, key).expect("a token")
    };
    let unsigned = |alg: &str| segment(&json!({ "alg": alg, "typ": "at+jwt", "kid": header["kid"] }));
    let with_claim = |name: &str, value: Value| {
        let mut changed = claims.clone();
        changed[name] = value;
        format!("{}.{}.{signature}", segment(&header), segment(&changed))
    };
    let public = &key.public().bytes;
    let forged = [
        ("no algorithm", format!("{}.{}.", unsigned("none"), segment(&claims))),
        ("no algorithm, the old signature", format!("{}.{}.{signature}", unsigned("None"), segment(&claims))),
        ("the public key as a secret", signed(Algorithm::HS256, &EncodingKey::from_secret(public))),
        (
            "the public key's text as a secret",
            signed(Algorithm::HS256, &EncodingKey::from_secret(URL_SAFE_NO_PAD.encode(public).as_bytes())),
        ),
        ("another key under this key's name", signed(Algorithm::EdDSA, &foreign)),
        (
            "another issuer",
            sign(
                &key,
                TokenSettings { issuer: "elsewhere".to_owned(), ..settings.clone() },
                subject(&own.user, &own.tenant, Role::Investor),
            ),
        ),
        (
            "another audience",
            sign(
                &key,
                TokenSettings { audience: "elsewhere".to_owned(), ..settings.clone() },
                subject(&own.user, &own.tenant, Role::Investor),
            ),
        ),
        ("another tenant's person", sign(&key, settings.clone(), subject(&other.user, &own.tenant, Role::Admin))),
        (
            "a tenant that does not exist",
            sign(&key, settings.clone(), subject(&own.user, "ten_00000000000000000000000000000001", Role::Admin)),
        ),
        (
            "an operator inside a tenant",
            sign(&key, settings.clone(), subject(&own.user, &own.tenant, Role::PlatformOperator)),
        ),
        ("another tenant written in", with_claim("tid", json!(uuid(&other.tenant)))),
        ("another person written in", with_claim("sub", json!(uuid(&own.user)))),
        ("a later end written in", with_claim("exp", json!(4_102_444_800_i64))),
        ("a cut signature", token[..token.len() - 4].to_owned()),
        ("no signature", token[..=token.rfind('.').expect("a dot")].to_owned()),
        ("garbage", "garbage".to_owned()),
        ("three dots", "...".to_owned()),
        ("a refresh token", own.refresh_token.clone()),
        ("a long text", "a".repeat(6_000)),
    ];
    for (what, token) in &forged {
        is_refused(&app.with_token(token).run("{ viewer { user { id } } }").await, what);
        is_refused(&app.with_token(token).run("{ __typename }").await, what);
    }
}

#[tokio::test]
async fn the_role_in_a_token_gives_no_rights() {
    let app = App::start().await;
    let own = Sample::of(&app, "alpha", "investor1").await;
    let tokens = AccessTokens::new(SigningKeys::new(own_key(&app).await, []), auth_settings().tokens);
    let subject = Subject {
        user_id: uuid(&own.user),
        realm: Realm::Tenant(TenantId(uuid(&own.tenant))),
        session: Uuid::nil(),
        role: Role::Admin,
    };
    let token = tokens.issue(subject, Uuid::nil(), now(&app)).expect("a token").token;
    let client = app.with_token(token.expose_secret());
    assert_eq!(client.run("{ users { totalCount } }").await.error_code(), "FORBIDDEN");
    assert_eq!(client.run("{ viewer { user { role } } }").await.text("/viewer/user/role"), "INVESTOR");
}
