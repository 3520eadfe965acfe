//! Daily prices of stooq.com.

use portfolio_analyzer::market_data::delivery::Basis;
use portfolio_analyzer::market_data::providers::{ProviderError, Span};

use super::replay::{Act, Replay, provider, since, wanted};

const TABLE: &str = "Date,Open,High,Low,Close,Volume\r\n2024-02-01,9,9,9,9,1\r\n2024-03-04,10,10.5,9.75,10.25,1200\r\n2024-03-05,10.25,11,10,NaN,0\r\n";

#[tokio::test]
async fn prices_as_traded_are_asked_for_and_come_as_written() {
    let server = Replay::start([Act::ok(TABLE)]).await;
    let (stooq, _) = provider(&server, "stooq");
    let history = stooq.prices(&[wanted("acme.us", since("2024-03-04"))]).await.expect("a history");
    assert_eq!(server.asked()[0].address, "/q/d/l/?s=acme.us&i=d&o=1111111&d1=20240228&d2=20240306");
    let closes: Vec<_> = history.prices.rows.iter().map(|row| (row.date.as_str(), row.close.as_str())).collect();
    assert_eq!(closes, [("2024-03-04", "10.25"), ("2024-03-05", "NaN")], "what is no number is evidence");
    assert_eq!(history.prices.rows[0].basis, Basis::Raw);
    assert_eq!(history.prices.rows[0].currency, "", "it does not tell");
    stooq.prices(&[wanted("acme.us", Span::default())]).await.expect("all there is");
    assert_eq!(server.asked()[1].address, "/q/d/l/?s=acme.us&i=d&o=1111111");
}

#[tokio::test]
async fn an_index_has_no_volume() {
    let server = Replay::start([Act::ok("Date,Open,High,Low,Close\n2024-03-05,1,2,1,2\n")]).await;
    let (stooq, _) = provider(&server, "stooq");
    let history = stooq.prices(&[wanted("^spx", Span::default())]).await.expect("a history");
    assert_eq!(history.prices.rows[0].volume, "");
    assert!(server.asked()[0].address.contains("s=%5Espx"));
}

#[tokio::test]
async fn no_data_is_an_unknown_symbol_or_nothing_new() {
    let server = Replay::start([Act::ok("No data")]).await;
    let (stooq, _) = provider(&server, "stooq");
    let error = stooq.prices(&[wanted("nix.us", Span::default())]).await.expect_err("unknown");
    assert_eq!(error, ProviderError::UnknownSymbol { symbol: "nix.us".to_owned() });
    assert!(stooq.prices(&[wanted("acme.us", since("2024-03-05"))]).await.expect("none").prices.rows.is_empty());
}

#[tokio::test]
async fn the_daily_limit_comes_with_the_status_of_success() {
    let server = Replay::start([Act::ok("Exceeded the daily hits limit")]).await;
    let (stooq, _) = provider(&server, "stooq");
    let error = stooq.prices(&[wanted("acme.us", Span::default())]).await.expect_err("limited");
    assert_eq!(error, ProviderError::RateLimited { retry_after: None });
}

#[tokio::test]
async fn endings_are_those_of_stooq() {
    let server = Replay::start([]).await;
    let (stooq, _) = provider(&server, "stooq");
    assert_eq!(stooq.symbol("BRK.B", "XNYS").as_deref(), Some("brk-b.us"));
    assert_eq!(stooq.symbol("SHEL", "XLON").as_deref(), Some("shel.uk"));
    assert_eq!(stooq.symbol("NESN", "XSWX"), None);
}
