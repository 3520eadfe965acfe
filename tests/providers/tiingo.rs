//! Daily prices of tiingo.com.

use portfolio_analyzer::market_data::delivery::Basis;
use portfolio_analyzer::market_data::providers::{ProviderError, Span};

use super::replay::{Act, KEY, Replay, provider, since, wanted};

const DAYS: &str = r#"[
{"date":"2024-03-04T00:00:00.000Z","close":40.20,"high":41.0,"low":39.5,"open":40.0,"volume":100,"adjClose":20.05,"adjHigh":20.5,"adjLow":19.75,"adjOpen":20.0,"adjVolume":200,"divCash":0.1,"splitFactor":1.0},
{"date":"2024-03-05T00:00:00.000Z","close":20.5,"high":21.0,"low":20.0,"open":20.1,"volume":220,"adjClose":20.5,"adjHigh":21.0,"adjLow":20.0,"adjOpen":20.1,"adjVolume":220,"divCash":0.0,"splitFactor":2.0}]"#;

#[tokio::test]
async fn raw_prices_adjusted_closes_dividends_and_splits() {
    let server = Replay::start([Act::ok(DAYS)]).await;
    let (tiingo, _) = provider(&server, "tiingo");
    let span = Span { until: Some("2024-03-05".parse().expect("a day")), ..since("2024-03-05") };
    let history = tiingo.prices(&[wanted("ACME", span)]).await.expect("a history");
    let asked = &server.asked()[0];
    assert_eq!(asked.address, "/tiingo/daily/ACME/prices?startDate=2024-02-29&endDate=2024-03-05");
    assert_eq!(asked.headers["authorization"], format!("Token {KEY}"));
    let row = &history.prices.rows[0];
    assert_eq!((row.date.as_str(), row.close.as_str(), row.adjusted_close.as_str()), ("2024-03-04", "40.20", "20.05"));
    assert_eq!((row.basis, row.volume.as_str()), (Basis::Raw, "100"));
    assert_eq!((history.dividends[0].ex_date.as_str(), history.dividends[0].amount.as_str()), ("2024-03-04", "0.1"));
    assert_eq!((history.splits[0].ex_date.as_str(), history.splits[0].numerator.as_str()), ("2024-03-05", "2.0"));
    assert_eq!((history.dividends.len(), history.splits.len()), (1, 1));
}

#[tokio::test]
async fn unknown_denied_and_wrong() {
    let server = Replay::start([
        Act::Say(404, &[], r#"{"detail":"Not found."}"#.into()),
        Act::Say(403, &[], r#"{"detail":"You do not have permission."}"#.into()),
        Act::ok(DAYS.replace("40.20", "\"40.20\"")),
        Act::ok(r#"{"detail":"hm"}"#),
    ])
    .await;
    let (tiingo, _) = provider(&server, "tiingo");
    let ask = || async { tiingo.prices(&[wanted("ACME", Span::default())]).await.expect_err("refused") };
    assert_eq!(ask().await, ProviderError::UnknownSymbol { symbol: "ACME".to_owned() });
    assert_eq!(ask().await.code(), "DENIED");
    let error = ask().await.to_string();
    assert!(error.contains("a number as close"), "{error}");
    assert_eq!(ask().await.code(), "UNREADABLE");
    assert!(server.asked()[0].address.contains("startDate=1962-01-02"), "all there is");
}
