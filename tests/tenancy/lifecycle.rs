//! Firms that are suspended, resumed and changed, and what is told of their schemas.

use std::sync::Arc;
use std::time::Duration;

use portfolio_analyzer::jobs::WorkerSettings;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::provisioning::{forget_step, migrate};
use crate::support::working::{Answer, SETTINGS, Tried};
use crate::support::{App, Client, PASSWORD, Superuser};

const TENANTS: &str = "{ tenants { id slug name status residency } }";
const SUSPEND: &str =
    "mutation($id: ID!) { tenantSuspend(id: $id) { tenant { status } userErrors { code field message } } }";
const RESUME: &str = "mutation($id: ID!) { tenantResume(id: $id) { tenant { status } userErrors { code } } }";
const UPDATE: &str = "mutation($id: ID!, $input: TenantUpdateInput!) { tenantUpdate(id: $id, input: $input) {
    tenant { name residency } userErrors { code field message } } }";

/// What operators see of a firm.
async fn seen(operator: &Client, slug: &str) -> Value {
    let answer = operator.run(TENANTS).await;
    let tenants = answer.at("/tenants").as_array().expect("tenants").clone();
    tenants.into_iter().find(|tenant| tenant["slug"] == slug).expect("the tenant")
}

async fn signs_in(app: &App, slug: &str) -> bool {
    let document = "mutation($input: LoginInput!) { login(input: $input) { accessToken userErrors { code } } }";
    let input = json!({ "tenant": slug, "email": format!("investor1@{slug}.example"), "password": PASSWORD });
    let answer = app.anonymous().run_with(document, json!({ "input": input })).await;
    answer.at("/login/accessToken").is_string()
}

#[tokio::test]
async fn a_suspended_firm_is_not_served_and_resumed_as_it_was_left() {
    let app = App::start().await;
    let (operator, beta) = (app.operator().await, app.client("beta", "investor1").await);
    let bystander = app.client("alpha", "investor1").await;
    let portfolios = "{ portfolios { totalCount } }";
    beta.run("mutation { portfolioCreate(input: { name: \"Kept\", baseCurrency: \"EUR\" }) { portfolio { id } } }")
        .await;
    let before = beta.run(portfolios).await.at("/portfolios").clone();
    let id = json!({ "id": seen(&operator, "beta").await["id"] });

    // Those who are signed in are refused at once, and nobody signs in; the other firm does not notice.
    assert_eq!(operator.run_with(SUSPEND, id.clone()).await.at("/tenantSuspend/tenant/status"), "SUSPENDED");
    let answer = beta.run(portfolios).await;
    assert_eq!((answer.status.as_u16(), answer.error_code()), (401, "UNAUTHENTICATED"), "{}", answer.body);
    assert!(!signs_in(&app, "beta").await);
    assert!(signs_in(&app, "alpha").await);
    bystander.run(portfolios).await.at("/portfolios");
    assert_eq!(seen(&operator, "beta").await["status"], "SUSPENDED");
    // Once more changes nothing and is not on the record twice.
    assert_eq!(operator.run_with(SUSPEND, id.clone()).await.at("/tenantSuspend/tenant/status"), "SUSPENDED");

    assert_eq!(operator.run_with(RESUME, id).await.at("/tenantResume/tenant/status"), "ACTIVE");
    assert!(signs_in(&app, "beta").await);
    assert_eq!(beta.run(portfolios).await.at("/portfolios"), &before);
    let mut inside = Superuser::of(&app).await;
    let entries = "SELECT action || ' ' || (before ->> 'status') || ' ' || (after ->> 'status') FROM platform.audit_log \
        WHERE action IN ('tenantSuspend', 'tenantResume') ORDER BY sequence";
    assert_eq!(inside.texts(entries).await, ["tenantSuspend ACTIVE SUSPENDED", "tenantResume SUSPENDED ACTIVE"]);
}

/// Gives signs of life often.
const LIVELY: WorkerSettings = WorkerSettings { lease: Duration::from_millis(300), ..SETTINGS };

#[tokio::test]
async fn a_running_job_of_a_suspended_firm_is_given_back_and_waits() {
    let app = App::start().await;
    let (operator, tried, begun) = (app.operator().await, Arc::new(Tried::default()), Arc::new(Notify::new()));
    let id = json!({ "id": seen(&operator, "beta").await["id"] });
    tried.answer("long", Answer::UntilTold { begun: Arc::clone(&begun) });
    app.enqueue("beta", "long").await;
    app.enqueue("alpha", "short").await;
    let worker = app.worker(&tried, LIVELY);
    let working = tokio::spawn(async move { worker.drain().await });
    begun.notified().await;
    operator.run_with(SUSPEND, id.clone()).await.at("/tenantSuspend/tenant");
    working.await.expect("no panic").expect("the queue");
    let mut inside = Superuser::of(&app).await;
    let waiting = "SELECT state || ' ' || attempts FROM platform.job WHERE kind = 'tried'";
    assert_eq!(inside.texts(waiting).await, ["WAITING 0"]);
    let mut runs = tried.runs();
    runs.sort();
    assert_eq!(runs, ["alpha/short", "beta/long"]);

    tried.succeed("long");
    app.worker(&tried, LIVELY).drain().await.expect("the queue");
    assert_eq!(tried.runs().len(), 2, "nothing of a suspended firm runs");
    operator.run_with(RESUME, id).await.at("/tenantResume/tenant");
    app.worker(&tried, LIVELY).drain().await.expect("the queue");
    assert_eq!(tried.runs().last().map(String::as_str), Some("beta/long"));
    assert!(inside.texts(waiting).await.is_empty());
}

#[tokio::test]
async fn a_running_job_that_is_cancelled_ends_and_is_gone() {
    let app = App::start().await;
    let (admin, tried, begun) =
        (app.client("alpha", "admin").await, Arc::new(Tried::default()), Arc::new(Notify::new()));
    tried.answer("long", Answer::UntilTold { begun: Arc::clone(&begun) });
    app.enqueue("alpha", "long").await;
    let worker = app.worker(&tried, LIVELY);
    let working = tokio::spawn(async move { worker.drain().await });
    begun.notified().await;
    let job = admin.run("{ jobs { nodes { id kind } } }").await.at("/jobs/nodes/0").clone();
    assert_eq!(job["kind"], "tried");
    let cancel = "mutation($id: ID!) { jobCancel(id: $id) { job { id } userErrors { code } } }";
    assert_eq!(admin.run_with(cancel, json!({ "id": job["id"] })).await.user_errors("jobCancel"), [""; 0]);
    working.await.expect("no panic").expect("the queue");
    let mut inside = Superuser::of(&app).await;
    assert!(inside.texts("SELECT state FROM platform.job WHERE kind = 'tried'").await.is_empty());
    let ended = "SELECT outcome FROM platform.job_run WHERE kind = 'tried'";
    assert_eq!(inside.texts(ended).await, ["CANCELLED"]);
}

#[tokio::test]
async fn a_firm_is_renamed_and_labelled_within_bounds() {
    let app = App::start().await;
    let operator = app.operator().await;
    let id = seen(&operator, "beta").await["id"].clone();
    let update = async |input: Value| operator.run_with(UPDATE, json!({ "id": id, "input": input })).await;
    let changed = update(json!({ "name": " Beta & Sons ", "residency": "CH" })).await;
    assert_eq!(changed.at("/tenantUpdate/tenant"), &json!({ "name": "Beta & Sons", "residency": "CH" }));
    let changed = update(json!({ "residency": "" })).await;
    assert_eq!(changed.at("/tenantUpdate/tenant"), &json!({ "name": "Beta & Sons", "residency": null }));
    for (input, field, length) in [
        (json!({ "name": "" }), "name", "0 characters"),
        (json!({ "name": "n".repeat(201) }), "name", "201 characters"),
        (json!({ "residency": "r".repeat(61) }), "residency", "61 characters"),
        (json!({ "name": "a\u{7}b" }), "name", "control"),
    ] {
        let refused = update(input).await;
        let error = refused.at("/tenantUpdate/userErrors/0");
        assert_eq!((&error["code"], &error["field"]), (&json!("INVALID_INPUT"), &json!(["input", field])), "{error}");
        assert!(error["message"].as_str().is_some_and(|message| message.contains(length)), "{error}");
    }
    let unknown = operator.run_with(SUSPEND, json!({ "id": "ten_00000000000000000000000000000001" })).await;
    assert_eq!(unknown.at("/tenantSuspend/userErrors/0/code"), "NOT_FOUND");
    assert_eq!(seen(&operator, "beta").await["name"], "Beta & Sons");
}

#[tokio::test]
async fn a_schema_that_cannot_be_migrated_says_why_until_it_is() {
    let app = App::start().await;
    // Its tables are there, so that making them again fails.
    let schema = forget_step(&app, "alpha", "m0001_portfolios").await;
    let states = async || app.services.gateway.tenant_states().await.expect("a read");
    let of = async |slug: &str| states().await.into_iter().find(|(tenant, _)| tenant.slug == slug).expect("a tenant").1;
    assert!(!of("alpha").await.is_up_to_date() && of("alpha").await.failure.is_none());
    assert_eq!(migrate(&app).await.failed.len(), 1);
    let failed = of("alpha").await;
    let (error, _) = failed.failure.expect("a reason");
    assert!(error.contains("portfolio") && error.contains("already exists"), "{error}");
    assert_eq!((failed.applied + 1, of("beta").await.failure), (failed.needed, None));
    let mut inside = Superuser::of(&app).await;
    inside.run(&format!("INSERT INTO platform.schema_version VALUES ('{schema}', 'm0001_portfolios', 1, now())")).await;
    assert!(migrate(&app).await.failed.is_empty());
    assert!(of("alpha").await.is_up_to_date() && of("alpha").await.failure.is_none());
}
