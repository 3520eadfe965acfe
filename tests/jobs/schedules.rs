//! What recurs: when it is put into the queue, and that it is once.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use portfolio_analyzer::jobs::{self, Drained, STANDING, Worker, WorkerSettings};
use portfolio_analyzer::queue::{Owner, Scheduled};
use portfolio_analyzer::tenancy::Access;

use super::daily_values::{stored, stored_anew, traded};
use crate::support::working::{SETTINGS, Tried};
use crate::support::{App, Superuser};

/// The schedules of everybody.
pub async fn schedules(app: &App) -> Vec<Scheduled> {
    let session = app.services.gateway.platform(Access::Read).await.expect("a session");
    let schedules = portfolio_analyzer::queue::schedules(&session, 1_000).await.expect("schedules");
    session.close().await.expect("an end");
    schedules
}

/// A schedule of a tenant, or of the installation, for what tests try.
pub async fn schedule(app: &App, tenant: Option<&str>, cron: &str, zone: &str, next: &str) {
    let mut inside = Superuser::of(app).await;
    let owner =
        tenant.map_or("NULL".to_owned(), |slug| format!("(SELECT id FROM platform.tenant WHERE slug = '{slug}')"));
    inside
        .run(&format!(
            "INSERT INTO platform.schedule (id, tenant_id, name, kind, key, is_standing, cron, time_zone, is_enabled, \
             next_run_at, created_at) VALUES (gen_random_uuid(), {owner}, '{cron} {zone}', 'tried', '{cron}', false, \
             '{cron}', '{zone}', true, '{next}', '2024-03-15T12:00:00Z')"
        ))
        .await;
}

fn time(next: Option<DateTime<Utc>>) -> String {
    next.expect("a time").format("%m-%dT%H:%M").to_string()
}

#[tokio::test]
async fn the_programs_schedules_are_there_for_the_installation_and_for_each_tenant() {
    let app = App::start().await;
    assert_eq!(app.work().await, Drained::default());
    let all = schedules(&app).await;
    for standing in STANDING {
        let found: Vec<&str> = all
            .iter()
            .filter(|one| one.name == standing.name && one.kind == standing.kind)
            .map(|one| one.tenant.as_str())
            .collect();
        let expected: &[&str] = match standing.owner {
            // Nobody is configured who could be asked.
            Owner::Installation if standing.kind.starts_with("market_") => &[],
            Owner::Installation => &["-"],
            Owner::Tenant => &["alpha", "beta"],
        };
        assert_eq!(found, expected, "{}", standing.name);
    }
    let daily = all.iter().find(|one| one.name == "Daily portfolio calculation").expect("a schedule");
    assert_eq!((daily.cron.as_str(), time(daily.next_run_at).as_str()), ("0 6 * * *", "03-16T06:00"));

    // A line of the list that reads differently in a later release replaces what nobody has changed, and nothing else.
    let mut inside = Superuser::of(&app).await;
    let old = "UPDATE platform.schedule s SET cron = '0 7 * * *', next_run_at = '2024-03-16T07:00:00Z', \
        changed_at = CASE WHEN t.slug = 'beta' THEN now() END FROM platform.tenant t \
        WHERE t.id = s.tenant_id AND s.name = 'Daily portfolio calculation'";
    inside.run(old).await;
    app.work().await;
    let daily: Vec<String> = schedules(&app)
        .await
        .iter()
        .filter(|one| one.name == "Daily portfolio calculation")
        .map(|one| format!("{} {} {}", one.tenant, one.cron, time(one.next_run_at)))
        .collect();
    assert_eq!(daily, ["alpha 0 6 * * * 03-16T06:00", "beta 0 7 * * * 03-16T07:00"]);
}

#[tokio::test]
async fn what_is_due_runs_once_and_what_is_not_does_not() {
    let app = App::start().await;
    let handler = Arc::new(Tried::default());
    let worker = app.worker(&handler, SETTINGS);
    schedule(&app, Some("alpha"), "0 6 * * *", "America/New_York", "2024-03-15T12:00:01Z").await;
    assert_eq!(worker.drain().await.expect("the queue"), Drained::default());
    app.clock.advance(TimeDelta::seconds(1));
    for expected in [1, 0] {
        assert_eq!(worker.drain().await.expect("the queue"), Drained { done: expected, failed: 0 });
    }
    assert_eq!(handler.runs(), ["alpha/0 6 * * *"]);
    let fired = schedules(&app).await.remove(0);
    // New York is four hours behind since the tenth.
    assert_eq!(time(fired.next_run_at), "03-16T10:00");
    assert_eq!((fired.last_fired_at, fired.last_missed), (Some(app.services.environment.clock.now()), 0));
}

#[tokio::test]
async fn times_that_passed_while_nothing_worked_come_to_one_run_which_says_how_many() {
    let app = App::start().await;
    let handler = Arc::new(Tried::default());
    let worker = app.worker(&handler, SETTINGS);
    schedule(&app, Some("alpha"), "*/20 * * * *", "UTC", "2024-03-15T12:20:00Z").await;
    app.clock.advance(TimeDelta::hours(5) + TimeDelta::minutes(30));
    assert_eq!(worker.drain().await.expect("the queue"), Drained { done: 1, failed: 0 });
    let fired = schedules(&app).await.remove(0);
    // 12:20, then 12:40 to 17:20.
    assert_eq!((fired.last_missed, time(fired.next_run_at)), (15, "03-15T17:40".to_owned()));
    // While the queue stands still, a schedule does not pile up what waits already.
    schedule(&app, None, "* * * * *", "UTC", "2024-03-15T17:31:00Z").await;
    let elsewhere = Worker::new(app.services.clone(), vec![Arc::clone(&handler) as _], SETTINGS);
    let held = app.claim_and_die("tried").await;
    assert!(held.is_none());
    let mut inside = Superuser::of(&app).await;
    inside.run("UPDATE platform.tenant SET status = 'SUSPENDED' WHERE slug = 'alpha'").await;
    app.clock.advance(TimeDelta::days(2));
    elsewhere.drain().await.expect("the queue");
    assert_eq!(
        handler.runs(),
        ["alpha/*/20 * * * *"],
        "a suspended tenant's does not fire, the installation's has no handler"
    );
}

#[tokio::test]
async fn several_workers_fire_a_schedule_once() {
    let app = App::start().await;
    let handler = Arc::new(Tried::default());
    for tenant in ["alpha", "beta"] {
        schedule(&app, Some(tenant), "0 6 * * *", "UTC", "2024-03-15T12:00:00Z").await;
    }
    let workers = (0..4).map(|_| {
        let worker = app.worker(&handler, SETTINGS);
        tokio::spawn(async move { worker.drain().await.expect("the queue") })
    });
    let mut done = 0;
    for worker in workers.collect::<Vec<_>>() {
        done += worker.await.expect("an end").done;
    }
    assert_eq!(done, 2);
    let mut runs = handler.runs();
    runs.sort();
    assert_eq!(runs, ["alpha/0 6 * * *", "beta/0 6 * * *"]);
}

#[tokio::test]
async fn a_worker_that_is_killed_after_a_schedule_has_fired_loses_nothing() {
    let app = App::start().await;
    let handler = Arc::new(Tried::default());
    schedule(&app, Some("alpha"), "0 6 * * *", "UTC", "2024-03-15T12:00:00Z").await;
    // Its first look fires; it is killed with the job in its hands.
    let one = WorkerSettings { concurrency: 1, ..SETTINGS };
    let begun = Arc::new(tokio::sync::Notify::new());
    let end = Arc::new(tokio::sync::Notify::new());
    handler.answer("0 6 * * *", crate::support::working::Answer::Wait { begun: Arc::clone(&begun), end });
    let worker = app.worker(&handler, one);
    let working = tokio::spawn(async move { worker.drain().await });
    begun.notified().await;
    working.abort();
    assert!(working.await.is_err_and(|error| error.is_cancelled()));
    handler.succeed("0 6 * * *");
    app.clock.advance(TimeDelta::seconds(60));
    let drained = app.worker(&handler, SETTINGS).drain().await.expect("the queue");
    assert_eq!(drained, Drained { done: 1, failed: 0 });
    assert_eq!(time(schedules(&app).await.remove(0).next_run_at), "03-16T06:00");
}

#[tokio::test]
async fn every_morning_values_are_brought_up_to_the_new_day() {
    let app = App::start().await;
    // Without a market day to wait for, values are stored up to today: each day adds one.
    let mut inside = Superuser::of(&app).await;
    inside.run("UPDATE market.meta_market_version SET last_complete_day = NULL, version = version + 1").await;
    traded(&app, "USD").await;
    app.work().await;
    let until = async || stored(&app).await.pop().expect("a day")[..10].to_owned();
    assert_eq!(until().await, "2024-03-15");
    app.clock.advance(TimeDelta::hours(17) + TimeDelta::minutes(59));
    assert_eq!(app.work().await.failed, 0);
    assert_eq!(until().await, "2024-03-15", "it is not six yet");
    app.clock.advance(TimeDelta::minutes(1));
    // Of both tenants.
    assert_eq!(app.work().await, Drained { done: 2, failed: 0 });
    assert_eq!(until().await, "2024-03-16");
    assert_eq!(stored(&app).await, stored_anew(&app).await);
}

#[tokio::test]
async fn housekeeping_removes_what_has_ended_and_nothing_else() {
    let app = App::start().await;
    let sample = crate::support::Sample::of(&app, "alpha", "investor1").await;
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    let count = |table: &str| format!("SELECT count(*)::text FROM {table}");
    let (sessions, platform) = (count(&format!("{schema}.session")), count("platform.session"));
    app.operator().await;
    assert_eq!((inside.text(&sessions).await, inside.text(&platform).await), ("1".to_owned(), "1".to_owned()));
    let worker = || Worker::new(app.services.clone(), jobs::handlers(), SETTINGS);
    worker().drain().await.expect("the queue");
    // A log-in is good for 30 days, and is kept for another week.
    for (days, left) in [(36, "1"), (2, "0")] {
        app.clock.advance(TimeDelta::days(days));
        assert_eq!(worker().drain().await.expect("the queue").failed, 0);
        assert_eq!((inside.text(&sessions).await.as_str(), inside.text(&platform).await.as_str()), (left, left));
    }
    // Runs that are long past are forgotten too; those of the last days are there.
    let runs = "SELECT count(*)::text FROM platform.job_run WHERE ended_at < '2024-03-23'";
    assert_eq!(inside.text(runs).await, "0");
    assert_ne!(inside.text(&count("platform.job_run")).await, "0");
    let refused = app
        .anonymous()
        .run_with(
            "mutation($input: RefreshTokenInput!) { tokenRefresh(input: $input) { userErrors { code } } }",
            serde_json::json!({ "input": { "refreshToken": sample.refresh_token } }),
        )
        .await;
    assert_eq!(refused.user_errors("tokenRefresh"), ["INVALID_REFRESH_TOKEN"]);
}
