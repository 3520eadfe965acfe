//! Daily prices of alphavantage.co.

use portfolio_analyzer::market_data::providers::{ProviderError, Span};

use super::replay::{Act, KEY, Replay, config, provider, registry, since, wanted};

const DAILY: &str = r#"{"Meta Data":{"1. Information":"Daily Prices","2. Symbol":"ACME"},"Time Series (Daily)":{
"2024-03-05":{"1. open":"10.2500","2. high":"11.0000","3. low":"10.0000","4. close":"10.7500","5. volume":"900"},
"2024-02-01":{"1. open":"9.0000","2. high":"9.0000","3. low":"9.0000","4. close":"9.0000","5. volume":"1"}}}"#;

const ADJUSTED: &str = r#"{"Meta Data":{"2. Symbol":"ACME"},"Time Series (Daily)":{
"2024-03-05":{"1. open":"10.25","2. high":"11.0","3. low":"10.0","4. close":"10.75","5. adjusted close":"10.75",
"6. volume":"900","7. dividend amount":"0.1500","8. split coefficient":"2.0"},
"2024-03-04":{"1. open":"20","2. high":"21","3. low":"20","4. close":"21","5. adjusted close":"10.35",
"6. volume":"450","7. dividend amount":"0.0000","8. split coefficient":"1.0"}}}"#;

#[tokio::test]
async fn the_last_hundred_days_are_asked_for_where_they_are_enough() {
    let server = Replay::start([Act::ok(DAILY)]).await;
    let (provider, _) = provider(&server, "alpha_vantage");
    let history = provider.prices(&[wanted("ACME", since("2024-03-04"))]).await.expect("a history");
    let address = &server.asked()[0].address;
    assert!(address.starts_with("/query?function=TIME_SERIES_DAILY&symbol=ACME&outputsize=compact"), "{address}");
    assert!(address.ends_with(&format!("&apikey={KEY}")));
    assert_eq!(history.prices.rows.len(), 1, "1 February is known");
    assert_eq!(history.prices.rows[0].close, "10.7500");
    assert!(!history.prices.asked.contains(KEY));
    provider.prices(&[wanted("ACME", Span::default())]).await.expect("a history");
    assert!(server.asked()[1].address.contains("outputsize=full"));
}

#[tokio::test]
async fn the_adjusted_series_has_dividends_and_splits() {
    let server = Replay::start([Act::ok(ADJUSTED)]).await;
    let mut config = config(&server, &["alpha_vantage"]);
    config.alpha_vantage_adjusted = true;
    let (registry, _) = registry(&config);
    let provider = registry.get("alpha_vantage").expect("enabled");
    let history = provider.prices(&[wanted("ACME", Span::default())]).await.expect("a history");
    assert!(server.asked()[0].address.contains("TIME_SERIES_DAILY_ADJUSTED"));
    assert_eq!(history.prices.rows[0].adjusted_close, "10.35");
    assert_eq!((history.splits.len(), history.dividends.len()), (1, 1));
    assert_eq!((history.splits[0].ex_date.as_str(), history.splits[0].numerator.as_str()), ("2024-03-05", "2.0"));
    assert_eq!(history.dividends[0].amount, "0.1500");
}

#[tokio::test]
async fn a_note_is_a_limit_though_its_status_is_success() {
    let says = format!(
        r#"{{"Information":"We have detected your API key as {KEY} and our standard rate limit is 25 requests per day."}}"#
    );
    let server = Replay::start([Act::ok(says), Act::ok(r#"{"Note":"5 calls per minute"}"#), Act::ok(DAILY)]).await;
    let (provider, timer) = provider(&server, "alpha_vantage");
    provider.prices(&[wanted("ACME", Span::default())]).await.expect("the third answer");
    assert_eq!(timer.waits().len(), 2);
}

#[tokio::test]
async fn what_the_plan_does_not_hold_is_denied_and_what_is_unknown_is_unknown() {
    let plan = format!(r#"{{"Information":"Key {KEY}: this is a premium endpoint."}}"#);
    let server = Replay::start([
        Act::ok(plan),
        Act::ok(r#"{"Error Message":"Invalid API call."}"#),
        Act::ok(DAILY.replace("\"ACME\"", "\"OTHER\"")),
        Act::ok("{}"),
        Act::ok(DAILY.replace("\"10.7500\"", "10.75")),
    ])
    .await;
    let (provider, _) = provider(&server, "alpha_vantage");
    let ask = || async { provider.prices(&[wanted("ACME", Span::default())]).await.expect_err("refused") };
    let denied = ask().await;
    assert_eq!(denied.code(), "DENIED");
    assert!(denied.to_string().contains("Key ****: this is a premium endpoint"), "{denied}");
    assert_eq!(ask().await, ProviderError::UnknownSymbol { symbol: "ACME".to_owned() });
    assert_eq!(ask().await.code(), "OTHER_SYMBOL");
    assert_eq!(ask().await.code(), "UNREADABLE");
    assert_eq!(ask().await.code(), "UNREADABLE", "a number where the form has text");
}
