//! Exchange rates with the published ones that they are computed from.

use serde_json::{Value, json};

use super::{findings, load};
use crate::support::App;

async fn rate(app: &App, base: &str, quote: &str, day: &str) -> Value {
    let client = app.client("alpha", "investor1").await;
    let query = format!(
        "{{ exchangeRate(base: \"{base}\", quote: \"{quote}\", asOf: \"{day}\") {{ rate date status staleDays reasons {{ code message }}
            legs {{ base quote rate isInverse date status isFixed }} }} }}"
    );
    client.run(&query).await.at("/exchangeRate").clone()
}

#[tokio::test]
async fn a_rate_shows_the_chain_that_it_was_computed_through() {
    let app = App::start().await;
    let cross = rate(&app, "GBP", "USD", "2024-03-14").await;
    assert_eq!((&cross["status"], &cross["date"]), (&json!("COMPLETE"), &json!("2024-03-14")));
    let legs = cross["legs"].as_array().expect("legs");
    let steps: Vec<_> =
        legs.iter().map(|leg| (leg["base"].as_str(), leg["quote"].as_str(), &leg["isInverse"])).collect();
    let (inverse, onward) = (json!(true), json!(false));
    assert_eq!(steps, [(Some("EUR"), Some("GBP"), &inverse), (Some("EUR"), Some("USD"), &onward)]);
    let number = |value: &Value| -> f64 { value.as_str().expect("a number").parse().expect("a number") };
    assert!((number(&cross["rate"]) - number(&legs[1]["rate"]) / number(&legs[0]["rate"])).abs() < 1e-12, "{cross}");
    assert_eq!(rate(&app, "USD", "USD", "2024-03-14").await["legs"], json!([]));
}

#[tokio::test]
async fn any_pair_may_be_delivered_and_the_shortest_chain_counts() {
    let app = App::start().await;
    let rows = "base,quote,date,rate\nGBP,USD,2024-03-14,1.5\nKWD,USD,2024-03-14,3.25\nGBP,GBP,2024-03-14,1\nXXX,USD,2024-03-14,1\n";
    let report = load(&app, &[("fx.csv.gz", rows)]).await.expect("loaded");
    assert_eq!((report.rates.promoted, report.rates.held), (2, 2));
    assert_eq!(findings(&app, "exchange rates").await, ["3 SAME_CURRENCY", "4 UNKNOWN_CURRENCY"]);
    let direct = rate(&app, "GBP", "USD", "2024-03-14").await;
    assert_eq!((&direct["rate"], direct["legs"].as_array().map(Vec::len)), (&json!("1.5"), Some(1)));
    // The dinar is quoted in dollars alone: dinars, dollars, euros.
    let dinar = rate(&app, "KWD", "EUR", "2024-03-14").await;
    assert_eq!((dinar["legs"].as_array().map(Vec::len), &dinar["status"]), (Some(2), &json!("COMPLETE")));
    // 100 dinars in cash are worth something from now on.
    let pence = rate(&app, "GBX", "USD", "2024-03-14").await;
    assert_eq!((&pence["rate"], &pence["legs"][0]["isFixed"]), (&json!("0.015"), &json!(true)));
}

#[tokio::test]
async fn what_is_fixed_needs_no_delivery_and_what_is_missing_says_why() {
    let app = App::start().await;
    let mark = rate(&app, "EUR", "DEM", "2024-03-14").await;
    assert_eq!(
        (&mark["rate"], &mark["status"], &mark["legs"][0]["isFixed"]),
        (&json!("1.95583"), &json!("COMPLETE"), &json!(true))
    );
    let early = rate(&app, "EUR", "USD", "1990-01-02").await;
    assert_eq!((&early["rate"], &early["status"], &early["legs"]), (&json!(null), &json!("MISSING"), &json!([])));
    assert_eq!(early["reasons"][0]["code"], "NO_RATE");
    let client = app.client("alpha", "investor1").await;
    let unknown = client.run(r#"{ exchangeRate(base: "QQQ", quote: "USD") { rate } }"#).await;
    assert_eq!(unknown.error_code(), "BAD_USER_INPUT");
    app.clock.advance(chrono::TimeDelta::days(30));
    let stale = rate(&app, "EUR", "USD", "2024-03-18").await;
    assert_eq!((&stale["status"], &stale["staleDays"]), (&json!("STALE"), &json!(4)));
    assert_eq!(rate(&app, "EUR", "USD", "2024-03-22").await["status"], "MISSING", "eight days");
}
