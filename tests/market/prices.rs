//! Prices of instruments: of a day, and as series that splits and dividends are applied to.

use serde_json::{Value, json};

use super::load;
use crate::support::{App, Book, Client};

const SERIES: &str = r"query($id: ID!, $from: Date, $to: Date, $adjustment: PriceAdjustment!) { instrument(id: $id) {
    prices(from: $from, to: $to, adjustment: $adjustment) { currency adjustment adjustedTo dates values statuses source
        reasons { code message } } } }";

async fn series(client: &Client, id: &str, from: &str, to: &str, adjustment: &str) -> Value {
    let variables = json!({ "id": id, "from": from, "to": to, "adjustment": adjustment });
    client.run_with(SERIES, variables).await.at("/instrument/prices").clone()
}

#[tokio::test]
async fn a_series_is_adjusted_from_the_prices_as_they_were_traded() {
    let app = App::start().await;
    // GLOBEX split 2 for 1 on 1 February. One pays 10 a share on the 6th.
    let dividends = "symbol,type,ex_date,pay_date,amount,currency\nGLOBEX,CASH_DIVIDEND,2024-02-06,,10,USD\n";
    load(&app, &[("dividends.csv", dividends)]).await.expect("loaded");
    let book = Book::open(&app, "USD").await;
    let id = book.instrument("GLOBEX");
    let of = async |adjustment: &str| series(&book.client, id, "2024-01-31", "2024-02-06", adjustment).await;
    let raw = of("NONE").await;
    let closes: Vec<f64> = raw["values"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|value| value.as_str().expect("a price").parse().expect("a number"))
        .collect();
    let [before, ex, .., eve, paid] = closes[..] else { panic!("{raw}") };
    assert_eq!(raw["dates"], json!(["2024-01-31", "2024-02-01", "2024-02-02", "2024-02-05", "2024-02-06"]));
    assert_eq!((&raw["currency"], &raw["source"], &raw["reasons"]), (&json!("USD"), &json!("MARKET"), &json!([])));
    let first = |answer: &Value| -> f64 { answer["values"][0].as_str().expect("a price").parse().expect("a number") };
    let last = |answer: &Value| -> f64 { answer["values"][4].as_str().expect("a price").parse().expect("a number") };
    let close = |left: f64, right: f64| assert!((left - right).abs() < 1e-9, "{left} {right}");
    let splits = of("SPLITS").await;
    close(first(&splits), before / 2.0);
    close(last(&splits), paid);
    assert_eq!(splits["values"][1], raw["values"][1], "from the ex-date on nothing is divided: {ex}");
    close(first(&of("SPLITS_AND_DIVIDENDS").await), before / 2.0 * (1.0 - 10.0 / eve));
    // A share at the close of 31 January is two, which buy 10 / P of a share each on the 6th.
    let total = of("TOTAL_RETURN").await;
    close(first(&total), before);
    close(last(&total), 2.0 * (paid + 10.0));
    // Until the day before the split, nothing has happened.
    let early = series(&book.client, id, "2024-01-30", "2024-01-31", "SPLITS").await;
    assert_eq!((&early["values"][1], &early["adjustedTo"]), (&raw["values"][0], &json!("2024-01-31")));
}

#[tokio::test]
async fn a_session_without_a_price_is_missing_and_never_another_days() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    app.clock.advance(chrono::TimeDelta::days(5));
    let client = app.client("alpha", "investor1").await;
    // Prices end on Thursday the 14th; the 15th, the 18th, the 19th and the 20th are sessions.
    let late = series(&client, book.instrument("ACME"), "2024-03-14", "2024-03-20", "NONE").await;
    assert_eq!(late["dates"], json!(["2024-03-14", "2024-03-15", "2024-03-18", "2024-03-19", "2024-03-20"]));
    assert_eq!(late["values"], json!(["256.5", null, null, null, null]));
    assert_eq!(late["statuses"], json!(["COMPLETE", "MISSING", "MISSING", "MISSING", "MISSING"]));
    let message = "no price of ACME on 4 sessions (from 2024-03-15 to 2024-03-20)";
    assert_eq!(late["reasons"], json!([{ "code": "NO_PRICE", "message": message }]));
    let none = series(&client, book.instrument("COIN"), "2024-03-01", "2024-03-20", "SPLITS").await;
    assert_eq!((&none["dates"], &none["reasons"][0]["code"]), (&json!([]), &json!("NO_PRICE")));
    let early = series(&client, book.instrument("ACME"), "2000-01-01", "2023-01-03", "NONE").await;
    assert!(
        early["reasons"][0]["message"].as_str().expect("a text").starts_with("no price of ACME before 20"),
        "{early}"
    );
    let reversed =
        json!({ "id": book.instrument("ACME"), "from": "2024-03-02", "to": "2024-03-01", "adjustment": "NONE" });
    assert_eq!(client.run_with(SERIES, reversed).await.error_code(), "BAD_USER_INPUT");
}

#[tokio::test]
async fn a_series_that_cannot_be_adjusted_says_why() {
    let app = App::start().await;
    let dividends = "symbol,type,ex_date,pay_date,amount,currency\nGLOBEX,SPECIAL_DIVIDEND,2024-02-06,,5000,USD\n\
                     ACME,CASH_DIVIDEND,2024-02-06,,1,KWD\n";
    load(&app, &[("dividends.csv", dividends)]).await.expect("loaded");
    let book = Book::open(&app, "USD").await;
    let of = async |symbol: &str| {
        series(&book.client, book.instrument(symbol), "2024-02-05", "2024-02-06", "TOTAL_RETURN").await
    };
    let (whole, foreign) = (of("GLOBEX").await, of("ACME").await);
    assert_eq!((&whole["values"], &whole["reasons"][0]["code"]), (&json!([null, null]), &json!("NOT_ADJUSTABLE")));
    assert!(whole["reasons"][0]["message"].as_str().expect("a text").contains("5000"), "{whole}");
    // Paid in dinars, of which no rate is known.
    assert_eq!((&foreign["values"], &foreign["reasons"][0]["code"]), (&json!([null, null]), &json!("NO_RATE")));
}

#[tokio::test]
async fn a_price_carries_its_day_age_and_source() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.price("2024-03-01", "COIN", "300").await;
    app.clock.advance(chrono::TimeDelta::days(30));
    let client = app.client("alpha", "investor1").await;
    let query = "query($id: ID!, $day: Date) { instrument(id: $id) { price(asOf: $day) {
        amount currency date status staleDays source reasons { code } } } }";
    let price = async |symbol: &str, day: &str| {
        let variables = json!({ "id": book.instrument(symbol), "day": day });
        client.run_with(query, variables).await.at("/instrument/price").clone()
    };
    let of_day = json!({ "amount": "256.5", "currency": "USD", "date": "2024-03-14", "status": "COMPLETE",
        "staleDays": null, "source": "MARKET", "reasons": [] });
    assert_eq!(price("ACME", "2024-03-14").await, of_day);
    let stale = price("ACME", "2024-03-18").await;
    assert_eq!((&stale["status"], &stale["staleDays"]), (&json!("STALE"), &json!(4)));
    let missing = price("ACME", "2024-04-12").await;
    assert_eq!((&missing["amount"], &missing["reasons"][0]["code"]), (&json!(null), &json!("NO_PRICE")));
    let manual = price("COIN", "2024-04-12").await;
    assert_eq!((&manual["amount"], &manual["source"]), (&json!("300"), &json!("MANUAL")));
    let ahead = json!({ "id": book.instrument("ACME"), "day": "2030-01-01" });
    assert_eq!(client.run_with(query, ahead).await.error_code(), "BAD_USER_INPUT");
}

#[tokio::test]
async fn what_is_stale_is_told_by_every_figure_that_is_made_of_it() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    book.deposit("2024-03-01", "1000", "USD").await;
    book.buy("2024-03-01", "ACME", "1", "250").await;
    app.clock.advance(chrono::TimeDelta::days(30));
    let book = book.with_client(app.client("alpha", "investor1").await);
    let query = "query($id: ID!, $day: Date) { portfolio(id: $id, asOf: $day) {
        totals { totalValue { status reasons { code message } } marketValue { status reasons { code } }
            cash { status reasons { code } } }
        holdings { nodes { status reasons { code } } } cash { status reasons { code } }
        lots { nodes { unrealizedGain { status } unrealizedGainLocal { status } } } } }";
    let on = async |day: &str| {
        book.client.run_with(query, json!({ "id": book.portfolio, "day": day })).await.at("/portfolio").clone()
    };
    let fresh = on("2024-03-14").await;
    assert_eq!(fresh["totals"]["totalValue"], json!({ "status": "COMPLETE", "reasons": [] }));
    // The close and the dollar's rate are of Thursday the 14th.
    let stale = on("2024-03-18").await;
    let total = json!({ "status": "STALE", "reasons": [
        { "code": "STALE_PRICE", "message": "the price of ACME is of 2024-03-14, 4 days before 2024-03-18" },
        { "code": "STALE_RATE", "message": "the USD rate is of 2024-03-14, 4 days before 2024-03-18" },
    ] });
    assert_eq!(stale["totals"]["totalValue"], total);
    let codes = json!({ "status": "STALE", "reasons": [{ "code": "STALE_PRICE" }, { "code": "STALE_RATE" }] });
    assert_eq!((&stale["totals"]["marketValue"], &stale["holdings"]["nodes"][0]), (&codes, &codes));
    let rate = json!({ "status": "STALE", "reasons": [{ "code": "STALE_RATE" }] });
    assert_eq!((&stale["totals"]["cash"], &stale["cash"][0]), (&rate, &rate));
    assert_eq!(stale["lots"]["nodes"][0]["unrealizedGain"]["status"], "STALE");
    // And of what was computed over days.
    let query = r#"query($id: ID!) { portfolio(id: $id, asOf: "2024-03-18") {
        fresh: valuations(to: "2024-03-14") { status doubtfulInputs { code } }
        valuations { status doubtfulInputs { code message } } metrics { status doubtfulInputs { code } } today { status } } }"#;
    let ranges = book.client.run_with(query, json!({ "id": book.portfolio })).await.at("/portfolio").clone();
    assert_eq!(ranges["fresh"], json!({ "status": "COMPLETE", "doubtfulInputs": [] }));
    assert_eq!((&ranges["valuations"]["status"], &ranges["metrics"]["status"]), (&json!("STALE"), &json!("STALE")));
    assert_eq!(ranges["today"]["status"], "STALE");
    let message =
        "an older price of ACME stands in on 2 valuation days, up to 4 days old (from 2024-03-15 to 2024-03-18)";
    let of_price = ranges["valuations"]["doubtfulInputs"].as_array().expect("a list").iter();
    let of_price: Vec<_> = of_price.filter(|reason| reason["code"] == "STALE_PRICE").collect();
    assert_eq!(of_price, [&json!({ "code": "STALE_PRICE", "message": message })]);
    // Friday is a day of its own, unlike Saturday after it.
    let friday = on("2024-03-15").await;
    assert_eq!(friday["totals"]["cash"]["status"], "STALE", "Friday could have had a rate of its own");
}

#[tokio::test]
async fn prices_of_many_instruments_are_read_together() {
    let app = App::start().await;
    let client = app.client("alpha", "investor1").await;
    let statements = async |first: i32| {
        let query =
            format!("{{ instruments(first: {first}) {{ nodes {{ price {{ amount }} news {{ nodes {{ id }} }} }} }} }}");
        client.run(&query).await.at("");
        let before = app.services.gateway.statements();
        client.run(&query).await.at("");
        app.services.gateway.statements() - before
    };
    let (one, all) = (statements(1).await, statements(9).await);
    assert!(all.abs_diff(one) <= 3, "{one} for one instrument, {all} for nine");
}
