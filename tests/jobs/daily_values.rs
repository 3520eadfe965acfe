//! Stored daily values: the same as computed ones, and never used where they no longer hold.

use std::sync::Arc;

use chrono::TimeDelta;
use portfolio_analyzer::jobs::{self, Drained, Worker};
use portfolio_analyzer::queue::DAILY_FACTS;
use portfolio_analyzer::services::daily_value::Step;
use portfolio_analyzer::storage::daily_value::{advance, next_dirty};
use serde_json::{Value, json};

use crate::support::working::SETTINGS;
use crate::support::{App, Book, Superuser};

pub const FIGURES: &str =
    "valuations { dates values flows reasons { code } } since: valuations(from: \"2023-06-04\") { dates values flows }
    between: valuations(from: \"2023-04-01\", to: \"2023-12-31\") { dates values flows }
    metrics { twr { value } xirr { value } volatility { value } maxDrawdown { depth { value } } }
    early: metrics(to: \"2023-10-01\") { twr { value } xirr { value } }";
pub const FACTS: &str = "dailyFacts { state computedUntil computedAt dirtyFrom }";

/// Everything that is stored of a tenant's portfolios, without when it was computed.
pub async fn stored(app: &App) -> Vec<String> {
    let mut inside = Superuser::of(app).await;
    let schema = inside.schema("alpha").await;
    let rows = format!(
        "SELECT concat_ws(' ', date, coalesce(value::text, 'unknown'), known_value, flow, currency) \
         FROM {schema}.fact_daily_values ORDER BY portfolio_id, date"
    );
    inside.texts(&rows).await
}

/// The same, computed from nothing.
pub async fn stored_anew(app: &App) -> Vec<String> {
    let mut inside = Superuser::of(app).await;
    let schema = inside.schema("alpha").await;
    let forget = format!(
        "INSERT INTO {schema}.portfolio_dirty SELECT id, '2030-01-01', gen_random_uuid(), now() FROM {schema}.portfolio; \
         DELETE FROM {schema}.fact_daily_values; DELETE FROM {schema}.fact_daily_values_status"
    );
    inside.run(&forget).await;
    let caller = app.system("alpha").await;
    while !matches!(app.services.daily_values_step(&caller, &[]).await.expect("a step"), Step::Nothing) {}
    stored(app).await
}

/// A year of trades in two currencies.
pub async fn traded(app: &App, base: &str) -> Book {
    let book = Book::open(app, base).await;
    book.deposit("2023-01-03", "10000", "USD").await;
    book.deposit("2023-02-11", "1000.55", "EUR").await;
    book.buy("2023-01-05", "ACME", "20.5", "101.5").await;
    book.buy("2023-05-02", "GLOBEX", "7", "90").await;
    book.sell("2023-08-15", "ACME", "4", "170").await;
    book.record("2023-09-30", json!({ "withdrawal": { "amount": "300.33", "currency": "USD" } })).await;
    book
}

pub async fn figures(book: &Book) -> Value {
    book.show("2024-03-14", None, FIGURES).await
}

#[tokio::test]
async fn stored_values_answer_exactly_what_computing_would() {
    let app = App::start().await;
    for base in ["USD", "EUR", "GBP"] {
        let book = traded(&app, base).await;
        let facts = book.show("2024-03-14", None, FACTS).await;
        assert_eq!(
            facts["dailyFacts"],
            json!({ "state": "RECOMPUTING", "computedUntil": null, "computedAt": null, "dirtyFrom": "2023-01-02" })
        );
        let computed = figures(&book).await;
        assert_eq!(app.work().await, Drained { done: 1, failed: 0 });
        assert!(app.queued().await.is_empty());
        let facts = book.show("2024-03-14", None, FACTS).await;
        assert_eq!((&facts["dailyFacts"]["state"], &facts["dailyFacts"]["dirtyFrom"]), (&json!("FRESH"), &json!(null)));
        assert_eq!(facts["dailyFacts"]["computedUntil"], "2024-03-14");
        assert_eq!(figures(&book).await, computed, "in {base}");
    }
}

#[tokio::test]
async fn what_is_held_is_tracked_without_whose_it_is() {
    let app = App::start().await;
    let book = traded(&app, "USD").await;
    let sold = book.sell("2023-09-01", "GLOBEX", "7", "90").await;
    let mut inside = Superuser::of(&app).await;
    let tracked = "SELECT i.symbol FROM market.meta_tracked_instrument t JOIN market.dim_stock i ON i.id = t.instrument_id \
        WHERE t.held_on > date '2023-01-01' ORDER BY 1";
    assert!(inside.texts(tracked).await.is_empty());
    app.work().await;
    assert_eq!(inside.texts(tracked).await, ["ACME"]);
    book.client.run_with(crate::support::REVERSE, json!({ "id": sold })).await.at("/transactionReverse/transaction");
    app.work().await;
    assert_eq!(inside.texts(tracked).await, ["ACME", "GLOBEX"]);
}

#[tokio::test]
async fn stored_values_are_read_in_base_currency_and_nowhere_else() {
    let app = App::start().await;
    let book = traded(&app, "USD").await;
    app.work().await;
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    inside.run(&format!("UPDATE {schema}.fact_daily_values SET value = 4711.125 WHERE date = '2023-06-01'")).await;
    let has_it = |shown: &Value| shown["valuations"]["values"].to_string().contains("\"4711.125\"");
    let dates = "valuations { dates values }";
    assert!(has_it(&book.show("2024-03-14", None, dates).await));
    assert!(!has_it(&book.show("2024-03-14", Some("EUR"), dates).await));
    // The day after the last that is stored is computed, with everything before it.
    assert!(!has_it(&book.show("2024-03-15", None, dates).await));
    // What changes later leaves the days before it as they are; what changes earlier does not.
    book.deposit("2023-07-01", "1", "USD").await;
    assert!(!has_it(&book.show("2024-03-14", None, dates).await));
    assert!(has_it(&book.show("2023-06-20", None, dates).await));
    book.deposit("2023-06-01", "1", "USD").await;
    assert!(!has_it(&book.show("2023-06-20", None, dates).await));
}

#[tokio::test]
async fn changes_are_computed_from_their_day_on_and_come_to_the_same_as_all_at_once() {
    let app = App::start().await;
    let book = traded(&app, "EUR").await;
    app.work().await;
    let before = figures(&book).await;
    let reversed = book.buy("2023-11-01", "ACME", "1", "200").await;
    book.deposit("2023-10-05", "12.34", "USD").await;
    let facts = book.show("2024-03-14", None, FACTS).await;
    let expected = (json!("RECOMPUTING"), json!("2023-10-03"), json!("2023-10-04"));
    let facts = &facts["dailyFacts"];
    assert_eq!((facts["state"].clone(), facts["computedUntil"].clone(), facts["dirtyFrom"].clone()), expected);
    let computed = figures(&book).await;
    assert_ne!(computed, before);
    app.work().await;
    assert_eq!(figures(&book).await, computed);
    book.client
        .run_with(crate::support::REVERSE, json!({ "id": reversed }))
        .await
        .at("/transactionReverse/transaction");
    // Earlier than anything before it.
    book.deposit("2023-01-02", "5", "EUR").await;
    app.work().await;
    let incremental = stored(&app).await;
    assert!(incremental[0].starts_with("2023-01-01 0 0 0"), "{}", incremental[0]);
    assert_eq!(incremental, stored_anew(&app).await);
}

#[tokio::test]
async fn a_handler_that_is_killed_between_stretches_is_gone_on_with() {
    let app = App::start().await;
    let book = traded(&app, "USD").await;
    let expected = figures(&book).await;
    assert!(app.claim_and_die(DAILY_FACTS).await.is_some());
    let caller = app.system("alpha").await;
    let step = app.services.daily_values_step(&caller, &[]).await.expect("a step");
    assert!(matches!(step, Step::Stored), "{step:?}");
    // A year is stored, the rest is dirty; what is stored is used already.
    let facts = book.show("2024-03-14", None, FACTS).await;
    assert_eq!(facts["dailyFacts"]["computedUntil"], "2024-01-02");
    assert_eq!(facts["dailyFacts"]["dirtyFrom"], "2024-01-03");
    assert_eq!(figures(&book).await, expected);
    let half = stored(&app).await;
    assert_eq!(half.len(), 366);
    // Nobody else takes the job before the lease is over; then another worker does.
    assert_eq!(app.work().await, Drained::default());
    app.clock.advance(TimeDelta::minutes(1));
    let other = app.another().await;
    assert_eq!(other.work().await, Drained { done: 1, failed: 0 });
    let resumed = stored(&app).await;
    assert_eq!(resumed[..366], half);
    assert_eq!(resumed, stored_anew(&app).await);
    assert!(app.queued().await.is_empty());
}

#[tokio::test]
async fn what_was_computed_before_a_change_is_not_kept_after_it() {
    let app = App::start().await;
    let book = traded(&app, "USD").await;
    let session = app.writing("alpha").await;
    let read = next_dirty(&session, &[]).await.expect("a read").expect("a dirty portfolio");
    book.deposit("2024-02-01", "1", "USD").await;
    assert!(!advance(&session, read, None).await.expect("an answer"), "the mark of before the change was taken");
    session.commit().await.expect("an end");
    let again = app.writing("alpha").await;
    let now = next_dirty(&again, &[]).await.expect("a read").expect("still dirty");
    assert_eq!(now.from_date, read.from_date);
    assert_ne!(now.mark, read.mark);
    again.close().await.expect("an end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_beside_people_who_write_ends_with_what_they_wrote() {
    let app = Arc::new(App::start().await);
    let books = [Arc::new(traded(&app, "USD").await), Arc::new(traded(&app, "EUR").await)];
    for book in &books {
        book.buy("2023-02-01", "COIN", "1", "10").await;
        book.buy("2023-03-01", "NOTE", "10", "99").await;
    }
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = Worker::new(app.services.clone(), jobs::handlers(), SETTINGS);
    let working = tokio::spawn(async move { worker.run(async { _ = stopped.await }).await });
    let writing = books.iter().enumerate().map(|(index, book)| {
        let book = Arc::clone(book);
        tokio::spawn(async move {
            for day in 1..=20 {
                let date = format!("2023-{:02}-{day:02}", 1 + (day * 7 + index) % 12);
                book.deposit(&date, "1.25", "USD").await;
                let symbol = if day % 2 == 0 { "COIN" } else { "NOTE" };
                book.price(&date, symbol, &format!("{}", 90 + day)).await;
            }
        })
    });
    for written in writing.collect::<Vec<_>>() {
        written.await.expect("all was taken");
    }
    drop(stop);
    assert_eq!(working.await.expect("an end").failed, 0);
    app.work().await;
    assert!(app.queued().await.is_empty());
    for book in &books {
        assert_eq!(book.show("2024-03-14", None, FACTS).await["dailyFacts"]["state"], "FRESH");
    }
    assert_eq!(stored(&app).await, stored_anew(&app).await);
}

#[tokio::test]
async fn prices_by_hand_reach_every_holder() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let bystander = Book::open(&app, "USD").await;
    book.deposit("2023-01-02", "1000", "USD").await;
    bystander.deposit("2023-01-02", "1000", "USD").await;
    book.buy("2023-06-01", "COIN", "1", "100").await;
    app.work().await;
    // Without a price the value is unknown; unknown days are computed, for their reasons.
    let unpriced = figures(&book).await;
    assert_eq!(unpriced["valuations"]["reasons"][0]["code"], "NO_PRICE");
    book.price("2023-06-01", "COIN", "111").await;
    let facts = book.show("2024-03-14", None, FACTS).await;
    assert_eq!(facts["dailyFacts"]["state"], "RECOMPUTING");
    let computed = figures(&book).await;
    assert_eq!(computed["valuations"]["reasons"], json!([]));
    assert_eq!(app.work().await, Drained { done: 1, failed: 0 });
    assert_eq!(figures(&book).await, computed);
    let one_computed_twice = "SELECT count(DISTINCT computed_at)::text FROM $s.fact_daily_values_status";
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    assert_eq!(inside.text(&one_computed_twice.replace("$s", &schema)).await, "1", "by a clock that stands");
    assert_eq!(stored(&app).await, stored_anew(&app).await);
}

#[tokio::test]
async fn a_portfolio_that_cannot_be_valued_keeps_no_other_back() {
    let app = App::start().await;
    let poisoned = Book::open(&app, "USD").await;
    let sound = Book::open(&app, "USD").await;
    poisoned.deposit("2023-01-02", "10", "USD").await;
    poisoned.buy("2023-06-01", "COIN", "100000000000000000000", "0.0000000001").await;
    poisoned.price("2023-06-01", "COIN", "10000000000").await;
    sound.deposit("2023-01-02", "10", "USD").await;
    assert_eq!(app.work().await, Drained { done: 0, failed: 1 });
    let state = async |book: &Book| book.show("2024-03-14", None, FACTS).await["dailyFacts"]["state"].clone();
    assert_eq!((state(&poisoned).await, state(&sound).await), (json!("RECOMPUTING"), json!("FRESH")));
    let jobs = app.queued().await;
    let id = poisoned.portfolio.trim_start_matches("pf_");
    let error = jobs[0].last_error.clone().expect("an error").replace('-', "");
    assert!(jobs.len() == 1 && jobs[0].state == "WAITING" && error.contains(id), "{jobs:?}");
}

#[tokio::test]
async fn a_ledger_without_anything_that_counts_stores_nothing() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let empty = book.show("2024-03-14", None, FACTS).await;
    let fresh = json!({ "state": "FRESH", "computedUntil": null, "computedAt": null, "dirtyFrom": null });
    assert_eq!(empty["dailyFacts"], fresh);
    let deposit = book.deposit("2023-01-02", "10", "USD").await;
    app.work().await;
    assert!(!stored(&app).await.is_empty());
    book.client.run_with(crate::support::REVERSE, json!({ "id": deposit })).await.at("/transactionReverse/transaction");
    app.work().await;
    assert!(stored(&app).await.is_empty());
    assert_eq!(book.show("2024-03-14", None, FACTS).await["dailyFacts"], fresh);
    // On a day that the market has not closed yet.
    book.deposit("2024-03-15", "10", "USD").await;
    assert_eq!(app.work().await, Drained { done: 1, failed: 0 });
    assert_eq!(book.show("2024-03-15", None, FACTS).await["dailyFacts"]["state"], "FRESH");
    assert_eq!(
        book.show("2024-03-15", None, "valuations { values }").await["valuations"]["values"],
        json!(["0", "10"])
    );
}
