//! Figures against what they must be: computed elsewhere, by hand, or by an identity.

mod analytics;
mod demo;
mod exchanges;
mod gaps;
mod returns;
mod statements;
mod stress;
mod views;

use serde_json::Value;

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
