//! Who is asked for which instrument, and who next.

use std::collections::BTreeMap;

use portfolio_analyzer::config::RouteConfig;
use portfolio_analyzer::market_data::providers::{Attempt, Subject};
use uuid::Uuid;

use super::replay::{Act, Replay, config, registry};
use super::yahoo::CHART;

const TABLE: &str = "Date,Open,High,Low,Close,Volume\n2024-03-05,10,10.5,9.75,10.25,1200\n";

fn subject(number: u128, ticker: &str, mic: &str) -> Subject {
    Subject {
        instrument: Uuid::from_u128(number),
        ticker: ticker.to_owned(),
        mic: mic.to_owned(),
        currency: "USD".to_owned(),
        asset_class: "EQUITY".to_owned(),
        ..Subject::default()
    }
}

fn line(attempt: &Attempt) -> (&str, usize, usize, usize) {
    (attempt.provider.as_str(), attempt.asked, attempt.answered, attempt.rows)
}

#[tokio::test]
async fn the_next_one_is_asked_for_what_the_first_could_not_answer() {
    let yahoo = Replay::start([
        Act::ok(CHART),
        Act::Say(404, &[], r#"{"chart":{"result":null,"error":{"code":"Not Found","description":"none"}}}"#.into()),
    ])
    .await;
    let stooq = Replay::start([Act::ok(TABLE), Act::ok("No data")]).await;
    let mut both = config(&yahoo, &["yahoo"]);
    both.stooq = config(&stooq, &["stooq"]).stooq;
    both.fetch.concurrency = 1;
    let (registry, _) = registry(&both);
    let subjects =
        [subject(1, "ACME", "XNAS"), subject(2, "BETA", "XNYS"), subject(3, "NIX", "XNYS"), subject(4, "LOST", "XXXX")];
    let collected = registry.prices(&subjects, None).await;
    let rows: Vec<_> = collected
        .histories
        .iter()
        .flat_map(|history| &history.prices.rows)
        .map(|row| (row.instrument.expect("an instrument").as_u128(), row.symbol.as_str()))
        .collect();
    assert_eq!(rows, [(1, "ACME"), (1, "ACME"), (2, "beta.us")]);
    let lines: Vec<_> = collected.attempts.iter().map(line).collect();
    assert_eq!(lines, [("yahoo", 3, 1, 2), ("stooq", 2, 1, 1)]);
    assert_eq!(collected.attempts[0].failures, BTreeMap::from([("UNKNOWN_SYMBOL", 2)]));
    assert_eq!(collected.attempts[0].error.as_deref(), Some("it has no symbol `BETA`"));
    let unanswered: BTreeMap<_, Vec<_>> = collected
        .unanswered
        .iter()
        .map(|missing| {
            let reasons = missing.reasons.iter().map(|(provider, error)| (provider.as_str(), error.code()));
            (missing.instrument.as_u128(), reasons.collect())
        })
        .collect();
    let nobody_had_it = vec![("yahoo", "UNKNOWN_SYMBOL"), ("stooq", "UNKNOWN_SYMBOL")];
    assert_eq!(unanswered, BTreeMap::from([(3, nobody_had_it), (4, Vec::new())]), "nobody knows a market XXXX");
}

#[tokio::test]
async fn one_that_is_down_is_passed_over_and_the_rest_of_the_run_goes_on() {
    let yahoo = Replay::start([Act::status(500)]).await;
    let stooq = Replay::start([Act::ok(TABLE)]).await;
    let mut both = config(&yahoo, &["yahoo"]);
    both.stooq = config(&stooq, &["stooq"]).stooq;
    both.fetch.max_attempts = 1;
    both.fetch.concurrency = 1;
    both.fetch.circuit_failures = 2;
    let (registry, _) = registry(&both);
    let subjects: Vec<_> = (1..=5).map(|number| subject(number, &format!("T{number}"), "XNYS")).collect();
    let collected = registry.prices(&subjects, None).await;
    assert!(collected.unanswered.is_empty());
    assert_eq!(yahoo.asked().len(), 2, "then its circuit was open");
    assert_eq!(collected.attempts[0].failures, BTreeMap::from([("CIRCUIT_OPEN", 3), ("STATUS", 2)]));
    assert_eq!(line(&collected.attempts[1]), ("stooq", 5, 5, 5));
}

#[tokio::test]
async fn the_closest_route_counts() {
    let server = Replay::start([]).await;
    let mut config = config(&server, &["yahoo", "stooq", "tiingo", "coingecko"]);
    let route = |symbol: &str, mic: &str, class: &str, providers: &[&str]| {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        RouteConfig {
            symbol: given(symbol),
            mic: given(mic),
            asset_class: given(class),
            providers: providers.iter().map(|name| (*name).to_owned()).collect(),
        }
    };
    config.routes = vec![
        route("", "", "CRYPTO", &["coingecko"]),
        route("", "XNYS", "", &["tiingo", "openfigi", "yahoo"]),
        route("ODD", "", "", &["stooq"]),
    ];
    let (registry, _) = registry(&config);
    let order = |subject: Subject| registry.order(&subject).iter().map(|one| one.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(order(subject(1, "ACME", "XNAS")), ["yahoo", "stooq", "tiingo", "coingecko"]);
    assert_eq!(order(subject(1, "ACME", "XNYS")), ["tiingo", "yahoo"], "one that is not enabled is passed over");
    assert_eq!(order(subject(1, "ODD", "XNYS")), ["stooq"]);
    assert_eq!(order(Subject { asset_class: "crypto".to_owned(), ..subject(1, "BTC", "") }), ["coingecko"]);
}

#[tokio::test]
async fn symbols_of_its_own_come_before_any_rule() {
    let server = Replay::start([Act::ok(TABLE)]).await;
    let (registry, _) = registry(&config(&server, &["stooq"]));
    let symbols = BTreeMap::from([("stooq".to_owned(), "acme.pl".to_owned())]);
    let collected = registry.prices(&[Subject { symbols, ..subject(1, "ACME", "XXXX") }], None).await;
    assert_eq!(collected.histories.len(), 1);
    assert!(server.asked()[0].address.contains("s=acme.pl"));
}
