//! Tries, dead letters, and workers that are killed.

use std::sync::Arc;

use chrono::TimeDelta;
use portfolio_analyzer::jobs::Drained;
use portfolio_analyzer::queue::{self, Failure, Hold};
use portfolio_analyzer::tenancy::Access;
use tokio::sync::Notify;

use crate::support::working::{Answer, SETTINGS, TRIED, Tried};
use crate::support::{App, Superuser};

#[tokio::test]
async fn a_failure_is_tried_again_then_kept_with_its_error_until_somebody_retries_it() {
    let app = App::start().await;
    let handler = Arc::new(Tried::default());
    handler.answer("a", Answer::Fail("the disk is full"));
    app.enqueue("alpha", "a").await;
    let worker = app.worker(&handler, SETTINGS);
    let once_failed = Drained { done: 0, failed: 1 };
    for waited in [0, 5, 10] {
        // Not a second before its time.
        app.clock.advance(TimeDelta::seconds(waited) - TimeDelta::milliseconds(i64::from(waited > 0)));
        if waited > 0 {
            assert_eq!(worker.drain().await.expect("the queue"), Drained::default());
            app.clock.advance(TimeDelta::milliseconds(1));
        }
        assert_eq!(worker.drain().await.expect("the queue"), once_failed);
    }
    let job = app.queued().await.remove(0);
    assert_eq!((job.state.as_str(), job.attempts), ("DEAD", 3));
    assert!(job.last_error.as_deref().is_some_and(|error| error.contains("the disk is full")), "{job:?}");
    app.clock.advance(TimeDelta::days(30));
    assert_eq!(worker.drain().await.expect("the queue"), Drained::default());

    let session = app.services.gateway.platform(Access::Write).await.expect("a session");
    let now = app.services.environment.clock.now();
    assert!(!queue::own::retry(&session, job.id, now).await.expect("the queue"), "it is not the installation's");
    session.close().await.expect("an end");
    let session = app.writing("alpha").await;
    assert!(queue::own::retry(&session, job.id, now).await.expect("the queue"));
    assert!(!queue::own::discard(&session, job.id).await.expect("the queue"), "it is no dead letter any more");
    session.commit().await.expect("an end");
    handler.succeed("a");
    assert_eq!(worker.drain().await.expect("the queue"), Drained { done: 1, failed: 0 });
    assert!(app.queued().await.is_empty());
}

#[tokio::test]
async fn a_key_has_one_dead_letter_which_a_later_success_settles() {
    let app = App::start().await;
    let handler = Arc::new(Tried::default());
    let worker = app.worker(&handler, portfolio_analyzer::jobs::WorkerSettings { max_attempts: 1, ..SETTINGS });
    for error in ["first", "second"] {
        handler.answer("a", Answer::Fail(error));
        app.enqueue("alpha", "a").await;
        worker.drain().await.expect("the queue");
        let jobs = app.queued().await;
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        assert!(jobs[0].last_error.as_deref().is_some_and(|text| text.contains(error)), "{jobs:?}");
    }
    handler.succeed("a");
    app.enqueue("alpha", "a").await;
    worker.drain().await.expect("the queue");
    assert!(app.queued().await.is_empty());
}

#[tokio::test]
async fn a_panic_is_a_failure_and_a_request_does_not_hurry_what_waits_for_its_next_try() {
    let app = App::start().await;
    let handler = Arc::new(Tried::default());
    handler.answer("a", Answer::Panic);
    app.enqueue("alpha", "a").await;
    let worker = app.worker(&handler, SETTINGS);
    assert_eq!(worker.drain().await.expect("the queue"), Drained { done: 0, failed: 1 });
    let job = app.queued().await.remove(0);
    assert!(job.last_error.as_deref().is_some_and(|error| error.contains("panicked")), "{job:?}");
    // A new request is a new reason to try; both are one run, which counts on.
    app.enqueue("alpha", "a").await;
    assert_eq!(worker.drain().await.expect("the queue"), Drained { done: 0, failed: 1 });
    let jobs = app.queued().await;
    assert_eq!((jobs.len(), jobs[0].attempts), (1, 2), "{jobs:?}");
}

#[tokio::test]
async fn the_job_of_a_killed_worker_is_taken_over_when_its_lease_is_over() {
    let app = App::start().await;
    app.enqueue("alpha", "a").await;
    let taken = app.claim_and_die(TRIED).await.expect("a job");
    app.enqueue("alpha", "a").await;
    let handler = Arc::new(Tried::default());
    let worker = app.worker(&handler, SETTINGS);
    app.clock.advance(TimeDelta::seconds(29));
    assert_eq!(worker.drain().await.expect("the queue"), Drained::default());
    app.clock.advance(TimeDelta::seconds(1));
    assert_eq!(worker.drain().await.expect("the queue"), Drained { done: 1, failed: 0 });
    assert_eq!(handler.runs(), ["alpha/a"]);
    assert!(app.queued().await.is_empty());
    // Were the first worker only slow, it could settle nothing any more.
    let session = app.services.gateway.platform(Access::Write).await.expect("a session");
    let now = app.services.environment.clock.now();
    assert!(!queue::finish(&session, &taken, now).await.expect("the queue"));
    assert_eq!(queue::prolong(&session, &taken, now).await.expect("the queue"), Hold::Lost);
    let late = Failure { error: "late".to_owned(), message: "late".to_owned(), again: None };
    assert!(!queue::fail(&session, &taken, &late, now).await.expect("the queue"));
    assert!(!queue::cancelled(&session, &taken, now).await.expect("the queue"));
    session.close().await.expect("an end");
}

#[tokio::test]
async fn a_worker_that_dies_in_the_middle_loses_nothing_and_one_that_lives_keeps_its_job() {
    let app = App::start().await;
    let handler = Arc::new(Tried::default());
    let (begun, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    handler.answer("a", Answer::Wait { begun: Arc::clone(&begun), end: Arc::clone(&end) });
    app.enqueue("alpha", "a").await;
    let lively = portfolio_analyzer::jobs::WorkerSettings { lease: std::time::Duration::from_millis(600), ..SETTINGS };
    let worker = app.worker(&handler, lively);
    let working = tokio::spawn(async move { worker.drain().await });
    begun.notified().await;
    // Signs of life follow the clock: the next one prolongs the lease past what would have ended it.
    app.clock.advance(TimeDelta::seconds(60));
    let mut inside = Superuser::of(&app).await;
    let now = app.services.environment.clock.now().to_rfc3339();
    let alive = format!("SELECT (lease_until > '{now}')::text FROM platform.job");
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while inside.text(&alive).await != "true" {
        assert!(tokio::time::Instant::now() < deadline, "no sign of life came");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(app.claim_and_die(TRIED).await.is_none());
    working.abort();
    assert!(working.await.is_err_and(|error| error.is_cancelled()));
    handler.succeed("a");
    app.clock.advance(TimeDelta::seconds(60));
    let drained = app.worker(&handler, SETTINGS).drain().await.expect("the queue");
    assert_eq!(drained, Drained { done: 1, failed: 0 });
    assert!(app.queued().await.is_empty());
}

#[tokio::test]
async fn a_job_that_kills_each_worker_is_given_up() {
    let app = App::start().await;
    app.enqueue("alpha", "a").await;
    for _ in 0..SETTINGS.max_attempts {
        assert!(app.claim_and_die(TRIED).await.is_some());
        app.clock.advance(TimeDelta::seconds(30));
    }
    assert!(app.claim_and_die(TRIED).await.is_none());
    let jobs = app.queued().await;
    assert_eq!((jobs.len(), jobs[0].state.as_str()), (1, "DEAD"));
    assert!(jobs[0].last_error.as_deref().is_some_and(|error| error.contains("without a word, 3 times")), "{jobs:?}");
}
