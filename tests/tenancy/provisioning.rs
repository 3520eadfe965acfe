//! Making tenants and bringing their schemas up to date, more than once.

use portfolio_analyzer::auth::Role;
use portfolio_analyzer::services::user::NewUser;
use portfolio_analyzer::tenancy::{Administration, DatabaseError, InstallationTag, MigrationSummary, NewTenant};
use serde_json::json;

use crate::support::{App, Call, PASSWORD, Superuser};

async fn administration(app: &App) -> Administration {
    Administration::connect(&app.database.owner, &app.database.api).await.expect("the owner's connection")
}

pub(super) async fn migrate(app: &App) -> MigrationSummary {
    let administration = administration(app).await;
    let tag = InstallationTag::new("tests1").expect("a tag");
    let summary = administration.migrate(&app.database.api, tag, true).await.expect("a migration");
    administration.close().await;
    summary
}

/// Undoes the record of a step of a tenant's schema, as if the program knew one more than the schema has had.
pub(super) async fn forget_step(app: &App, tenant: &str, name: &str) -> String {
    let mut inside = Superuser::of(app).await;
    let schema = inside.schema(tenant).await;
    let forget = format!(
        "WITH gone AS (DELETE FROM platform.schema_version WHERE schema_name = '{schema}' AND name = '{name}' \
         RETURNING name) SELECT name FROM gone"
    );
    assert_eq!(inside.text(&forget).await, name);
    schema
}

#[tokio::test]
async fn a_second_migration_does_nothing() {
    let app = App::start().await;
    let mut inside = Superuser::of(&app).await;
    let alpha = inside.schema("alpha").await;
    let before = [inside.contents("platform").await, inside.contents("market").await, inside.contents(&alpha).await];
    let summary = migrate(&app).await;
    assert!(summary.migrated.is_empty() && summary.failed.is_empty(), "{summary:?}");
    assert_eq!(summary.up_to_date, 4);
    let after = [inside.contents("platform").await, inside.contents("market").await, inside.contents(&alpha).await];
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_tenant_that_is_behind_waits_while_the_other_is_served() {
    let app = App::start().await;
    let (alpha, beta) = (app.client("alpha", "investor1").await, app.client("beta", "investor1").await);
    let schema = forget_step(&app, "beta", "m0004_grants").await;
    // Another server has nothing cached, which is what this one comes to within ten seconds.
    let other = app.another().await;
    let query = "{ viewer { user { id } } }";
    let error = other.services.gateway.tenant_by_slug("beta").await.expect_err("a refusal");
    assert!(matches!(error, DatabaseError::VersionMismatch { .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains(&schema) && message.contains("run `migrate`"), "{message}");
    let answer = other.with_token(beta.token().expect("a token")).run(query).await;
    assert_eq!((answer.status.as_u16(), answer.error_code()), (503, "UNAVAILABLE"), "{}", answer.body);
    let log_in = json!({ "input": { "tenant": "beta", "email": "investor1@beta.example", "password": PASSWORD } });
    let answer = other.anonymous().run_with(Call::of("login").document, log_in).await;
    assert!(answer.body["data"]["login"].is_null() && !answer.body.to_string().contains(&schema), "{}", answer.body);
    other.with_token(alpha.token().expect("a token")).run(query).await.at("/viewer/user/id");

    let summary = migrate(&app).await;
    assert_eq!(summary.migrated, [(schema, 1)]);
    let again = app.another().await;
    again.with_token(beta.token().expect("a token")).run(query).await.at("/viewer/user/id");
}

#[tokio::test]
async fn a_tenant_that_cannot_be_migrated_keeps_no_other_back() {
    let app = App::start().await;
    // Its tables are there, so that making them again fails.
    let alpha = forget_step(&app, "alpha", "m0001_portfolios").await;
    let beta = forget_step(&app, "beta", "m0004_grants").await;
    let mut inside = Superuser::of(&app).await;
    let before = inside.contents(&alpha).await;
    let summary = migrate(&app).await;
    assert_eq!(summary.migrated, [(beta, 1)]);
    let failed: Vec<&str> = summary.failed.iter().map(|(slug, _)| slug.as_str()).collect();
    assert_eq!(failed, ["alpha"]);
    assert_eq!(inside.contents(&alpha).await, before);
}

#[tokio::test]
async fn administrators_of_before_get_a_permission_that_came_later() {
    let app = App::start().await;
    let schema = forget_step(&app, "beta", "m0002_ledger_lock").await;
    let mut inside = Superuser::of(&app).await;
    let holders = format!("SELECT role_code FROM {schema}.role_permission WHERE permission = 'LEDGER_LOCK'");
    assert_eq!(inside.texts(&holders).await, ["ADMIN"], "a new tenant is seeded with it");
    inside.run(&format!("DELETE FROM {schema}.role_permission WHERE permission = 'LEDGER_LOCK'")).await;
    assert_eq!(migrate(&app).await.migrated, [(schema, 1)]);
    assert_eq!(inside.texts(&holders).await, ["ADMIN"]);
}

/// Adds a person to a new tenant and lets them log in.
async fn is_served(app: &App, slug: &str) {
    let tenant = app.services.gateway.tenant_by_slug(slug).await.expect("a read").expect("a tenant");
    let person = NewUser {
        email: format!("admin@{slug}.example"),
        name: "Admin".to_owned(),
        role: Role::Admin,
        password: PASSWORD.into(),
        currency: domain::money::Currency::EUR,
    };
    let made = app.services.users_create(&app.services.system(tenant, "tests"), vec![person], None).await;
    assert!(made.expect("an answer").iter().all(Result::is_ok));
    let admin = app.client(slug, "admin").await;
    assert_eq!(admin.run("{ users { totalCount } }").await.at("/users/totalCount"), 1);
}

#[tokio::test]
async fn provisioning_goes_on_wherever_it_stopped() {
    let app = App::start().await;
    let mut inside = Superuser::of(&app).await;
    let administration = administration(&app).await;
    let now = app.services.environment.clock.now();
    let stops = [
        ("whole but for the directory", ""),
        (
            "without tables",
            "DROP SCHEMA $s CASCADE; CREATE SCHEMA $s AUTHORIZATION test_owner; \
            DELETE FROM platform.schema_version WHERE schema_name = '$s'",
        ),
        ("without a schema", "DROP SCHEMA $s CASCADE; DELETE FROM platform.schema_version WHERE schema_name = '$s'"),
        ("without the API's membership", "REVOKE $s FROM test_api"),
    ];
    for (index, (what, undo)) in stops.into_iter().enumerate() {
        let slug = format!("gamma{index}");
        let new = NewTenant { id: app.services.environment.ids.next(), slug: slug.clone(), name: "Gamma".to_owned() };
        let first = administration.create_tenant(&new, now).await.expect("a tenant");
        let schema = first.schema.as_str();
        inside.run(&format!("DELETE FROM platform.tenant WHERE slug = '{slug}'; {}", undo.replace("$s", schema))).await;
        assert!(app.services.gateway.tenant_by_slug(&slug).await.expect("a read").is_none(), "{what}");
        let second = administration.create_tenant(&new, now).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(second.schema, first.schema);
        is_served(&app, &slug).await;
    }
    administration.close().await;
}

#[tokio::test]
async fn a_name_that_is_taken_or_wrong_makes_nothing() {
    let app = App::start().await;
    let mut inside = Superuser::of(&app).await;
    let administration = administration(&app).await;
    let schemas = "SELECT nspname::text FROM pg_namespace ORDER BY 1";
    let before = inside.texts(schemas).await;
    let now = app.services.environment.clock.now();
    for slug in ["alpha", "Not a slug", ""] {
        let new =
            NewTenant { id: app.services.environment.ids.next(), slug: slug.to_owned(), name: "Gamma".to_owned() };
        let error = administration.create_tenant(&new, now).await.expect_err("a refusal");
        assert!(matches!(error, DatabaseError::AlreadyExists(_) | DatabaseError::Refused(_)), "{error:?}");
        assert_eq!(inside.texts(schemas).await, before, "{slug:?} has left a schema");
    }
    administration.close().await;
}
