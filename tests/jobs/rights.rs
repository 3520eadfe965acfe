//! Who may put what into the queue, asked of PostgreSQL itself.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::support::{App, Superuser};

const ENQUEUE: &str = "SELECT platform.job_enqueue(gen_random_uuid(), 'tried', 'mine', now(), now())";

fn statement(sql: &str) -> Statement {
    Statement::from_string(DbBackend::Postgres, sql)
}

#[tokio::test]
async fn a_tenant_enqueues_for_itself_whatever_it_says() {
    let app = App::start().await;
    let mut inside = Superuser::of(&app).await;
    let session = app.writing("alpha").await;
    // A table of the same name in its own path would be the tenant's to fill; the function looks nowhere but in `platform`.
    session.execute_raw(statement("SET LOCAL search_path TO \"$user\", pg_temp")).await.expect("a path");
    session.execute_raw(statement(ENQUEUE)).await.expect("a job");
    session.commit().await.expect("an end");
    let whose = "SELECT t.slug FROM platform.job j JOIN platform.tenant t ON t.id = j.tenant_id";
    assert_eq!(inside.texts(whose).await, ["alpha"]);
}

#[tokio::test]
async fn a_tenant_neither_reads_the_queue_nor_asks_for_work_of_others() {
    let app = App::start().await;
    let beta = app.services.gateway.tenant_by_slug("beta").await.expect("a read").expect("a tenant");
    app.enqueue("beta", "secret").await;
    let forbidden = [
        "SELECT * FROM platform.job".to_owned(),
        "SELECT * FROM platform.job_turn".to_owned(),
        "DELETE FROM platform.job".to_owned(),
        format!(
            "INSERT INTO platform.job (id, tenant_id, kind, key, state, enqueued_at, run_at) \
             VALUES (gen_random_uuid(), '{}', 'tried', 'x', 'WAITING', now(), now())",
            beta.id
        ),
        "SELECT platform.job_enqueue_for_all(gen_random_uuid(), 'tried', '', now())".to_owned(),
    ];
    for sql in &forbidden {
        let session = app.writing("alpha").await;
        let error = session.execute_raw(statement(sql)).await.expect_err("a refusal");
        assert!(error.to_string().contains("permission denied"), "{sql}: {error}");
        session.close().await.expect("an end");
    }
}

#[tokio::test]
async fn nobody_enqueues_without_a_tenants_role() {
    let app = App::start().await;
    let session = app.services.gateway.platform(portfolio_analyzer::tenancy::Access::Write).await.expect("a session");
    let error = session.execute_raw(statement(ENQUEUE)).await.expect_err("a refusal");
    assert!(error.to_string().contains("permission denied"), "{error}");
    session.close().await.expect("an end");
    // The owner may run the function, and has no tenant to run it for.
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    inside.run(&format!("SET ROLE {schema}; {ENQUEUE}; RESET ROLE")).await;
    let refused = "DO $$ BEGIN PERFORM platform.job_enqueue(gen_random_uuid(), 'tried', 'x', now(), now()); \
        RAISE 'it was taken'; EXCEPTION WHEN insufficient_privilege THEN END $$";
    inside.run(refused).await;
    assert_eq!(app.queued().await.len(), 1);
}
