//! Crypto assets at coingecko.com.

use portfolio_analyzer::market_data::providers::{ProviderError, Span};

use super::replay::{Act, KEY, Replay, provider, since, wanted};

/// 1709596800000 is the midnight that begins 5 March 2024 in UTC.
const CHART: &str = r#"{"prices":[[1709593200000,63100.5],[1709596800000,63200.25],[1709640000000,66000],
[1709683199999,6.35e4],[1709683260000,63900.125]],"market_caps":[[1709593200000,1.2e12]],"total_volumes":[]}"#;

#[tokio::test]
async fn a_day_ends_at_midnight_in_utc() {
    let server = Replay::start([Act::ok(CHART)]).await;
    let (coingecko, _) = provider(&server, "coingecko");
    let history = coingecko.prices(&[wanted("bitcoin", since("2024-03-05"))]).await.expect("a history");
    let asked = &server.asked()[0];
    assert_eq!(asked.address, "/api/v3/coins/bitcoin/market_chart/range?vs_currency=usd&from=1709164800&to=1709769600");
    assert_eq!(asked.headers["x-cg-demo-api-key"], KEY);
    let days: Vec<_> = history.prices.rows.iter().map(|row| (row.date.as_str(), row.close.as_str())).collect();
    assert_eq!(days, [("2024-03-04", "63200.25"), ("2024-03-05", "63500"), ("2024-03-06", "63900.125")]);
    assert_eq!(history.prices.rows[0].currency, "USD");
    coingecko.prices(&[wanted("bitcoin", Span::default())]).await.expect("a history");
    assert!(server.asked()[1].address.contains("from=1678147200"), "a year back: {}", server.asked()[1].address);
}

#[tokio::test]
async fn refusals_and_other_documents() {
    let server = Replay::start([
        Act::Say(404, &[], r#"{"error":"coin not found"}"#.into()),
        Act::Say(
            401,
            &[],
            r#"{"error":{"status":{"error_code":10012,"error_message":"exceeds the allowed time range"}}}"#.into(),
        ),
        Act::ok(r#"{"prices":[[1709596800000]]}"#),
        Act::ok(r#"{"prices":[["now",1]]}"#),
        Act::ok(r#"{"prices":[[1709596800000,NaN]]}"#),
    ])
    .await;
    let (coingecko, _) = provider(&server, "coingecko");
    let ask = || async { coingecko.prices(&[wanted("nix", Span::default())]).await.expect_err("refused") };
    assert_eq!(ask().await, ProviderError::UnknownSymbol { symbol: "nix".to_owned() });
    assert_eq!(ask().await.code(), "DENIED");
    for _ in 0..3 {
        assert_eq!(ask().await.code(), "UNREADABLE");
    }
    assert_eq!(coingecko.symbol("BTC", ""), None, "a ticker is not unique");
}
