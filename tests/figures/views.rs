//! Several looks at portfolios in one operation do not disturb each other.

use serde_json::json;

use crate::support::{App, Book};

#[tokio::test]
async fn one_portfolio_in_several_currencies_at_once_shows_what_each_alone_shows() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-01-02", "1000", "USD").await;
    book.buy("2024-01-03", "ACME", "3", "200").await;
    let figures = "currency totals { totalValue { value { amount } } cost { amount } } valuations { values flows }";
    let alone = async |currency: &str| {
        let query = format!("query($id: ID!) {{ portfolio(id: $id, currency: \"{currency}\") {{ {figures} }} }}");
        book.client.run_with(&query, json!({ "id": book.portfolio })).await.at("/portfolio").clone()
    };
    let together = format!(
        "query($id: ID!) {{ usd: portfolio(id: $id) {{ {figures} }} eur: portfolio(id: $id, currency: \"EUR\") {{ {figures} }}
         chf: portfolio(id: $id, currency: \"CHF\") {{ {figures} }} }}"
    );
    let answer = book.client.run_with(&together, json!({ "id": book.portfolio })).await;
    for (alias, currency) in [("usd", "USD"), ("eur", "EUR"), ("chf", "CHF")] {
        assert_eq!(*answer.at(&format!("/{alias}")), alone(currency).await, "{currency}");
    }
    assert_ne!(answer.at("/usd/totals/cost/amount"), answer.at("/eur/totals/cost/amount"));
}

#[tokio::test]
async fn a_portfolio_that_cannot_be_valued_leaves_the_others_their_figures() {
    let app = App::start().await;
    let good = Book::open(&app, "USD").await;
    good.deposit("2024-01-02", "1000", "USD").await;
    let bad = Book::open(&app, "USD").await;
    // Free of charge, so it can be booked; its value is beyond what a decimal can hold.
    bad.buy("2024-01-03", "ACME", "79000000000000000000000000000", "0").await;
    let query = "{ portfolios { nodes { id totals { totalValue { value { amount } } } } } }";
    let answer = good.client.run(query).await;
    let nodes = answer.body["data"]["portfolios"]["nodes"].as_array().expect("a list").clone();
    let of = |id: &str| nodes.iter().find(|node| node["id"] == id).expect("the portfolio");
    assert_eq!(of(&good.portfolio)["totals"]["totalValue"]["value"]["amount"], "1000", "{}", answer.body);
    assert_eq!(of(&bad.portfolio)["totals"], json!(null));
    assert_eq!(answer.body["errors"].as_array().expect("errors").len(), 1, "{}", answer.body);
}

#[tokio::test]
async fn an_object_all_of_whose_fields_failed_is_still_there() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let query = "query($id: ID!) { portfolio(id: $id) { metrics(riskFreeRate: 7) { days } } }";
    let answer = book.client.run_with(query, json!({ "id": book.portfolio })).await;
    assert_eq!(answer.body["data"], json!({ "portfolio": { "metrics": null } }), "{}", answer.body);
    let answer = book.client.run("{ portfolios(first: 0) { nodes { id } } }").await;
    assert_eq!(answer.body["data"], json!({ "portfolios": null }), "{}", answer.body);
}

#[tokio::test]
async fn money_that_was_invested_for_half_a_year_has_no_yearly_rate_however_long_the_range() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2023-10-02", "1000", "USD").await;
    book.buy("2023-10-02", "ACME", "4", "200").await;
    let query = r#"query($id: ID!, $from: Date) { portfolio(id: $id, asOf: "2024-03-14") {
        metrics(from: $from) { xirr { value unit } } } }"#;
    let rate = async |from: &str| {
        let answer = book.client.run_with(query, json!({ "id": book.portfolio, "from": from })).await;
        assert_eq!(answer.text("/portfolio/metrics/xirr/unit"), "FRACTION");
        answer.at("/portfolio/metrics/xirr/value").as_f64().expect("a rate")
    };
    let (short, long) = (rate("2023-10-02").await, rate("2022-01-01").await);
    assert!((short - long).abs() < 1e-9, "{short} {long}");
}
