//! One transaction, with the rights of one schema.

use portfolio_analyzer::tenancy::{Access, DatabaseError, Session, Tenant};
use sea_orm::ConnectionTrait;
use sea_orm::{DbBackend, Statement};
use serde_json::json;

use crate::support::{App, Call, PASSWORD, Sample};

const CONFIGURE: &str = "INSERT INTO meta_system_config (key, value, updated_at) VALUES ('tried', 'true', now())";

async fn session(app: &App, tenant: &str, access: Access) -> Session<Tenant> {
    let record = app.services.gateway.tenant_by_slug(tenant).await.expect("a read").expect("a tenant");
    let system = app.services.system(record.clone(), "tests");
    app.services.gateway.tenant(&record, system.actor, access).await.expect("a session")
}

async fn text(session: &impl ConnectionTrait, sql: &str) -> String {
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let row = session.query_one_raw(statement).await.expect("an answer").expect("a row");
    row.try_get_by_index(0).expect("a text")
}

/// Who a session of this tenant is.
pub async fn current_user(app: &App, tenant: &str) -> String {
    let session = session(app, tenant, Access::Read).await;
    let user = text(&session, "SELECT current_user::text").await;
    session.close().await.expect("an end");
    user
}

async fn configured(app: &App, tenant: &str) -> String {
    let session = session(app, tenant, Access::Read).await;
    let count = text(&session, "SELECT count(*)::text FROM meta_system_config").await;
    session.close().await.expect("an end");
    count
}

#[tokio::test]
async fn one_connection_is_each_role_in_turn() {
    let app = App::with_connections(1).await;
    for tenant in ["alpha", "beta", "alpha"] {
        let schema = app.services.gateway.tenant_by_slug(tenant).await.expect("a read").expect("a tenant").schema;
        assert_eq!(current_user(&app, tenant).await, schema.as_str());
        let platform = app.services.gateway.platform(Access::Read).await.expect("a session");
        assert_eq!(text(&platform, "SELECT current_user::text").await, "pa_tests1_platform");
        platform.close().await.expect("an end");
    }
    assert_eq!(app.services.gateway.connections().0, 1);
}

#[tokio::test]
async fn only_what_is_committed_stays() {
    let app = App::with_connections(1).await;
    let dropped = session(&app, "alpha", Access::Write).await;
    dropped.execute_unprepared(CONFIGURE).await.expect("a row");
    drop(dropped);
    assert_eq!(configured(&app, "alpha").await, "0");
    let closed = session(&app, "alpha", Access::Write).await;
    closed.execute_unprepared(CONFIGURE).await.expect("a row");
    closed.close().await.expect("an end");
    assert_eq!(configured(&app, "alpha").await, "0");
    let committed = session(&app, "alpha", Access::Write).await;
    committed.execute_unprepared(CONFIGURE).await.expect("a row");
    committed.commit().await.expect("an end");
    assert_eq!(configured(&app, "alpha").await, "1");
    assert_eq!(configured(&app, "beta").await, "0");
}

#[tokio::test]
async fn a_reading_session_cannot_write() {
    let app = App::with_connections(1).await;
    let reading = session(&app, "alpha", Access::Read).await;
    let error = reading.execute_unprepared(CONFIGURE).await.expect_err("a refusal");
    assert!(error.to_string().contains("read-only transaction"), "{error}");
    drop(reading);
    assert_eq!(configured(&app, "alpha").await, "0");
}

#[tokio::test]
async fn a_session_cannot_reach_another_tenant_by_name() {
    let app = App::with_connections(1).await;
    let beta = app.services.gateway.tenant_by_slug("beta").await.expect("a read").expect("a tenant").schema;
    let alpha = session(&app, "alpha", Access::Write).await;
    let error = alpha.execute_unprepared(&format!("DELETE FROM {beta}.session")).await.expect_err("a refusal");
    assert!(matches!(DatabaseError::from(error), DatabaseError::Forbidden(_)));
}

#[tokio::test]
async fn an_operation_makes_do_with_one_connection() {
    let app = App::with_connections(1).await;
    let sample = Sample::of(&app, "alpha", "investor1").await;
    let owner = app.client("alpha", "investor1").await;
    let both = "{ portfolios { nodes { id accounts { id } } } viewer { user { id } tenant { id } } me: viewer { user { id } } }";
    owner.run(both).await.at("/viewer/user/id");
    let document = "mutation($input: TransactionRecordInput!, $login: LoginInput!) {
        first: transactionRecord(input: $input) { portfolio { version cash { currency amount { amount } } } }
        second: transactionRecord(input: $input) { portfolio { version cash { currency amount { amount } } } }
        login(input: $login) { viewer { user { id } } } }";
    let deposit = json!({ "accountId": sample.account, "tradeDate": "2024-03-01",
        "activity": { "deposit": { "amount": "10", "currency": "USD" } } });
    let login = json!({ "tenant": "alpha", "email": sample.email, "password": PASSWORD });
    let answer = owner.run_with(document, json!({ "input": deposit, "login": login })).await;
    // What a mutation answers is what stands after it, not after the one before.
    assert_eq!(answer.text("/first/portfolio/cash/0/amount/amount"), "510");
    assert_eq!(answer.text("/second/portfolio/cash/0/amount/amount"), "520");
    assert_eq!(*answer.at("/second/portfolio/version"), 5);
    answer.at("/login/viewer/user/id");
    let call = Call::of("portfolioChanged");
    let event = call.send(&app, &owner, (call.variables)(&sample), &sample, &owner).await;
    assert_eq!(event["data"]["portfolioChanged"]["portfolioId"], sample.portfolio, "{event}");
}
