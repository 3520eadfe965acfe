//! What goes wrong on a line: answers that come late, never, too often, by half or without end.

use std::time::Duration;

use axum::body::Bytes;
use portfolio_analyzer::market_data::providers::{ProviderError, Span};

use super::ecb::TWO_DAYS;
use super::replay::{Act, Replay, TestTimer, config, provider, registry, since};

fn seconds(timer: &TestTimer) -> Vec<u64> {
    timer.waits().iter().map(Duration::as_secs).collect()
}

#[tokio::test]
async fn a_limit_is_kept_for_as_long_as_the_provider_says() {
    let acts = [
        Act::Say(429, &[("retry-after", "7")], Bytes::new()),
        Act::Say(503, &[("retry-after", "Wed, 06 Mar 2024 12:00:09 GMT")], Bytes::new()),
        Act::ok(TWO_DAYS),
    ];
    let server = Replay::start(acts).await;
    let (ecb, timer) = provider(&server, "ecb");
    assert_eq!(ecb.rates(Span::default()).await.expect("rates").rows.len(), 3);
    assert_eq!(seconds(&timer), [7, 9]);
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_told_instead_of_waited() {
    let server = Replay::start([Act::Say(429, &[("retry-after", "3600")], Bytes::new())]).await;
    let (ecb, timer) = provider(&server, "ecb");
    let error = ecb.rates(Span::default()).await.expect_err("limited");
    assert_eq!(error, ProviderError::RateLimited { retry_after: Some(Duration::from_secs(3600)) });
    assert_eq!(server.asked().len(), 1);
    assert!(timer.waits().is_empty());
    let error = ecb.rates(Span::default()).await.expect_err("left alone until then");
    assert_eq!(error, ProviderError::CircuitOpen { retry_after: Duration::from_secs(3600) });
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn errors_of_the_server_are_tried_again_with_growing_waits_and_ours_are_not() {
    let server = Replay::start([Act::status(500), Act::status(502), Act::ok(TWO_DAYS)]).await;
    let (ecb, timer) = provider(&server, "ecb");
    ecb.rates(Span::default()).await.expect("the third answer");
    let waits = timer.waits();
    // Half a second and a second, and up to as much again by chance.
    assert!((500..=1000).contains(&waits[0].as_millis()), "{waits:?}");
    assert!((1000..=2000).contains(&waits[1].as_millis()), "{waits:?}");
    assert_eq!(waits.len(), 2);

    let server = Replay::start([Act::status(400)]).await;
    let (ecb, _) = provider(&server, "ecb");
    assert_eq!(ecb.rates(Span::default()).await.expect_err("ours").code(), "STATUS");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_asked_for_again_and_then_given_up() {
    let server = Replay::start([Act::BreakOff(&TWO_DAYS[..150]), Act::ok(TWO_DAYS)]).await;
    let (ecb, _) = provider(&server, "ecb");
    assert_eq!(ecb.rates(Span::default()).await.expect("the second answer").rows.len(), 3);

    let server = Replay::start([Act::BreakOff(TWO_DAYS)]).await;
    let (ecb, _) = provider(&server, "ecb");
    assert_eq!(ecb.rates(Span::default()).await.expect_err("never whole"), ProviderError::BrokenOff);
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn a_slow_drip_ends_at_the_deadline() {
    let server = Replay::start([Act::Drip]).await;
    let mut config = config(&server, &["ecb"]);
    config.fetch.attempt_timeout_ms = 300;
    config.fetch.max_attempts = 1;
    let (registry, _) = registry(&config);
    let error = registry.get("ecb").expect("enabled").rates(Span::default()).await.expect_err("too slow");
    assert_eq!(error, ProviderError::TooSlow { waited: Duration::from_millis(300) });
}

#[tokio::test]
async fn a_silence_within_an_answer_ends_it_earlier() {
    let server = Replay::start([Act::Drip]).await;
    let mut config = config(&server, &["ecb"]);
    config.fetch.read_timeout_ms = 20;
    config.fetch.max_attempts = 1;
    let (registry, _) = registry(&config);
    let error = registry.get("ecb").expect("enabled").rates(Span::default()).await.expect_err("too slow");
    assert_eq!(error, ProviderError::TooSlow { waited: Duration::from_millis(20) });
}

#[tokio::test]
async fn a_gigabyte_is_refused_at_the_limit() {
    let server = Replay::start([Act::Flood]).await;
    let mut config = config(&server, &["ecb"]);
    config.fetch.body_limit_bytes = 3 << 20;
    let (registry, _) = registry(&config);
    let error = registry.get("ecb").expect("enabled").rates(Span::default()).await.expect_err("too large");
    assert_eq!(error, ProviderError::TooLarge { limit: 3 << 20 });
    assert_eq!(server.asked().len(), 1, "it would be as large again");
}

#[tokio::test]
async fn the_size_is_that_after_decompression() {
    use std::io::Write;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        packed.write_all(&vec![b' '; 1 << 20]).expect("packed");
    }
    let packed = packed.finish().expect("packed");
    assert!(packed.len() < 1 << 20);
    let server = Replay::start([Act::Say(200, &[("content-encoding", "gzip")], packed.into())]).await;
    let mut config = config(&server, &["ecb"]);
    config.fetch.body_limit_bytes = 1 << 20;
    let (registry, _) = registry(&config);
    let error = registry.get("ecb").expect("enabled").rates(Span::default()).await.expect_err("too large");
    assert_eq!(error, ProviderError::TooLarge { limit: 1 << 20 });
}

#[tokio::test]
async fn a_provider_that_is_down_is_left_alone_and_tried_again_later() {
    let server = Replay::start([Act::status(500), Act::status(500), Act::status(500), Act::ok(TWO_DAYS)]).await;
    let mut config = config(&server, &["ecb"]);
    config.fetch.max_attempts = 1;
    config.fetch.circuit_failures = 2;
    let (registry, timer) = registry(&config);
    let ecb = registry.get("ecb").expect("enabled");
    for _ in 0..2 {
        assert_eq!(ecb.rates(Span::default()).await.expect_err("down").code(), "STATUS");
    }
    let error = ecb.rates(Span::default()).await.expect_err("open");
    assert_eq!(error, ProviderError::CircuitOpen { retry_after: Duration::from_secs(300) });
    assert_eq!(server.asked().len(), 2, "nobody was asked");
    timer.pass(Duration::from_secs(300));
    assert_eq!(ecb.rates(Span::default()).await.expect_err("still down").code(), "STATUS");
    assert_eq!(ecb.rates(Span::default()).await.expect_err("open again").code(), "CIRCUIT_OPEN");
    timer.pass(Duration::from_secs(300));
    ecb.rates(Span::default()).await.expect("up again");
    ecb.rates(Span::default()).await.expect("and asked as before");
    assert_eq!(server.asked().len(), 5);
}

#[tokio::test]
async fn one_that_answers_nonsense_is_left_alone_as_well() {
    let server = Replay::start([Act::ok("<html>Sign in</html>")]).await;
    let (ecb, _) = provider(&server, "ecb");
    for _ in 0..5 {
        assert_eq!(ecb.rates(Span::default()).await.expect_err("a page").code(), "UNREADABLE");
    }
    assert_eq!(ecb.rates(Span::default()).await.expect_err("left alone").code(), "CIRCUIT_OPEN");
}

#[tokio::test]
async fn nobody_listens() {
    let server = Replay::start([]).await;
    let config = config(&server, &["ecb"]);
    let gone = server.url();
    drop(server);
    tokio::task::yield_now().await;
    let mut config = config;
    config.ecb.base_url = gone.replace("127.0.0.1", "localhost");
    // The server's port is given to nobody else so soon; a name that leads here is allowed as its address is.
    config.fetch.max_attempts = 2;
    let (registry, timer) = registry(&config);
    let error = registry.get("ecb").expect("enabled").rates(Span::default()).await.expect_err("nobody");
    assert_eq!(error.code(), "UNREACHABLE", "{error}");
    assert_eq!(timer.waits().len(), 1, "a connection is tried again");
}

#[tokio::test]
async fn the_rate_is_kept() {
    let server = Replay::start([Act::ok(TWO_DAYS)]).await;
    let mut config = config(&server, &["ecb"]);
    config.ecb.requests_per_minute = 6;
    config.ecb.deadline_seconds = 30;
    let (registry, timer) = registry(&config);
    let ecb = registry.get("ecb").expect("enabled");
    for _ in 0..3 {
        ecb.rates(since("2024-03-06")).await.expect("rates");
    }
    assert_eq!(seconds(&timer), [10, 10], "one in ten seconds");
    config.ecb.deadline_seconds = 5;
    let (registry, _) = super::replay::registry(&config);
    let ecb = registry.get("ecb").expect("enabled");
    ecb.rates(Span::default()).await.expect("the first");
    let error = ecb.rates(Span::default()).await.expect_err("past the deadline");
    assert_eq!(error, ProviderError::NoTurn { retry_after: Duration::from_secs(10) });
}
