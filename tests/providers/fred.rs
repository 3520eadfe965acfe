//! Series of the Federal Reserve Bank of St. Louis.

use portfolio_analyzer::market_data::providers::Span;

use super::replay::{Act, Replay, provider, since};

#[tokio::test]
async fn values_of_days_that_have_one() {
    let table = "observation_date,DGS3MO\n2024-03-01,5.42\n2024-03-04,.\n2024-03-05,-0.05\n";
    let server = Replay::start([Act::ok(table), Act::ok(table.replace("observation_date", "DATE"))]).await;
    let (fred, _) = provider(&server, "fred");
    let span = Span { until: Some("2024-03-05".parse().expect("a day")), ..since("2024-03-04") };
    for _ in 0..2 {
        let values = fred.indicator("US_TREASURY_3M", "DGS3MO", span).await.expect("values");
        let rows: Vec<_> =
            values.rows.iter().map(|row| (row.code.as_str(), row.date.as_str(), row.value.as_str())).collect();
        assert_eq!(rows, [("US_TREASURY_3M", "2024-03-01", "5.42"), ("US_TREASURY_3M", "2024-03-05", "-0.05")]);
    }
    assert_eq!(server.asked()[0].address, "/graph/fredgraph.csv?id=DGS3MO&cosd=2024-02-28&coed=2024-03-05");
}

#[tokio::test]
async fn another_series_is_not_this_one() {
    let server = Replay::start([Act::ok("DATE,DGS10\n2024-03-01,4.2\n"), Act::status(404)]).await;
    let (fred, _) = provider(&server, "fred");
    let error = fred.indicator("X", "DGS3MO", Span::default()).await.expect_err("another one");
    assert!(error.to_string().contains("a column `DGS3MO`, found `DATE, DGS10`"), "{error}");
    assert_eq!(fred.indicator("X", "DGS3MO", Span::default()).await.expect_err("none").code(), "UNKNOWN_SYMBOL");
}
