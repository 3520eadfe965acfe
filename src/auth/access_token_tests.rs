//! Every way to forge an access token that this server knows of, each refused for its own reason.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::*;
use crate::auth::{PublicKey, Realm, Role, SigningKey, TenantId, entropy::tests::CountingEntropy};

struct Fixture {
    tokens: AccessTokens,
    public: PublicKey,
    entropy: CountingEntropy,
}

fn settings() -> TokenSettings {
    TokenSettings { issuer: "https://here".into(), audience: "api".into(), lifetime: TimeDelta::minutes(15) }
}

fn fixture() -> Fixture {
    let entropy = CountingEntropy::default();
    let key = SigningKey::generate(&entropy).unwrap();
    let public = key.public().clone();
    Fixture { tokens: AccessTokens::new(SigningKeys::new(key, []), settings()), public, entropy }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_750_000_000, 0).unwrap()
}

fn subject() -> Subject {
    Subject {
        user_id: Uuid::from_u128(1),
        realm: Realm::Tenant(TenantId(Uuid::from_u128(2))),
        session: Uuid::from_u128(3),
        role: Role::Advisor,
    }
}

fn issue(tokens: &AccessTokens, subject: Subject) -> String {
    tokens.issue(subject, Uuid::from_u128(4), now()).unwrap().token.expose_secret().to_owned()
}

/// Signs any header and claims with the fixture's own key: what a leaked key or a careless change could produce.
fn sign(tokens: &AccessTokens, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = json!({
        "iss": "https://here", "aud": "api", "sub": Uuid::from_u128(1), "tid": Uuid::from_u128(2),
        "sid": Uuid::from_u128(3), "role": "ADVISOR", "iat": now().timestamp(), "nbf": now().timestamp(),
        "exp": now().timestamp() + 60, "jti": Uuid::from_u128(4),
    });
    change(&mut claims);
    let (key_id, key) = tokens.keys.current();
    let header = Header { typ: Some(TOKEN_TYPE.into()), kid: Some(key_id.into()), ..Header::new(Algorithm::EdDSA) };
    encode(&header, &claims, key).unwrap()
}

/// Replaces the header of a token and keeps the rest, signature included.
fn with_header(token: &str, header: &Value) -> String {
    let rest = token.split_once('.').unwrap().1;
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
}

#[test]
fn what_was_issued_is_read_back() {
    let Fixture { tokens, .. } = fixture();
    let issued = tokens.issue(subject(), Uuid::from_u128(4), now()).unwrap();
    let claims = tokens.verify(issued.token.expose_secret(), now()).unwrap();
    assert_eq!(claims.subject, subject());
    assert_eq!(claims.token_id, Uuid::from_u128(4));
    assert_eq!((claims.issued_at, claims.expires_at), (now(), issued.expires_at));
    assert_eq!(issued.expires_at, now() + TimeDelta::minutes(15));
}

#[test]
fn an_operator_has_no_tenant_claim() {
    let Fixture { tokens, .. } = fixture();
    let operator = Subject { realm: Realm::Platform, role: Role::PlatformOperator, ..subject() };
    let token = issue(&tokens, operator);
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(payload.get("tid"), None);
    assert_eq!(tokens.verify(&token, now()).unwrap().subject, operator);
}

#[test]
fn time_is_checked_against_the_given_clock_with_thirty_seconds_of_leeway() {
    let Fixture { tokens, .. } = fixture();
    let token = issue(&tokens, subject());
    let at = |seconds: i64| tokens.verify(&token, now() + TimeDelta::seconds(seconds)).map(drop);
    assert_eq!(at(-31), Err(TokenError::NotYetValid));
    assert_eq!(at(-30), Ok(()));
    assert_eq!(at(15 * 60 + 29), Ok(()));
    assert_eq!(at(15 * 60 + 30), Err(TokenError::Expired));
}

#[test]
fn no_other_algorithm_is_accepted() {
    let Fixture { tokens, public, .. } = fixture();
    let token = issue(&tokens, subject());
    for alg in ["none", "None", "NONE", ""] {
        let header = json!({ "alg": alg, "typ": TOKEN_TYPE, "kid": public.key_id });
        let forged = with_header(&token, &header);
        assert_eq!(tokens.verify(&forged, now()), Err(TokenError::Algorithm), "{alg}");
        let unsigned = format!("{}.", forged.rsplit_once('.').unwrap().0);
        assert_eq!(tokens.verify(&unsigned, now()), Err(TokenError::Algorithm), "{alg}");
    }
    // The classic confusion: the public key, which is not secret, used as an HMAC secret.
    let header = Header { typ: Some(TOKEN_TYPE.into()), kid: Some(public.key_id), ..Header::new(Algorithm::HS256) };
    let claims: WireClaims = jsonwebtoken::dangerous::insecure_decode(&token).unwrap().claims;
    let forged = encode(&header, &claims, &EncodingKey::from_secret(&public.bytes)).unwrap();
    assert_eq!(tokens.verify(&forged, now()), Err(TokenError::Algorithm));
}

#[test]
fn only_the_installations_own_keys_count() {
    let Fixture { tokens, public, entropy } = fixture();
    let stranger = SigningKey::generate(&entropy).unwrap();
    let strange_id = stranger.public().key_id.clone();
    let strange_tokens = AccessTokens::new(SigningKeys::new(stranger, []), settings());
    let forged = issue(&strange_tokens, subject());
    assert_eq!(tokens.verify(&forged, now()), Err(TokenError::UnknownKey));
    let posing = with_header(&forged, &json!({ "alg": "EdDSA", "typ": TOKEN_TYPE, "kid": public.key_id }));
    assert_eq!(tokens.verify(&posing, now()), Err(TokenError::Signature));
    let nameless = with_header(&forged, &json!({ "alg": "EdDSA", "typ": TOKEN_TYPE }));
    assert_eq!(tokens.verify(&nameless, now()), Err(TokenError::UnknownKey));
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA" });
    let bringing = with_header(&forged, &json!({ "alg": "EdDSA", "typ": TOKEN_TYPE, "kid": strange_id, "jwk": jwk }));
    assert_eq!(tokens.verify(&bringing, now()), Err(TokenError::UnknownKey));
}

#[test]
fn a_retired_key_still_verifies_and_no_longer_signs() {
    let Fixture { tokens, public, entropy } = fixture();
    let old = issue(&tokens, subject());
    let rotated =
        AccessTokens::new(SigningKeys::new(SigningKey::generate(&entropy).unwrap(), [public.clone()]), settings());
    assert!(rotated.verify(&old, now()).is_ok());
    let fresh = issue(&rotated, subject());
    assert_ne!(decode_header(&fresh).unwrap().kid.unwrap(), public.key_id);
    assert_eq!(tokens.verify(&fresh, now()), Err(TokenError::UnknownKey));
}

#[test]
fn a_changed_payload_breaks_the_signature() {
    let Fixture { tokens, .. } = fixture();
    let token = issue(&tokens, subject());
    let parts: Vec<_> = token.split('.').collect();
    let payload = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let changed = URL_SAFE_NO_PAD.encode(payload.replace("ADVISOR", "ADMIN"));
    let forged = format!("{}.{changed}.{}", parts[0], parts[2]);
    assert_eq!(tokens.verify(&forged, now()), Err(TokenError::Signature));
}

#[test]
fn claims_of_another_installation_service_or_realm_are_refused() {
    let Fixture { tokens, .. } = fixture();
    let verify = |change: fn(&mut Value)| tokens.verify(&sign(&tokens, change), now()).map(drop);
    assert_eq!(verify(|_| ()), Ok(()));
    assert_eq!(verify(|claims| claims["iss"] = "https://there".into()), Err(TokenError::Issuer));
    assert_eq!(verify(|claims| claims["aud"] = "web".into()), Err(TokenError::Audience));
    assert_eq!(verify(|claims| claims["role"] = "PLATFORM_OPERATOR".into()), Err(TokenError::Realm));
    assert_eq!(verify(|claims| claims["tid"] = Value::Null), Err(TokenError::Realm));
    assert_eq!(verify(|claims| claims["role"] = "ROOT".into()), Err(TokenError::Malformed));
    for name in ["iss", "aud", "sub", "sid", "role", "iat", "nbf", "exp", "jti"] {
        let forged = sign(&tokens, |claims| drop(claims.as_object_mut().unwrap().remove(name)));
        assert_eq!(tokens.verify(&forged, now()), Err(TokenError::Malformed), "without {name}");
    }
}

#[test]
fn what_is_not_an_access_token_is_refused() {
    let Fixture { tokens, public, .. } = fixture();
    let token = issue(&tokens, subject());
    for text in ["", ".", "..", "a.b.c", "Bearer x"] {
        assert_eq!(tokens.verify(text, now()), Err(TokenError::Malformed), "{text}");
    }
    assert_eq!(tokens.verify(&"a".repeat(4097), now()), Err(TokenError::TooLong));
    let typed = with_header(&token, &json!({ "alg": "EdDSA", "typ": "JWT", "kid": public.key_id }));
    assert_eq!(tokens.verify(&typed, now()), Err(TokenError::Header));
    let critical = json!({ "alg": "EdDSA", "typ": TOKEN_TYPE, "kid": public.key_id, "crit": ["b64"], "b64": false });
    assert_eq!(tokens.verify(&with_header(&token, &critical), now()), Err(TokenError::Header));
    // A key of the right length that is no point on the curve must not be a panic either.
    let broken = DecodingKey::from_ed_der(&[0xff; 32]);
    assert!(decode::<WireClaims>(&token, &broken, &tokens.validation).is_err());
}
