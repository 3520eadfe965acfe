//! A request that is given up at any point leaves no transaction, no role and no half of a change behind.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::sessions::current_user;
use crate::support::{App, Call, PASSWORD, Sample, Superuser};

/// Polls the future so many times and drops it: at once, or when it would be polled again. Whether it came to its end.
async fn give_up<F: Future>(future: F, polls: usize, at_once: bool) -> bool {
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(|context| {
        if polled == polls {
            return Poll::Ready(false);
        }
        polled += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if at_once && polled == polls => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Waits until no backend of the API's login is inside a transaction: one whose connection was closed needs a moment to end.
async fn no_transaction_is_left(inside: &mut Superuser) {
    let open = "SELECT coalesce(state, '') || ': ' || query FROM pg_stat_activity \
                WHERE usename = 'test_api' AND datname = current_database() AND state <> 'idle'";
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let left = inside.texts(open).await;
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "left open: {left:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn requests_that_are_given_up_leave_nothing_behind() {
    let app = App::with_connections(1).await;
    let sample = Sample::of(&app, "alpha", "investor1").await;
    let owner = app.client("alpha", "investor1").await;
    let deposit = json!({ "input": { "accountId": sample.account, "tradeDate": "2024-03-04",
        "activity": { "deposit": { "amount": "1", "currency": "USD" } } } });
    let create = json!({ "input": { "name": "Another", "baseCurrency": "EUR" } });
    let log_in = json!({ "input": { "tenant": "alpha", "email": sample.email, "password": PASSWORD } });
    let figures = "{ viewer { user { id } } portfolios { nodes { name accounts { id } owner { name }
        holdings { nodes { quantity marketValue { amount } } } transactions { nodes { id } } } totalCount } }";
    let operations: [(&str, Value); 4] = [
        (figures, json!({})),
        (Call::of("transactionRecord").document, deposit),
        (Call::of("portfolioCreate").document, create),
        (Call::of("login").document, log_in),
    ];
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    let (mut finished, mut given_up) = (0, 0);
    for polls in 1..=26 {
        for at_once in [true, false] {
            for (document, variables) in &operations {
                // On the pool's only connection, made anew if the last request took it along.
                assert_eq!(current_user(&app, "alpha").await, schema);
                match give_up(owner.run_with(document, variables.clone()), polls, at_once).await {
                    true => finished += 1,
                    false => given_up += 1,
                }
            }
        }
        no_transaction_is_left(&mut inside).await;
    }
    // How far a request comes in so many polls depends on the machine; that both happen does not.
    assert!(finished > 0 && given_up > 20, "{finished} came to their end, {given_up} were given up");
    for (document, variables) in operations {
        let answer = owner.run_with(document, variables).await;
        assert!(answer.body.get("errors").is_none(), "the pool serves no longer: {}", answer.body);
    }
    // Each change stands whole, with its entry in the audit log, or not at all.
    let counts = format!(
        "SET search_path TO {schema}; SELECT concat_ws(' ', \
         (SELECT count(*) FROM fact_portfolio_transactions) = (SELECT count(*) FROM audit_log WHERE action = 'transactionRecord'), \
         (SELECT version - 1 = last_sequence AND last_sequence = (SELECT count(*) FROM fact_portfolio_transactions) \
          FROM portfolio WHERE last_sequence > 0), \
         (SELECT count(*) FROM portfolio) = (SELECT count(*) FROM audit_log WHERE action = 'portfolioCreate'), \
         (SELECT count(*) FROM portfolio) = (SELECT count(*) FROM account), \
         (SELECT count(*) FROM session) = (SELECT count(*) FROM audit_log WHERE action = 'login'))"
    );
    assert_eq!(inside.text(&counts).await, "t t t t t");
}
