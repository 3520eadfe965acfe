//! One run a key, in turns, within the caller's transaction.

use std::sync::Arc;

use portfolio_analyzer::jobs::Drained;
use tokio::sync::Notify;

use crate::support::working::{Answer, SETTINGS, Tried};
use crate::support::{App, Book};

#[tokio::test]
async fn a_job_is_there_only_if_its_transaction_is() {
    let app = App::start().await;
    let session = app.writing("alpha").await;
    app.enqueue_in(&session, "undone").await;
    session.close().await.expect("an end");
    let dropped = app.writing("alpha").await;
    app.enqueue_in(&dropped, "dropped").await;
    drop(dropped);
    app.enqueue("alpha", "kept").await;
    let handler = Arc::new(Tried::default());
    let drained = app.worker(&handler, SETTINGS).drain().await.expect("the queue");
    assert_eq!(drained, Drained { done: 1, failed: 0 });
    assert_eq!(handler.runs(), ["alpha/kept"]);
    assert!(app.queued().await.is_empty());
}

#[tokio::test]
async fn a_refused_change_of_the_ledger_leaves_nothing_to_do() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let refused = book.try_record("2024-03-01", &serde_json::json!({ "sell": book.trade("ACME", "1", "250") })).await;
    assert_eq!(refused.user_errors("transactionRecord"), ["INSUFFICIENT_QUANTITY"]);
    assert!(app.queued().await.is_empty());
    book.deposit("2024-03-01", "10", "USD").await;
    assert_eq!(app.queued().await.len(), 1);
}

#[tokio::test]
async fn requests_of_one_key_come_to_one_run() {
    let app = App::start().await;
    for key in ["a", "a", "b", "a"] {
        app.enqueue("alpha", key).await;
    }
    app.enqueue("beta", "a").await;
    let handler = Arc::new(Tried::default());
    app.worker(&handler, SETTINGS).drain().await.expect("the queue");
    let mut runs = handler.runs();
    runs.sort();
    assert_eq!(runs, ["alpha/a", "alpha/b", "beta/a"]);
    assert!(app.queued().await.is_empty());
}

#[tokio::test]
async fn a_key_asked_for_while_it_runs_runs_once_more_afterwards() {
    let app = App::start().await;
    let handler = Arc::new(Tried::default());
    let (begun, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    handler.answer("a", Answer::Wait { begun: Arc::clone(&begun), end: Arc::clone(&end) });
    app.enqueue("alpha", "a").await;
    let worker = app.worker(&handler, SETTINGS);
    let working = tokio::spawn(async move { worker.drain().await.expect("the queue") });
    begun.notified().await;
    handler.succeed("a");
    for _ in 0..3 {
        app.enqueue("alpha", "a").await;
    }
    // Another worker must not run the key beside the first one.
    assert!(app.claim_and_die("tried").await.is_none());
    assert_eq!(handler.runs(), ["alpha/a"]);
    end.notify_one();
    assert_eq!(working.await.expect("an end"), Drained { done: 2, failed: 0 });
    assert_eq!(handler.runs(), ["alpha/a", "alpha/a"]);
    assert!(app.queued().await.is_empty());
}

#[tokio::test]
async fn a_tenant_with_many_jobs_keeps_no_other_waiting() {
    let app = App::start().await;
    for index in 0..40 {
        app.enqueue("alpha", &format!("{index:02}")).await;
    }
    for index in 0..3 {
        app.enqueue("beta", &format!("{index:02}")).await;
    }
    let handler = Arc::new(Tried::default());
    let one_at_a_time = portfolio_analyzer::jobs::WorkerSettings { concurrency: 1, ..SETTINGS };
    app.worker(&handler, one_at_a_time).drain().await.expect("the queue");
    let runs = handler.runs();
    assert_eq!(runs.len(), 43);
    let of_beta: Vec<usize> = (0..runs.len()).filter(|index| runs[*index].starts_with("beta")).collect();
    assert_eq!(of_beta, [1, 3, 5], "{runs:?}");
}

#[tokio::test]
async fn one_tenant_runs_so_many_jobs_at_once_and_no_more() {
    let app = App::start().await;
    for key in ["a", "b"] {
        app.enqueue("alpha", key).await;
    }
    app.enqueue("beta", "a").await;
    let taken = [app.claim_and_die("tried").await, app.claim_and_die("tried").await, app.claim_and_die("tried").await];
    let tenants: Vec<_> = taken.iter().flatten().map(|job| job.tenant_id).collect();
    assert_eq!(tenants.len(), 2);
    assert_ne!(tenants[0], tenants[1]);
    assert!(taken[2].is_none());
}

#[tokio::test]
async fn a_worker_told_to_stop_lets_its_job_end_and_takes_no_other() {
    let app = App::start().await;
    let handler = Arc::new(Tried::default());
    let (begun, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    handler.answer("a", Answer::Wait { begun: Arc::clone(&begun), end: Arc::clone(&end) });
    app.enqueue("alpha", "a").await;
    app.enqueue("alpha", "b").await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = app.worker(&handler, SETTINGS);
    let working = tokio::spawn(async move { worker.run(async { _ = stopped.await }).await });
    begun.notified().await;
    drop(stop);
    end.notify_one();
    let drained = working.await.expect("an end");
    assert!(drained.done >= 1, "{drained:?}");
    assert_eq!(app.queued().await.len() + drained.done, 2);
    assert!(app.queued().await.iter().all(|job| job.state == "WAITING"));
}

#[tokio::test]
async fn what_does_not_end_within_the_grace_is_given_back() {
    let app = App::start().await;
    let handler = Arc::new(Tried::default());
    let (begun, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    handler.answer("a", Answer::Wait { begun: Arc::clone(&begun), end });
    app.enqueue("alpha", "a").await;
    let hurried = portfolio_analyzer::jobs::WorkerSettings { grace: std::time::Duration::from_millis(1), ..SETTINGS };
    let drained = app.worker(&handler, hurried).run(begun.notified()).await;
    assert_eq!(drained, Drained::default());
    let jobs = app.queued().await;
    assert_eq!((jobs[0].state.as_str(), jobs[0].attempts), ("WAITING", 0));
    handler.succeed("a");
    app.worker(&handler, SETTINGS).drain().await.expect("the queue");
    assert!(app.queued().await.is_empty());
}
