//! The daily calculation and its parts: when it comes, that it may be ended anywhere, and that nothing is kept of before a change.

use chrono::{DateTime, TimeDelta, Utc};
use portfolio_analyzer::queue::PERFORMANCE_METRICS;
use portfolio_analyzer::services::performance_metrics::Of;
use serde_json::json;

use super::daily_values::traded;
use crate::support::{App, Book, Superuser};

/// How many rows are stored, and when they were computed.
async fn stored(app: &App) -> String {
    let mut inside = Superuser::of(app).await;
    let schema = inside.schema("alpha").await;
    let rows = format!(
        "SELECT count(*) || coalesce(' ' || to_char(max(computed_at) AT TIME ZONE 'UTC', 'MM-DD\"T\"HH24:MI'), '') \
         FROM {schema}.fact_performance_metrics"
    );
    inside.text(&rows).await
}

async fn is_stored(app: &App, book: &Book) -> bool {
    let query = "query($id: ID!) { portfolio(id: $id) { performance(range: ONE_YEAR) { isStored } } }";
    let answer = app.client("alpha", "investor1").await.run_with(query, json!({ "id": book.portfolio })).await;
    answer.at("/portfolio/performance/isStored").as_bool().expect("a flag")
}

#[tokio::test]
async fn figures_are_stored_at_six_by_the_clocks_that_the_tenant_chose() {
    let app = App::start().await;
    traded(&app, "USD").await;
    app.work().await;
    let admin = app.client("alpha", "admin").await;
    let schedules = admin.run("{ schedules { id name kind version timeZone nextRunAt } }").await;
    let all = schedules.at("/schedules").as_array().expect("schedules").clone();
    let daily = all.iter().find(|one| one["name"] == "Daily portfolio calculation").expect("a schedule");
    assert_eq!(
        (&daily["kind"], &daily["nextRunAt"]),
        (&json!("performance_metrics"), &json!("2024-03-16T06:00:00+00:00"))
    );
    let update = "mutation($id: ID!, $version: Int!) { scheduleUpdate(id: $id, expectedVersion: $version,
        input: { timeZone: \"Europe/Zurich\" }) { schedule { nextRunAt } userErrors { code message } } }";
    let updated = admin.run_with(update, json!({ "id": daily["id"], "version": daily["version"] })).await;
    assert_eq!(updated.at("/scheduleUpdate/schedule/nextRunAt"), "2024-03-16T05:00:00+00:00", "{}", updated.body);
    app.clock.advance(TimeDelta::hours(17) - TimeDelta::seconds(1));
    assert_eq!(app.work().await.failed, 0);
    assert_eq!(stored(&app).await, "0");
    app.clock.advance(TimeDelta::seconds(1));
    assert_eq!(app.work().await.failed, 0);
    assert_eq!(stored(&app).await, "10 03-16T05:00");
    // The next morning everything holds, and nothing is computed.
    app.clock.advance(TimeDelta::days(1));
    assert_eq!(app.work().await.failed, 0);
    assert_eq!(stored(&app).await, "10 03-16T05:00");
}

#[tokio::test]
async fn a_run_that_is_killed_is_gone_on_with_and_computes_what_is_left() {
    let app = App::start().await;
    let mut books = Vec::new();
    for base in ["USD", "EUR", "GBP", "USD", "EUR"] {
        books.push(traded(&app, base).await);
    }
    app.work().await;
    let mut inside = Superuser::of(&app).await;
    inside
        .run(&format!(
            "INSERT INTO platform.job (id, tenant_id, kind, key, state, enqueued_at, run_at) \
             SELECT gen_random_uuid(), id, '{PERFORMANCE_METRICS}', '', 'WAITING', '2024-03-15T12:00:00Z', '2024-03-15T12:00:00Z' \
             FROM platform.tenant WHERE slug = 'alpha'"
        ))
        .await;
    assert!(app.claim_and_die(PERFORMANCE_METRICS).await.is_some());
    let caller = app.system("alpha").await;
    let batch = app.services.performance_metrics_read(&caller, Of::default()).await.expect("a read").expect("a batch");
    let after = Some(batch.last);
    let computed = app.services.performance_metrics_computed(batch).await.expect("figures");
    assert_eq!((computed.portfolios, computed.failed.len()), (2, 0));
    // Twice is the same as once.
    for _ in 0..2 {
        app.services.performance_metrics_store(&caller, &computed).await.expect("stored");
        assert_eq!(stored(&app).await, "20 03-15T12:00");
    }
    assert_eq!(app.services.performance_metrics_left(&caller, Of::default()).await.expect("a count"), 3);
    let next = app.services.performance_metrics_read(&caller, Of { after, only: None }).await.expect("a read");
    assert!(next.is_some_and(|next| Some(next.last) > after));
    app.clock.advance(TimeDelta::minutes(1));
    assert_eq!(app.work().await.failed, 0);
    let now: DateTime<Utc> = app.services.environment.clock.now();
    assert_eq!(stored(&app).await, format!("50 {}", now.format("%m-%dT%H:%M")));
    for book in &books {
        assert!(is_stored(&app, book).await);
    }
    assert!(app.queued().await.is_empty());
}

#[tokio::test]
async fn what_was_computed_before_a_change_is_not_shown_after_it() {
    let app = App::start().await;
    let book = traded(&app, "USD").await;
    let holder = traded(&app, "USD").await;
    holder.buy("2023-06-01", "COIN", "3", "100").await;
    app.work().await;
    let caller = app.system("alpha").await;
    let batch = app.services.performance_metrics_read(&caller, Of::default()).await.expect("a read").expect("a batch");
    // Both are changed while they are computed, and their values brought up to date.
    book.deposit("2023-03-03", "50", "USD").await;
    holder.price("2023-07-07", "COIN", "120").await;
    app.work().await;
    let computed = app.services.performance_metrics_computed(batch).await.expect("figures");
    app.services.performance_metrics_store(&caller, &computed).await.expect("stored");
    assert_eq!(stored(&app).await, "20 03-15T12:00");
    assert!(!is_stored(&app, &book).await && !is_stored(&app, &holder).await);
    assert_eq!(app.services.performance_metrics_left(&caller, Of::default()).await.expect("a count"), 2);
}

#[tokio::test]
async fn a_portfolio_that_cannot_be_valued_keeps_no_others_figures_back() {
    let app = App::start().await;
    let poisoned = Book::open(&app, "USD").await;
    let sound = traded(&app, "USD").await;
    poisoned.deposit("2023-01-02", "10", "USD").await;
    poisoned.buy("2023-06-01", "COIN", "100000000000000000000", "0.0000000001").await;
    poisoned.price("2023-06-01", "COIN", "10000000000").await;
    assert_eq!(app.work().await.failed, 1);
    app.clock.advance(TimeDelta::hours(18));
    assert_eq!(app.work().await.failed, 2, "the values that cannot be had, and the figures of them");
    assert!(is_stored(&app, &sound).await);
    assert_eq!(stored(&app).await, "10 03-16T06:00");
}
