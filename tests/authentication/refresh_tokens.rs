//! Refresh tokens: each is good once, and a second use ends its family.

use super::{entries, exchange, log_out, refresh_token, refused};
use crate::support::App;

#[tokio::test]
async fn a_refresh_token_is_exchanged_for_the_next() {
    let app = App::start().await;
    let anonymous = app.anonymous();
    let first = refresh_token(&app, "alpha", "investor1").await;
    let answer = exchange(&anonymous, &first).await;
    assert!(!refused(&answer));
    let second = answer.text("/tokenRefresh/refreshToken");
    assert_ne!(first, second);
    let client = app.with_token(&answer.text("/tokenRefresh/accessToken"));
    client.run("{ viewer { user { id } } }").await.at("/viewer/user/id");
    assert!(!refused(&exchange(&anonymous, &second).await));
}

#[tokio::test]
async fn a_second_use_ends_the_family_and_no_other() {
    let app = App::start().await;
    let anonymous = app.anonymous();
    let unrelated = refresh_token(&app, "alpha", "investor1").await;
    let first = refresh_token(&app, "alpha", "investor1").await;
    let second = exchange(&anonymous, &first).await.text("/tokenRefresh/refreshToken");
    let third = exchange(&anonymous, &second).await.text("/tokenRefresh/refreshToken");
    assert!(refused(&exchange(&anonymous, &first).await), "the token was used before");
    assert!(refused(&exchange(&anonymous, &third).await), "the newest token descends from the same log-in");
    assert!(refused(&exchange(&anonymous, &second).await));
    let reused = entries(&app, "alpha", "tokenReused").await;
    assert_eq!(reused.len(), 1, "once for a family: {reused:?}");
    assert_eq!(reused[0]["actor"], "investor1@alpha.example");
    assert!(!refused(&exchange(&anonymous, &unrelated).await), "another log-in of the same person goes on");
}

#[tokio::test]
async fn a_log_out_ends_the_family() {
    let app = App::start().await;
    let anonymous = app.anonymous();
    let first = refresh_token(&app, "alpha", "investor1").await;
    let second = exchange(&anonymous, &first).await.text("/tokenRefresh/refreshToken");
    log_out(&anonymous, &first).await;
    assert!(refused(&exchange(&anonymous, &second).await), "logging out by any token of the family ends all of it");
    assert_eq!(entries(&app, "alpha", "logout").await.len(), 1);
    assert_eq!(entries(&app, "alpha", "tokenReused").await.len(), 0, "an ended family is no theft");
}

#[tokio::test]
async fn an_unused_token_ends_after_thirty_days() {
    let app = App::start().await;
    let anonymous = app.anonymous();
    let (early, late) =
        (refresh_token(&app, "alpha", "investor1").await, refresh_token(&app, "alpha", "investor1").await);
    app.clock.advance(chrono::TimeDelta::days(30) - chrono::TimeDelta::seconds(1));
    assert!(!refused(&exchange(&anonymous, &early).await));
    app.clock.advance(chrono::TimeDelta::seconds(1));
    assert!(refused(&exchange(&anonymous, &late).await));
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused_like_an_unknown_one() {
    let app = App::start().await;
    let token = refresh_token(&app, "alpha", "investor1").await;
    let (realm, secret) = token.rsplit_once('_').filter(|(realm, _)| realm.len() == 35).unwrap_or(token.split_at(35));
    let secret = secret.trim_start_matches('_');
    let mut altered = secret.to_owned();
    altered.replace_range(..1, if secret.starts_with('A') { "B" } else { "A" });
    let unknown_tenant = format!("rt_{}_{secret}", "0".repeat(32));
    let platform = format!("rt_platform_{secret}");
    let mut messages = Vec::new();
    for bad in ["", "rt_", "null", &token[1..], &format!("{realm}_{altered}"), &unknown_tenant, &platform] {
        let answer = exchange(&app.anonymous(), bad).await;
        assert!(refused(&answer), "{bad}");
        messages.push(answer.at("/tokenRefresh/userErrors").clone());
    }
    assert!(messages.iter().all(|message| *message == messages[0]), "{messages:?}");
    assert!(!refused(&exchange(&app.anonymous(), &token).await), "the true one is still good");
}

#[tokio::test]
async fn of_two_exchanges_at_once_one_wins() {
    let app = App::start().await;
    for _ in 0..20 {
        let token = refresh_token(&app, "alpha", "investor1").await;
        let (left, right) = (app.anonymous(), app.anonymous());
        let (left, right) = tokio::join!(exchange(&left, &token), exchange(&right, &token));
        assert_ne!(refused(&left), refused(&right), "{} {}", left.body, right.body);
    }
}

#[tokio::test]
async fn a_reuse_beside_an_exchange_leaves_no_token_of_the_family() {
    let app = App::start().await;
    for _ in 0..20 {
        let anonymous = app.anonymous();
        let first = refresh_token(&app, "alpha", "investor1").await;
        let second = exchange(&anonymous, &first).await.text("/tokenRefresh/refreshToken");
        let (next, reuse) = tokio::join!(exchange(&anonymous, &second), exchange(&anonymous, &first));
        assert!(refused(&reuse));
        // Whichever came first: what the exchange gave has ended, or it gave nothing.
        if !refused(&next) {
            let third = next.text("/tokenRefresh/refreshToken");
            assert!(refused(&exchange(&anonymous, &third).await), "a token outlived its family");
        }
    }
}
