//! What PostgreSQL itself refuses, whatever the program above it does.

use std::str::FromStr;

use portfolio_analyzer::tenancy::{DatabaseSettings, Gateway, GatewayError};
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::support::{App, Sample, Superuser};

const DENIED: Option<&str> = Some("42501");

/// A connection as the API opens it, before any role is taken.
async fn api_login(app: &App) -> PgConnection {
    let options = PgConnectOptions::from_str(app.database.api.url.expose_secret()).expect("a URL");
    PgConnection::connect_with(&options).await.expect("the API's connection")
}

/// The SQLSTATE that a statement fails with.
async fn failure(connection: &mut PgConnection, sql: &str) -> Option<String> {
    match sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await {
        Ok(_) => None,
        Err(error) => {
            let error = error.into_database_error().expect("an answer of the database");
            Some(error.code().expect("a state").into_owned())
        }
    }
}

/// The four ways to touch a table.
async fn ways(inside: &mut Superuser, schema: &str, table: &str) -> [String; 4] {
    let column = format!(
        "SELECT column_name::text FROM information_schema.columns \
         WHERE table_schema = '{schema}' AND table_name = '{table}' ORDER BY ordinal_position LIMIT 1"
    );
    let column = inside.text(&column).await;
    [
        format!("SELECT * FROM {schema}.{table}"),
        format!("INSERT INTO {schema}.{table} DEFAULT VALUES"),
        format!("UPDATE {schema}.{table} SET {column} = {column}"),
        format!("DELETE FROM {schema}.{table}"),
    ]
}

#[tokio::test]
async fn a_tenants_role_reaches_no_other_tenant_no_platform_and_no_staging() {
    let app = App::start().await;
    Sample::of(&app, "beta", "investor1").await;
    let mut inside = Superuser::of(&app).await;
    let (alpha, beta) = (inside.schema("alpha").await, inside.schema("beta").await);
    let mut connection = api_login(&app).await;
    assert_eq!(failure(&mut connection, &format!("SET ROLE {alpha}")).await, None);
    for table in inside.tables(&alpha).await {
        let own = format!("SELECT * FROM {alpha}.{table}");
        assert_eq!(failure(&mut connection, &own).await, None, "{own}");
    }
    let before = inside.contents(&beta).await;
    for schema in [beta.as_str(), "platform"] {
        for table in inside.tables(schema).await {
            for statement in ways(&mut inside, schema, &table).await {
                assert_eq!(failure(&mut connection, &statement).await.as_deref(), DENIED, "{statement}");
            }
        }
    }
    for table in inside.tables("market").await {
        let [read, write @ ..] = ways(&mut inside, "market", &table).await;
        // What is tracked would tell what other firms hold.
        let is_hidden = table.starts_with("stg_") || table == "meta_tracked_instrument";
        let expected = if is_hidden { DENIED } else { None };
        assert_eq!(failure(&mut connection, &read).await.as_deref(), expected, "{read}");
        for statement in write {
            assert_eq!(failure(&mut connection, &statement).await.as_deref(), DENIED, "{statement}");
        }
    }
    assert_eq!(inside.contents(&beta).await, before);
    for statement in ["CREATE TABLE market.mine (id int)".to_owned(), format!("CREATE TABLE {alpha}.mine (id int)")] {
        assert_eq!(failure(&mut connection, &statement).await.as_deref(), DENIED, "{statement}");
    }
}

#[tokio::test]
async fn a_record_cannot_be_changed_or_removed_by_the_tenant_itself() {
    let app = App::start().await;
    Sample::of(&app, "alpha", "investor1").await;
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    let mut connection = api_login(&app).await;
    assert_eq!(failure(&mut connection, &format!("SET ROLE {schema}")).await, None);
    let before = inside.contents(&schema).await;
    for table in [
        "audit_checkpoint",
        "audit_head",
        "audit_log",
        "audit_personal",
        "audit_read",
        "fact_portfolio_transactions",
        "held_decision",
        "held_transaction",
        "import_batch",
        "manual_price",
        "period_lock",
        "replay",
        "replay_cash",
        "replay_event",
        "replay_lot",
        "replay_position",
    ] {
        let [_, _, update, delete] = ways(&mut inside, &schema, table).await;
        for statement in [update, delete, format!("TRUNCATE {schema}.{table} CASCADE")] {
            assert_eq!(failure(&mut connection, &statement).await.as_deref(), DENIED, "{statement}");
        }
    }
    for table in ["role", "role_permission"] {
        for statement in &ways(&mut inside, &schema, table).await[1..] {
            assert_eq!(failure(&mut connection, statement).await.as_deref(), DENIED, "{statement}");
        }
    }
    for table in ["portfolio", "account", "dim_user", "credential", "session", "sign_in", "api_key", "api_key_scope"] {
        let delete = format!("DELETE FROM {schema}.{table}");
        assert_eq!(failure(&mut connection, &delete).await.as_deref(), DENIED, "{delete}");
    }
    assert_eq!(inside.contents(&schema).await, before);
}

#[tokio::test]
async fn the_platforms_role_reaches_no_tenant() {
    let app = App::start().await;
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    let mut connection = api_login(&app).await;
    assert_eq!(failure(&mut connection, "SET ROLE pa_tests1_platform").await, None);
    for table in inside.tables(&schema).await {
        for statement in ways(&mut inside, &schema, &table).await {
            assert_eq!(failure(&mut connection, &statement).await.as_deref(), DENIED, "{statement}");
        }
    }
    for statement in [
        "UPDATE platform.tenant SET schema_name = slug",
        "UPDATE platform.tenant SET slug = slug",
        "INSERT INTO platform.tenant SELECT * FROM platform.tenant",
        "DELETE FROM platform.tenant",
        "DELETE FROM platform.audit_log",
    ] {
        assert_eq!(failure(&mut connection, statement).await.as_deref(), DENIED, "{statement}");
    }
}

#[tokio::test]
async fn without_a_role_the_api_login_reads_one_table() {
    let app = App::start().await;
    let mut inside = Superuser::of(&app).await;
    let mut connection = api_login(&app).await;
    let schemas = "SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'";
    let mut tables = 0;
    for schema in inside.texts(schemas).await {
        for table in inside.tables(&schema).await {
            tables += 1;
            let [read, write @ ..] = ways(&mut inside, &schema, &table).await;
            let expected =
                if (schema.as_str(), table.as_str()) == ("platform", "installation") { None } else { DENIED };
            assert_eq!(failure(&mut connection, &read).await.as_deref(), expected, "{read}");
            for statement in write {
                assert_eq!(failure(&mut connection, &statement).await.as_deref(), DENIED, "{statement}");
            }
        }
    }
    assert!(tables > 60, "{tables} tables");
    // Nor may it take the rights of the owner. Those of the pipeline it takes where it loads market data, as it does a tenant's.
    assert_eq!(failure(&mut connection, "SET ROLE test_owner").await.as_deref(), DENIED);
}

/// A login of the test's own with the API's grants.
async fn login(app: &App, kind: &str, options: &str, later: &str) -> DatabaseSettings {
    let database = &app.database.superuser.database;
    let (name, port) = (format!("{kind}_{database}"), app.database.superuser.port);
    let mut inside = Superuser::of(app).await;
    let make = format!(
        "CREATE ROLE {name} LOGIN {options} PASSWORD 'secret'; GRANT pa_tests1_platform TO {name}; \
         GRANT USAGE ON SCHEMA platform TO {name}; GRANT SELECT ON platform.installation TO {name}; {later}"
    );
    inside.run(&make.replace("$name", &name)).await;
    let url = format!("postgres://{name}:secret@127.0.0.1:{port}/{database}").into();
    DatabaseSettings { url, ..app.database.api.clone() }
}

async fn refusal(settings: &DatabaseSettings) -> String {
    match Gateway::connect(settings).await {
        Err(GatewayError::TooPowerful { right, .. }) => right.to_owned(),
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("the login was taken"),
    }
}

#[tokio::test]
async fn the_gateway_refuses_a_login_that_sees_more_than_a_session_gives() {
    let app = App::start().await;
    let plain = login(&app, "plain", "NOINHERIT", "").await;
    Gateway::connect(&plain).await.expect("a login like the API's own").close().await;
    let superuser = DatabaseSettings { url: app.database.superuser.url(), ..app.database.api.clone() };
    assert_eq!(refusal(&superuser).await, "is a superuser");
    refusal(&app.database.owner).await;
    let bypassing = login(&app, "bypassing", "NOINHERIT BYPASSRLS", "").await;
    assert!(refusal(&bypassing).await.contains("row-level security"));
    let inheriting = login(&app, "inheriting", "INHERIT", "").await;
    assert!(refusal(&inheriting).await.contains("inherits"));
    let database = &app.database.superuser.database;
    let owning = login(&app, "owning", "NOINHERIT", &format!("CREATE SCHEMA of_{database} AUTHORIZATION $name")).await;
    assert_eq!(refusal(&owning).await, "owns a schema");
}

#[tokio::test]
async fn the_gateway_refuses_a_login_whose_grants_were_made_to_be_inherited() {
    let app = App::start().await;
    // PostgreSQL 16 and later keep the option with the grant: NOINHERIT afterwards changes nothing of it.
    let late = login(&app, "late", "INHERIT", "ALTER ROLE $name NOINHERIT").await;
    let options = PgConnectOptions::from_str(late.url.expose_secret()).expect("a URL");
    let mut connection = PgConnection::connect_with(&options).await.expect("a connection");
    match failure(&mut connection, "SELECT * FROM platform.signing_key").await {
        None => assert!(refusal(&late).await.contains("inherits")),
        Some(state) => {
            assert_eq!(state, "42501");
            Gateway::connect(&late).await.expect("a login that inherits nothing").close().await;
        }
    }
}
