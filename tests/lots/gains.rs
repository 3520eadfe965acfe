//! Realised gains by calendar year and term.

use serde_json::json;

use crate::support::{App, Book};

const GAINS: &str = "realizedGains { year shortTerm { gain { amount } count } longTerm { gain { amount } count }
    total { proceeds { amount } cost { amount } gain { amount currency } count } }";

#[tokio::test]
async fn a_lot_of_29_february_is_held_for_long_after_1_march() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2020-02-29", "ACME", "30", "100").await;
    for day in ["2021-02-28", "2021-03-01", "2021-03-02"] {
        book.sell(day, "ACME", "10", "110").await;
    }
    let shown = book.show("2024-03-14", None, "disposals { nodes { closedOn term daysHeld } }").await;
    assert_eq!(
        shown["disposals"]["nodes"],
        json!([
            { "closedOn": "2021-02-28", "term": "SHORT", "daysHeld": 365 },
            { "closedOn": "2021-03-01", "term": "SHORT", "daysHeld": 366 },
            { "closedOn": "2021-03-02", "term": "LONG", "daysHeld": 367 },
        ])
    );
    // On the anniversary itself a lot of any other day is not held for long either.
    book.buy("2022-05-10", "GLOBEX", "2", "100").await;
    let lots = "lots(openOnly: true) { nodes { isLongTerm } }";
    assert_eq!(book.show("2023-05-10", None, lots).await["lots"]["nodes"][0]["isLongTerm"], false);
    assert_eq!(book.show("2023-05-11", None, lots).await["lots"]["nodes"][0]["isLongTerm"], true);
}

#[tokio::test]
async fn gains_are_summed_by_year_and_term() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2022-01-03", "ACME", "10", "100").await;
    book.buy("2022-06-01", "ACME", "10", "120").await;
    book.sell("2022-12-30", "ACME", "4", "90").await;
    book.sell("2023-01-04", "ACME", "10", "150").await;
    let shown = book.show("2024-03-14", None, GAINS).await;
    // 4 × (90 − 100); then 6 × (150 − 100) of the first lot, and 4 × (150 − 120) of the second.
    assert_eq!(
        shown["realizedGains"],
        json!([
            { "year": 2022, "shortTerm": { "gain": { "amount": "-40" }, "count": 1 },
                "longTerm": { "gain": { "amount": "0" }, "count": 0 },
                "total": { "proceeds": { "amount": "360" }, "cost": { "amount": "400" },
                    "gain": { "amount": "-40", "currency": "USD" }, "count": 1 } },
            { "year": 2023, "shortTerm": { "gain": { "amount": "120" }, "count": 1 },
                "longTerm": { "gain": { "amount": "300" }, "count": 1 },
                "total": { "proceeds": { "amount": "1500" }, "cost": { "amount": "1080" },
                    "gain": { "amount": "420", "currency": "USD" }, "count": 2 } },
        ])
    );
    // They add up to what the holdings have realised.
    let totals = book.show("2024-03-14", None, "totals { realizedGain { amount } }").await;
    assert_eq!(totals["totals"]["realizedGain"]["amount"], "380");
    // Nothing after the day that is asked for.
    let before = book.show("2023-01-03", None, "realizedGains { year total { count } } disposals { totalCount }").await;
    assert_eq!(
        before,
        json!({ "realizedGains": [{ "year": 2022, "total": { "count": 1 } }], "disposals": { "totalCount": 1 } })
    );
}

#[tokio::test]
async fn gains_and_disposals_are_filtered_alike() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2022-01-03", "ACME", "10", "100").await;
    book.buy("2022-01-03", "COIN", "10", "100").await;
    for (day, symbol) in
        [("2022-12-31", "ACME"), ("2023-01-01", "ACME"), ("2023-12-31", "COIN"), ("2024-01-01", "ACME")]
    {
        book.sell(day, symbol, "1", "110").await;
    }
    let count = async |filter: serde_json::Value| {
        let query = r"query($id: ID!, $filter: DisposalFilter) { portfolio(id: $id, asOf: $asOf) {
            disposals(filter: $filter) { totalCount } realizedGains(filter: $filter) { total { count } } } }";
        let query = query.replace(", asOf: $asOf", "");
        let answer = book.client.run_with(&query, json!({ "id": book.portfolio, "filter": filter })).await;
        let years = answer.at("/portfolio/realizedGains").as_array().expect("a list").clone();
        let sum: i64 = years.iter().map(|year| year["total"]["count"].as_i64().expect("a count")).sum();
        assert_eq!(*answer.at("/portfolio/disposals/totalCount"), sum, "{filter}");
        sum
    };
    assert_eq!(count(json!(null)).await, 4);
    assert_eq!(count(json!({ "taxYear": 2023 })).await, 2);
    assert_eq!(count(json!({ "from": "2023-01-01", "to": "2023-01-01" })).await, 1);
    assert_eq!(count(json!({ "instrumentId": book.instrument("COIN") })).await, 1);
    assert_eq!(count(json!({ "taxYear": 2023, "instrumentId": book.instrument("ACME") })).await, 1);
    assert_eq!(count(json!({ "accountId": book.account })).await, 4);
    assert_eq!(count(json!({ "taxYear": 2021 })).await, 0);
    for filter in [json!({ "taxYear": 2023, "from": "2023-01-01" }), json!({ "taxYear": 99999 })] {
        let query = "query($id: ID!, $filter: DisposalFilter) { portfolio(id: $id) { disposals(filter: $filter) { totalCount } } }";
        let answer = book.client.run_with(query, json!({ "id": book.portfolio, "filter": filter })).await;
        assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{}", answer.body);
    }
}
