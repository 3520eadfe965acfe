//! What comes to daily values from outside the ledger: market data, migrations, the state of a tenant.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use chrono::TimeDelta;
use portfolio_analyzer::jobs::Drained;
use portfolio_analyzer::market_data::load_directory;
use portfolio_analyzer::tenancy::{Administration, InstallationTag};
use serde_json::json;

use super::daily_values::{FACTS, figures, stored, stored_anew, traded};
use crate::support::working::Tried;
use crate::support::working::{SETTINGS, TRIED};
use crate::support::{App, Superuser};

pub async fn administration(app: &App) -> Administration {
    Administration::connect(&app.database.owner, &app.database.api).await.expect("the owner's connection")
}

/// Loads the market data with more prices at their end.
async fn import(app: &App, more: &str) {
    import_with(app, more, "").await;
}

/// Loads the market data with more prices and more splits at their ends.
pub async fn import_with(app: &App, more: &str, splits: &str) {
    import_all(app, more, splits, None).await;
}

/// Loads the market data with these dividends, or with none as before there were any.
pub async fn import_all(app: &App, more: &str, splits: &str, dividends: Option<&str>) {
    let given = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/market");
    let directory = tempfile::tempdir().expect("a directory");
    for entry in std::fs::read_dir(&given).expect("files") {
        let entry = entry.expect("a file");
        std::fs::copy(entry.path(), directory.path().join(entry.file_name())).expect("a copy");
    }
    let mut known = std::fs::read_to_string(given.join("splits.csv")).expect("splits");
    known.push_str(splits);
    std::fs::write(directory.path().join("splits.csv"), known).expect("written");
    if let Some(dividends) = dividends {
        let csv = format!("symbol,type,ex_date,pay_date,amount,currency\n{dividends}");
        std::fs::write(directory.path().join("dividends.csv"), csv).expect("written");
    }
    let mut prices = String::new();
    let file = File::open(given.join("prices.csv.gz")).expect("a file");
    flate2::read::GzDecoder::new(file).read_to_string(&mut prices).expect("prices");
    // A price of the same day counts once, the first of them.
    let kept: Vec<&str> = prices
        .lines()
        .filter(|line| !more.lines().any(|new| new[..new.len().min(16)] == line[..line.len().min(16)]))
        .collect();
    let file = File::create(directory.path().join("prices.csv.gz")).expect("a file");
    let mut written = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    written.write_all(format!("{}\n{more}\n", kept.join("\n").trim()).trim().as_bytes()).expect("written");
    written.finish().expect("written");
    let administration = administration(app).await;
    load_directory(&administration, directory.path(), &app.services.environment, &|_| {}).await.expect("market data");
    administration.close().await;
}

const TOUCHED: &str = "metrics { recomputing { from since } } valuations { recomputing { from since } }
    early: metrics(to: \"2023-10-01\") { recomputing { from } }";

/// How many stored days of a tenant are of each market version.
async fn versions(app: &App) -> Vec<String> {
    let mut inside = Superuser::of(app).await;
    let schema = inside.schema("alpha").await;
    let counts = format!(
        "SELECT market_version || ' from ' || min(date) FROM {schema}.fact_daily_values GROUP BY market_version ORDER BY 1"
    );
    inside.texts(&counts).await
}

#[tokio::test]
async fn a_market_import_has_every_tenant_computed_from_the_first_day_that_changed() {
    let app = App::start().await;
    let book = traded(&app, "USD").await;
    app.work().await;
    let before = figures(&book).await;
    // Nothing is new: nothing is asked for.
    import(&app, "").await;
    assert_eq!(app.queued().await.len(), 0);
    assert_eq!(book.show("2024-03-14", None, FACTS).await["dailyFacts"]["state"], "FRESH");

    import(&app, "ACME,2023-12-05,999.25").await;
    let mut tenants: Vec<String> = app.queued().await.into_iter().map(|job| job.tenant).collect();
    tenants.sort();
    assert_eq!(tenants, ["alpha", "beta"]);
    let facts = book.show("2024-03-14", None, FACTS).await;
    let facts = &facts["dailyFacts"];
    let computed = figures(&book).await;
    assert_ne!(computed, before);
    // What the correction touches says so, from its day on, before a worker has seen it; what ends earlier does not.
    let expected = json!(["RECOMPUTING", "2023-12-04", "2023-12-05"]);
    assert_eq!(json!([facts["state"], facts["computedUntil"], facts["dirtyFrom"]]), expected);
    let shown = book.show("2024-03-14", None, TOUCHED).await;
    let touched = json!({ "recomputing": { "from": "2023-12-05", "since": null } });
    assert_eq!(shown, json!({ "metrics": touched, "valuations": touched, "early": { "recomputing": null } }));
    // Once one has, it says since when too.
    let caller = app.system("alpha").await;
    app.services.daily_values_find_outdated(&caller).await.expect("marks");
    let shown = book.show("2024-03-14", None, TOUCHED).await;
    let touched = json!({ "from": "2023-12-05", "since": "2024-03-15T12:00:00+00:00" });
    assert_eq!((&shown["metrics"]["recomputing"], &shown["early"]["recomputing"]), (&touched, &json!(null)));
    assert_eq!(app.work().await, Drained { done: 2, failed: 0 });
    let shown = book.show("2024-03-14", None, TOUCHED).await;
    assert_eq!((&shown["metrics"]["recomputing"], &shown["valuations"]["recomputing"]), (&json!(null), &json!(null)));
    assert_eq!(versions(&app).await, ["1 from 2023-01-02", "2 from 2023-12-05"]);
    assert_eq!(figures(&book).await, computed);
    assert_eq!(stored(&app).await, stored_anew(&app).await);
}

#[tokio::test]
async fn what_the_market_has_not_changed_is_read_before_the_job_has_run() {
    let app = App::start().await;
    let book = traded(&app, "USD").await;
    app.work().await;
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    inside.run(&format!("UPDATE {schema}.fact_daily_values SET value = 4711.125 WHERE date = '2023-06-01'")).await;
    import(&app, "ACME,2023-12-05,999.25").await;
    let shown = async |as_of: &str| {
        let shown = book.show(as_of, None, "valuations { values }").await;
        shown["valuations"]["values"].to_string().contains("\"4711.125\"")
    };
    assert!(shown("2023-12-04").await);
    assert!(!shown("2023-12-05").await);
    inside.run("DELETE FROM market.meta_market_change").await;
    assert!(!shown("2023-12-04").await);
}

#[tokio::test]
async fn a_version_that_nobody_noted_has_everything_computed_again() {
    let app = App::start().await;
    let _book = traded(&app, "USD").await;
    app.work().await;
    import(&app, "ACME,2023-12-05,999.25").await;
    let mut inside = Superuser::of(&app).await;
    inside.run("DELETE FROM market.meta_market_change").await;
    app.work().await;
    assert_eq!(versions(&app).await, ["2 from 2023-01-02"]);
}

#[tokio::test]
async fn a_tenant_that_is_older_than_stored_values_is_computed_after_its_migration() {
    let app = App::start().await;
    let book = traded(&app, "EUR").await;
    let expected = figures(&book).await;
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    inside
        .run(&format!(
            "DROP TABLE {schema}.portfolio_dirty, {schema}.price_dirty, {schema}.fact_daily_values, \
             {schema}.fact_daily_values_status; DELETE FROM platform.job; \
             DELETE FROM platform.schema_version WHERE schema_name = '{schema}' AND name IN ('m0007_daily_values', 'm0021_performance_metrics')"
        ))
        .await;
    // What was asked for before is no failure of the job while the tenant is behind.
    app.enqueue_inside("alpha").await;
    let behind = app.another().await;
    assert_eq!(behind.work().await, Drained::default());
    let waiting = app.queued().await;
    assert_eq!((waiting[0].state.as_str(), waiting[0].attempts), ("WAITING", 0));
    inside.run("DELETE FROM platform.job").await;

    let administration = administration(&app).await;
    let tag = InstallationTag::new("tests1").expect("a tag");
    administration.migrate(&app.database.api, tag, true).await.expect("a migration");
    administration.close().await;
    assert_eq!(app.queued().await.len(), 1);
    // The migration wrote the time by the database's clock.
    inside.run("UPDATE platform.job SET run_at = '2024-01-01'").await;
    let now = app.another().await;
    assert_eq!(now.work().await, Drained { done: 1, failed: 0 });
    assert_eq!(book.show("2024-03-14", None, FACTS).await["dailyFacts"]["state"], "FRESH");
    assert_eq!(figures(&book).await, expected);
}

#[tokio::test]
async fn a_suspended_tenants_jobs_wait() {
    let app = App::start().await;
    app.enqueue("alpha", "a").await;
    let mut inside = Superuser::of(&app).await;
    let set = |status: &str| format!("UPDATE platform.tenant SET status = '{status}' WHERE slug = 'alpha'");
    inside.run(&set("SUSPENDED")).await;
    assert!(app.claim_and_die(TRIED).await.is_none());
    inside.run(&set("ACTIVE")).await;
    app.clock.advance(TimeDelta::days(1));
    let handler = std::sync::Arc::new(Tried::default());
    let drained = app.worker(&handler, SETTINGS).drain().await.expect("the queue");
    assert_eq!(drained, Drained { done: 1, failed: 0 });
}
