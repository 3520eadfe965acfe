//! Returns in local currency and of currencies, against the rates and prices of the test market.

use serde_json::{Value, json};

use super::analytics::mixed;
use super::{amount, rate};
use crate::support::{App, Book};

const RETURNS: &str =
    "returns { twr { value } localReturn { value reasons { code } } currencyReturn { value reasons { code } } }";

fn parts(returns: &Value) -> [f64; 3] {
    ["twr", "localReturn", "currencyReturn"].map(|part| rate(&returns[part]["value"]))
}

fn near(one: f64, other: f64) {
    assert!((one - other).abs() < 1e-9, "{one} and {other}");
}

#[tokio::test]
async fn a_day_in_two_currencies_by_hand() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    book.deposit("2024-03-01", "1000", "USD").await;
    book.deposit("2024-03-01", "500", "EUR").await;
    book.buy("2024-03-01", "ACME", "3", "252").await;
    let acme = book.instrument("ACME").to_owned();
    let fields = format!(
        "day: analytics(range: {{ from: \"2024-03-14\" }}) {{ {RETURNS} explain {{ returns localReturns }}
            contributions {{ instrument {{ symbol }} {RETURNS} }} }}
        holding: analytics(instrumentId: \"{acme}\", range: {{ from: \"2024-03-14\" }}) {{ {RETURNS} }}"
    );
    let shown = book.show("2024-03-14", None, &fields).await;
    // From 256.00 to 256.50, dollars from 1.1343 to 1.1344.
    let holding = [0.5 / 256.0, 1.1343 / 1.1344 - 1.0];
    let [total, local, currency] = parts(&shown["holding"]["returns"]);
    near(local, holding[0]);
    near(currency, holding[1]);
    near(total, (1.0 + holding[0]) * (1.0 + holding[1]) - 1.0);
    // 244 dollars of cash and 768 in ACME are 1,012 at 1.1343, beside 500 euros: only ACME earned anything, 1.50 dollars.
    let dollars = 1_012.0 / 1.1343;
    let [total, local, currency] = parts(&shown["day"]["returns"]);
    near(local, dollars / (dollars + 500.0) * (1.5 / 1_012.0));
    near(total, (1_013.5 / 1.1344 + 500.0) / (dollars + 500.0) - 1.0);
    near((1.0 + local) * (1.0 + currency), 1.0 + total);
    let explain = &shown["day"]["explain"];
    assert_eq!(explain["localReturns"][0], Value::Null);
    near(rate(&explain["localReturns"][1]), local);
    near(rate(&explain["returns"][1]), total);
    let of = shown["day"]["contributions"].as_array().expect("contributions");
    assert_eq!(of.len(), 2);
    let acme = of.iter().find(|one| one["instrument"]["symbol"] == "ACME").expect("ACME");
    assert_eq!(acme["returns"], shown["holding"]["returns"]);
    assert_eq!(of.iter().find(|one| one["instrument"].is_null()).expect("cash")["returns"], Value::Null);
}

/// Whoever looks at dollars from euros earns in local currency what they earn who look at them in dollars: of a holding with sales, a
/// split and a dividend, and of everything where all of it is in dollars.
#[tokio::test]
async fn a_local_return_is_the_return_in_that_currency() {
    let app = App::start().await;
    let book = mixed(&app).await;
    let dollars = Book::open(&app, "USD").await;
    dollars.deposit("2024-01-03", "5000", "USD").await;
    dollars.buy("2024-01-04", "ACME", "10", "250").await;
    dollars.record("2024-01-22", json!({ "interest": { "amount": "3.21", "currency": "USD" } })).await;
    dollars.record("2024-02-12", json!({ "fee": { "amount": "7.77", "currency": "USD" } })).await;
    dollars.deposit("2024-02-20", "3000", "USD").await;
    dollars.sell("2024-02-28", "ACME", "4", "260").await;
    dollars.record("2024-03-01", json!({ "withdrawal": { "amount": "1500", "currency": "USD" } })).await;
    let [acme, globex] = ["ACME", "GLOBEX"].map(|symbol| book.instrument(symbol).to_owned());
    let gross = RETURNS.replacen("returns", "returns(grossOfFees: true, grossOfTaxes: true)", 1);
    for (book, fields) in [
        (&book, format!("analytics(instrumentId: \"{acme}\") {{ {RETURNS} }}")),
        (&book, format!("analytics(instrumentId: \"{acme}\") {{ {gross} }}")),
        (&book, format!("analytics(instrumentId: \"{globex}\") {{ {RETURNS} }}")),
        (&dollars, format!("analytics {{ {RETURNS} }}")),
        (&dollars, format!("analytics {{ {gross} }}")),
    ] {
        let from = async |currency: &str| book.show("2024-03-14", Some(currency), &fields).await["analytics"].clone();
        let [euros, own] = [parts(&from("EUR").await["returns"]), parts(&from("USD").await["returns"])];
        assert!((euros[1] - own[0]).abs() < 1e-7, "{fields}: {euros:?} and {own:?}");
        assert!(euros[0] != euros[1] && euros[2].abs() > 1e-4, "{fields}: {euros:?}");
        near((1.0 + euros[1]) * (1.0 + euros[2]), 1.0 + euros[0]);
        // In its own currency nothing is the currency's.
        near(own[1], own[0]);
        near(own[2], 0.0);
    }
}

#[tokio::test]
async fn the_steps_link_to_the_return_of_the_range() {
    let app = App::start().await;
    let book = mixed(&app).await;
    let fields = format!("analytics {{ {RETURNS} explain {{ returns localReturns values }} }}");
    let shown = book.show("2024-03-14", None, &fields).await["analytics"].clone();
    let [total, local, currency] = parts(&shown["returns"]);
    let column = |name: &str| -> Vec<f64> {
        shown["explain"][name].as_array().expect("a column").iter().filter_map(Value::as_f64).collect()
    };
    let link = |name: &str| column(name).iter().map(|step| 1.0 + step).product::<f64>() - 1.0;
    near(link("returns"), total);
    near(link("localReturns"), local);
    near((1.0 + local) * (1.0 + currency) - 1.0, total);
    assert!(local.abs() > 1e-4 && currency.abs() > 1e-4, "{shown}");
    assert!(amount(&shown["explain"]["values"][3]) > 0.0);
}

#[tokio::test]
async fn what_lacks_a_price_or_a_rate_has_neither_part() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    book.deposit("2024-03-01", "1000", "USD").await;
    book.buy("2024-03-01", "COIN", "1", "100").await;
    let fields = format!("analytics {{ {RETURNS} contributions {{ instrument {{ symbol }} {RETURNS} }} }}");
    let shown = book.show("2024-03-14", None, &fields).await["analytics"].clone();
    let codes = |figure: &Value| -> Vec<String> {
        let reasons = figure["reasons"].as_array().expect("reasons").iter();
        reasons.map(|reason| reason["code"].as_str().expect("a code").to_owned()).collect()
    };
    for returns in [&shown["returns"], &shown["contributions"][0]["returns"]] {
        for part in ["localReturn", "currencyReturn"] {
            assert_eq!(returns[part]["value"], Value::Null, "{shown}");
            assert!(codes(&returns[part]).contains(&"NO_PRICE".to_owned()), "{shown}");
        }
    }
    // Rates end on 2024-03-14 and hold for seven days.
    app.clock.advance(chrono::TimeDelta::days(30));
    let book = book.with_client(app.client("alpha", "investor1").await);
    let late = book.show("2024-04-10", None, &format!("analytics {{ {RETURNS} }}")).await["analytics"].clone();
    assert!(codes(&late["returns"]["currencyReturn"]).contains(&"NO_RATE".to_owned()), "{late}");
}
