//! The audit log as a chain: what was done to it is found, and the database lets nobody do it.

mod chain;
mod checkpoints;
mod file;
mod old;
mod personal;
mod reads;

use portfolio_analyzer::audit::verify::{Kind, Report};
use portfolio_analyzer::services::Caller;

use crate::support::{App, Book, Inside, Superuser};

/// The server itself, in a tenant.
async fn system(app: &App, tenant: &str) -> Caller {
    let record = app.services.gateway.tenant_by_slug(tenant).await.expect("a read").expect("a tenant");
    app.services.system(record, "command")
}

/// What is found of a tenant's log.
async fn verify(app: &App, tenant: &str) -> Report {
    app.services.audit_verify(&system(app, tenant).await, &[], None).await.expect("a report").1
}

/// The kinds and places of what is found.
async fn found(app: &App, tenant: &str) -> Vec<(Kind, i64, i64)> {
    let report = verify(app, tenant).await;
    report.findings.iter().map(|finding| (finding.kind, finding.first, finding.last)).collect()
}

/// A tenant with some entries of different kinds, and a look inside it.
async fn log(app: &App) -> Inside {
    let book = Book::open(app, "USD").await;
    for day in 1..6 {
        book.deposit(&format!("2024-03-0{day}"), "5", "USD").await;
    }
    let settings =
        r#"mutation { userSettingsUpdate(expectedVersion: 1, input: { name: "Jo \"é😀\\" }) { user { id } } }"#;
    book.client.run(settings).await.at("/userSettingsUpdate/user/id");
    assert!(verify(app, "alpha").await.is_whole());
    Inside::of(app, "alpha").await
}

/// How many entries a tenant's log has.
async fn length(app: &App, tenant: &str) -> i64 {
    let mut inside = Superuser::of(app).await;
    let schema = inside.schema(tenant).await;
    inside.text(&format!("SELECT count(*)::text FROM {schema}.audit_log")).await.parse().expect("a number")
}
