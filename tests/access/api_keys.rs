//! Programs with API keys.

use chrono::TimeDelta;
use portfolio_analyzer::auth::Permission;
use serde_json::{Value, json};

use crate::support::{Answer, App, Call, Client, Sample, Superuser};

const CREATE: &str = "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) {
    apiKey { id scopes lastUsedAt endedAt program { id role email } createdBy { email } } secret
    userErrors { code message field } } }";
const LIST: &str = "{ apiKeys { nodes { id name scopes lastUsedAt endedAt } totalCount } }";

async fn create(client: &Client, scopes: &[&str], expires_at: &str) -> Answer {
    let input = json!({ "input": { "name": "Reporting", "scopes": scopes, "expiresAt": expires_at } });
    client.run_with(CREATE, input).await
}

/// A client with a key of the administrator's that is for these permissions.
pub async fn program(app: &App, scopes: &[Permission]) -> Client {
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.code()).collect();
    let made = create(&app.client("alpha", "admin").await, &scopes, "2024-06-01T00:00:00Z").await;
    let client = app.with_token(&made.text("/apiKeyCreate/secret"));
    // The first use is noted.
    client.run("{ __typename }").await;
    client
}

#[tokio::test]
async fn a_key_permits_its_scopes_and_no_more() {
    let app = App::start().await;
    let own = Sample::of(&app, "alpha", "investor1").await;
    let other = Sample::of(&app, "beta", "investor1").await;
    let admin = app.client("alpha", "admin").await;
    let made = create(&admin, &["PORTFOLIOS_READ_ALL", "TENANT_READ"], "2024-06-01T00:00:00Z").await;
    let secret = made.text("/apiKeyCreate/secret");
    assert!(secret.starts_with("pak_"), "a key tells that it is one");
    assert_eq!(made.text("/apiKeyCreate/apiKey/program/role"), "SERVICE");
    assert_eq!(made.text("/apiKeyCreate/apiKey/createdBy/email"), "admin@alpha.example");
    let program = app.with_token(&secret);
    let portfolio = Call::of("portfolio").document;
    assert_eq!(program.run_with(portfolio, json!({ "id": own.portfolio })).await.text("/portfolio/id"), own.portfolio);
    let foreign = program.run_with(portfolio, json!({ "id": other.portfolio })).await;
    assert!(foreign.body["data"]["portfolio"].is_null());
    let viewer = program.run("{ viewer { user { role } tenant { slug } permissions } }").await;
    assert_eq!(viewer.text("/viewer/tenant/slug"), "alpha");
    assert_eq!(*viewer.at("/viewer/permissions"), json!(["TENANT_READ", "PORTFOLIOS_READ_ALL"]));
    let update = Call::of("portfolioUpdate");
    let refused = program.run_with(update.document, (update.variables)(&own)).await;
    assert_eq!(refused.error_code(), "FORBIDDEN");
    for document in ["{ users { totalCount } }", "{ sessions { totalCount } }", "{ instruments { totalCount } }", LIST]
    {
        assert_eq!(program.run(document).await.error_code(), "FORBIDDEN", "{document}");
    }
    for field in ["passwordChange", "sessionsEndAll", "apiKeyCreate", "userInvite", "roleCreate"] {
        let call = Call::of(field);
        let answer = program.run_with(call.document, (call.variables)(&own)).await;
        assert_eq!(answer.error_code(), "FORBIDDEN", "{field}");
    }
    // The key is kept by its hash, and told nowhere but in the answer.
    let part = secret.rsplit('_').next().expect("a secret");
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    for table in inside.tables(&schema).await {
        let rows = inside.texts(&format!("SELECT t::text FROM {schema}.{table} t")).await.join("\n");
        assert!(!rows.contains(part), "{table}");
    }
}

#[tokio::test]
async fn a_key_writes_in_its_programs_name() {
    let app = App::start().await;
    let own = Sample::of(&app, "alpha", "investor1").await;
    let program = program(&app, &[Permission::PortfoliosWriteAll, Permission::PortfoliosReadAll]).await;
    let call = Call::of("transactionRecord");
    let recorded = program.run_with(call.document, (call.variables)(&own)).await;
    assert_eq!(recorded.user_errors("transactionRecord"), Vec::<String>::new());
    let admin = app.client("alpha", "admin").await;
    let log = "{ auditLog(first: 1, filter: { action: \"transactionRecord\" }) { nodes { actor } } }";
    assert_eq!(admin.run(log).await.text("/auditLog/nodes/0/actor"), "API key Reporting");
}

#[tokio::test]
async fn a_key_ends_expires_and_tells_its_last_use() {
    let app = App::start().await;
    let admin = app.client("alpha", "admin").await;
    let made = create(&admin, &["TENANT_READ"], "2024-03-15T13:00:00Z").await;
    let (id, secret) = (made.text("/apiKeyCreate/apiKey/id"), made.text("/apiKeyCreate/secret"));
    assert!(admin.run(LIST).await.at("/apiKeys/nodes/0/lastUsedAt").is_null());
    let program = app.with_token(&secret);
    program.run("{ tenant { slug } }").await.at("/tenant/slug");
    assert_eq!(admin.run(LIST).await.text("/apiKeys/nodes/0/lastUsedAt"), "2024-03-15T12:00:00+00:00");
    let other = create(&admin, &["TENANT_READ"], "2024-03-15T13:00:00Z").await.text("/apiKeyCreate/secret");
    let ended = admin.run_with(Call::of("apiKeyEnd").document, json!({ "id": id })).await;
    assert_eq!(ended.user_errors("apiKeyEnd"), Vec::<String>::new());
    for server in [&app, &app.another().await] {
        let answer = server.with_token(&secret).run("{ tenant { slug } }").await;
        assert_eq!((answer.status.as_u16(), answer.error_code()), (401, "UNAUTHENTICATED"));
    }
    let twice = admin.run_with(Call::of("apiKeyEnd").document, json!({ "id": id })).await;
    assert_eq!(twice.user_errors("apiKeyEnd"), ["NOT_FOUND"]);
    app.with_token(&other).run("{ tenant { slug } }").await.at("/tenant/slug");
    app.clock.advance(TimeDelta::hours(1));
    assert_eq!(app.with_token(&other).run("{ tenant { slug } }").await.status.as_u16(), 401, "it has expired");
}

#[tokio::test]
async fn a_key_never_permits_more_than_its_maker_may_do() {
    let app = App::start().await;
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    inside.run(&format!("INSERT INTO {schema}.role_permission VALUES ('AUDITOR', 'API_KEYS_MANAGE')")).await;
    let auditor = app.client("alpha", "auditor").await;
    let until = "2024-06-01T00:00:00Z";
    let more = create(&auditor, &["PORTFOLIOS_READ_ALL", "PORTFOLIOS_WRITE_OWN"], until).await;
    assert_eq!(more.user_errors("apiKeyCreate"), ["EXCEEDS_OWN_PERMISSIONS"]);
    assert!(more.at("/apiKeyCreate/secret").is_null());
    // What is implied by more is one's own to give.
    let made = create(&auditor, &["PORTFOLIOS_READ_OWN", "AUDIT_READ"], until).await;
    let program = app.with_token(&made.text("/apiKeyCreate/secret"));
    program.run("{ auditLog { totalCount } }").await.at("/auditLog");
    // What the maker loses, the key loses.
    inside
        .run(&format!("DELETE FROM {schema}.role_permission WHERE (role_code, permission) = ('AUDITOR', 'AUDIT_READ')"))
        .await;
    let elsewhere = app.another().await.with_token(program.token().expect("a key"));
    assert_eq!(elsewhere.run("{ auditLog { totalCount } }").await.error_code(), "FORBIDDEN");
    inside
        .run(&format!("UPDATE {schema}.dim_user SET status = 'DISABLED' WHERE email = 'auditor@alpha.example'"))
        .await;
    let elsewhere = app.another().await.with_token(program.token().expect("a key"));
    assert_eq!(elsewhere.run("{ viewer { permissions } }").await.status.as_u16(), 401);
}

#[tokio::test]
async fn what_no_key_can_be_is_refused() {
    let app = App::start().await;
    let admin = app.client("alpha", "admin").await;
    let until = "2024-06-01T00:00:00Z";
    for (scopes, expires_at, field) in [
        (&["USERS_MANAGE"][..], until, "scopes"),
        (&["ROLES_MANAGE"], until, "scopes"),
        (&["MARKET_MANAGE"], until, "scopes"),
        (&["EVERYTHING"], until, "scopes"),
        (&[], until, "scopes"),
        (&["TENANT_READ"], "2024-03-15T12:00:00Z", "expiresAt"),
        (&["TENANT_READ"], "2026-01-01T00:00:00Z", "expiresAt"),
    ] {
        let answer = create(&admin, scopes, expires_at).await;
        assert_eq!(answer.user_errors("apiKeyCreate"), ["INVALID_INPUT"], "{scopes:?} {expires_at}");
        assert_eq!(*answer.at("/apiKeyCreate/userErrors/0/field"), json!(["input", field]));
        assert_eq!(*answer.at("/apiKeyCreate/secret"), Value::Null);
    }
    assert_eq!(*admin.run(LIST).await.at("/apiKeys/totalCount"), 0);
}

#[tokio::test]
async fn what_is_no_key_is_refused_like_a_wrong_token() {
    let app = App::start().await;
    let secret = create(&app.client("alpha", "admin").await, &["TENANT_READ"], "2024-06-01T00:00:00Z").await;
    let secret = secret.text("/apiKeyCreate/secret");
    let mut inside = Superuser::of(&app).await;
    let id = |slug: &str| format!("SELECT replace(id::text, '-', '') FROM platform.tenant WHERE slug = '{slug}'");
    let (alpha, beta) = (inside.text(&id("alpha")).await, inside.text(&id("beta")).await);
    let foreign = secret.replace(&alpha, &beta);
    assert_ne!(foreign, secret);
    for bad in [
        "pak_".to_owned(),
        "pak_platform_".to_owned() + &"A".repeat(43),
        foreign,
        secret[..secret.len() - 1].to_owned(),
        secret.clone() + "A",
        secret.replace("pak_", "rt_"),
        secret.clone() + &"A".repeat(60_000),
    ] {
        let answer = app.with_token(&bad).run("{ __typename }").await;
        assert_eq!(answer.status.as_u16(), 401, "{}", &bad[..bad.len().min(80)]);
        assert_eq!(answer.body["errors"][0]["message"], "the access token is not valid");
    }
    app.with_token(&secret).run("{ tenant { slug } }").await.at("/tenant/slug");
}
