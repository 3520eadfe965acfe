//! Charts in the form of Yahoo Finance's.

use portfolio_analyzer::market_data::delivery::Basis;
use portfolio_analyzer::market_data::providers::{ProviderError, Span};

use super::replay::{Act, Replay, provider, since, wanted};

/// Three days around a split of 4 to 1, one without trading, and a dividend before it. Eastern time is five hours behind,
/// and four from 10 March on, which is what `gmtoffset` says.
pub const CHART: &str = r#"{"chart":{"result":[{"meta":{"currency":"USD","symbol":"ACME","gmtoffset":-14400,
"exchangeTimezoneName":"America/New_York","regularMarketPrice":26.1},
"timestamp":[1709303400,1709562600,1709649000],
"events":{"dividends":{"1709303400":{"amount":0.0625,"date":1709303400}},
"splits":{"1709649000":{"date":1709649000,"numerator":4.0,"denominator":1.0,"splitRatio":"4:1"}}},
"indicators":{"quote":[{"open":[25.0,null,26.0],"high":[25.5,null,26.25],"low":[24.75,null,25.9],
"close":[25.2500001,null,26.1],"volume":[4000,null,1000]}],"adjclose":[{"adjclose":[25.1875,null,26.1]}]}}],"error":null}}"#;

#[tokio::test]
async fn days_prices_splits_and_dividends_come_from_one_answer() {
    let server = Replay::start([Act::ok(CHART)]).await;
    let (yahoo, _) = provider(&server, "yahoo");
    let history = yahoo.prices(&[wanted("ACME", since("2024-03-04"))]).await.expect("a history");
    let address = &server.asked()[0].address;
    // From a day before 28 February until the day after tomorrow, both at midnight in UTC.
    assert_eq!(address, "/v8/finance/chart/ACME?period1=1708992000&period2=1709856000&interval=1d&events=div%2Csplit");
    let rows = &history.prices.rows;
    let days: Vec<_> = rows.iter().map(|row| (row.date.as_str(), row.close.as_str())).collect();
    assert_eq!(days, [("2024-03-01", "25.2500001"), ("2024-03-05", "26.1")], "a day without prices gives no row");
    assert_eq!(rows[0].basis, Basis::SplitAdjusted { as_of: "2024-03-06".parse().expect("a day") });
    assert_eq!((rows[0].open.as_str(), rows[0].volume.as_str(), rows[0].currency.as_str()), ("25.0", "4000", "USD"));
    assert_eq!(rows[0].adjusted_close, "25.1875");
    let split = &history.splits[0];
    assert_eq!(
        (split.ex_date.as_str(), split.numerator.as_str(), split.denominator.as_str()),
        ("2024-03-05", "4.0", "1.0")
    );
    // Delivered as 0.0625 a share of today, of which there are four to one of then.
    let dividend = &history.dividends[0];
    assert_eq!((dividend.ex_date.as_str(), dividend.amount.as_str()), ("2024-03-01", "0.25"));
}

#[tokio::test]
async fn days_past_the_last_wanted_one_are_left_out_and_their_splits_are_not() {
    let server = Replay::start([Act::ok(CHART)]).await;
    let (yahoo, _) = provider(&server, "yahoo");
    let span = Span { since: None, until: Some("2024-03-01".parse().expect("a day")) };
    let history = yahoo.prices(&[wanted("ACME", span)]).await.expect("a history");
    assert_eq!(history.prices.rows.len(), 1);
    assert_eq!(history.splits.len(), 1, "the price of 1 March is divided by it");
    assert!(server.asked()[0].address.contains("period2=1709856000"), "asked until now");
}

#[tokio::test]
async fn the_offset_tells_the_day_where_no_zone_is_known() {
    // 22:00 UTC on 4 March is 5 March in Auckland (13 hours ahead).
    let chart = CHART
        .replace("America/New_York", "Nowhere/Known")
        .replace("-14400", "46800")
        .replace("1709303400,1709562600,1709649000", "1709589600,1709676000,1709762400");
    let server = Replay::start([Act::ok(chart)]).await;
    let (yahoo, _) = provider(&server, "yahoo");
    let history = yahoo.prices(&[wanted("ACME", Span::default())]).await.expect("a history");
    assert_eq!(history.prices.rows[0].date, "2024-03-05");
}

#[tokio::test]
async fn pence_stay_pence_and_nothing_new_is_no_error() {
    let chart = CHART.replace("\"USD\"", "\"GBp\"");
    let empty = r#"{"chart":{"result":[{"meta":{"currency":"USD","symbol":"ACME","gmtoffset":0},"indicators":{"quote":[{}],"adjclose":[{}]}}],"error":null}}"#;
    let server = Replay::start([Act::ok(chart), Act::ok(empty)]).await;
    let (yahoo, _) = provider(&server, "yahoo");
    let history = yahoo.prices(&[wanted("acme", Span::default())]).await.expect("a history");
    assert_eq!(history.prices.rows[0].currency, "GBp");
    assert!(yahoo.prices(&[wanted("ACME", Span::default())]).await.expect("no rows").prices.rows.is_empty());
}

#[tokio::test]
async fn what_the_document_refuses_is_told() {
    let unknown = r#"{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}"#;
    let bad = r#"{"chart":{"result":null,"error":{"code":"Bad Request","description":"Invalid input"}}}"#;
    let server = Replay::start([
        Act::Say(404, &[], unknown.into()),
        Act::Say(400, &[], bad.into()),
        Act::ok(CHART.replace("\"ACME\"", "\"OTHER\"")),
    ])
    .await;
    let (yahoo, _) = provider(&server, "yahoo");
    let ask = || async { yahoo.prices(&[wanted("ACME", Span::default())]).await.expect_err("refused") };
    assert_eq!(ask().await, ProviderError::UnknownSymbol { symbol: "ACME".to_owned() });
    assert!(ask().await.to_string().contains("Bad Request: Invalid input"));
    assert_eq!(ask().await, ProviderError::OtherSymbol { asked: "ACME".to_owned(), came: "OTHER".to_owned() });
}

#[tokio::test]
async fn columns_that_do_not_belong_together_are_refused() {
    for (good, bad) in [
        ("[25.2500001,null,26.1]", "[25.25,26.1]"),
        ("25.2500001", "\"25.25\""),
        ("25.2500001", "NaN"),
        ("[1709303400,", "[\"2024-03-01\","),
        ("\"date\":1709649000", "\"date\":null"),
        ("\"amount\":0.0625", "\"amount\":true"),
    ] {
        let server = Replay::start([Act::ok(CHART.replace(good, bad))]).await;
        let (yahoo, _) = provider(&server, "yahoo");
        let error = yahoo.prices(&[wanted("ACME", Span::default())]).await.expect_err("refused");
        assert_eq!(error.code(), "UNREADABLE", "{bad}: {error}");
    }
}

#[tokio::test]
async fn tickers_get_the_ending_of_their_market() {
    let server = Replay::start([]).await;
    let (yahoo, _) = provider(&server, "yahoo");
    for (ticker, mic, symbol) in [
        ("BRK.B", "XNYS", Some("BRK-B")),
        ("SHEL", "XLON", Some("SHEL.L")),
        ("7203", "XTKS", Some("7203.T")),
        ("ABC", "XXXX", None),
    ] {
        assert_eq!(yahoo.symbol(ticker, mic).as_deref(), symbol);
    }
}
