//! Figures against what they must be: computed elsewhere, by hand, or by an identity.

mod analytics;
mod attribution;
mod charges;
mod demo;
mod exchanges;
mod explain;
mod gaps;
mod instrument_figures;
mod local;
mod returns;
mod risk_free;
mod statements;
mod stored;
mod stress;
mod tail;
mod views;
mod xray;

use serde_json::{Value, json};

use crate::support::{App, Book};

fn rate(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no rate"))
}

fn amount(value: &Value) -> f64 {
    value.as_str().unwrap_or_else(|| panic!("{value} is no amount")).parse().expect("a number")
}

/// The worked example of the metric contract, a year earlier and a little later than there, since the market ends in
/// March 2024: +20 %, then nine times as much is added, then −5 %.
async fn worked_example(app: &App) -> Book {
    let book = Book::open(app, "USD").await;
    book.deposit("2023-01-03", "10000", "USD").await;
    book.buy("2023-01-03", "COIN", "100", "100").await;
    for (day, price) in [("2023-01-03", "100"), ("2023-07-05", "120"), ("2024-01-03", "114")] {
        book.price(day, "COIN", price).await;
    }
    book.deposit("2023-07-06", "90000", "USD").await;
    book.buy("2023-07-06", "COIN", "750", "120").await;
    book
}

/// A bond without coupons over ten years, one whose coupons nothing models, and a castle.
async fn own_instruments(app: &App) {
    let admin = app.client("alpha", "admin").await;
    let create =
        "mutation($input: InstrumentCreateInput!) { instrumentCreate(input: $input) { userErrors { message } } }";
    let terms = json!({ "couponRate": "0", "couponFrequency": 0, "dayCount": "ACT_ACT_ICMA", "maturity": "2034-03-14",
        "face": "1" });
    for input in [
        json!({ "symbol": "ZERO", "name": "A bond without coupons", "assetType": "BOND", "currency": "EUR",
            "priceMultiplier": "0.01", "bond": terms }),
        json!({ "symbol": "FIXED", "name": "A bond that is not modelled", "assetType": "BOND", "currency": "EUR",
            "priceMultiplier": "0.01", "bond": { "couponRate": "0.05", "couponFrequency": 2, "dayCount": "ACT_365_FIXED",
            "maturity": "2030-03-14", "face": "1" } }),
        json!({ "symbol": "CASTLE", "name": "A castle", "assetType": "PRIVATE", "currency": "EUR", "country": "DE",
            "sector": "TECH" }),
    ] {
        let made = admin.run_with(create, json!({ "input": input })).await;
        assert_eq!(made.user_errors("instrumentCreate"), [""; 0], "{}", made.body);
    }
}

/// On 2024-03-14, at 1.1344 dollars for a euro: 1,000 euros each of a bond, a coin in dollars and dollars, 4,000 euros of cash.
async fn seven_thousand(app: &App) -> Book {
    own_instruments(app).await;
    let book = Book::open(app, "EUR").await;
    book.deposit("2024-03-01", "5000", "EUR").await;
    book.deposit("2024-03-01", "2134.40", "USD").await;
    let bond =
        json!({ "instrumentId": book.instrument("ZERO"), "quantity": "1000", "price": "100", "currency": "EUR" });
    book.record("2024-03-01", json!({ "buy": bond })).await;
    book.buy("2024-03-01", "COIN", "10", "100").await;
    book.price("2024-03-14", "ZERO", "100").await;
    book.price("2024-03-14", "COIN", "113.44").await;
    book
}
