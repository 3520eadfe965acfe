//! What figures are made of: lots, disposals, and what they sum to.

use serde_json::{Value, json};

use super::amount;
use super::analytics::mixed;
use crate::support::{App, Book, Client};

const LOTS: &str = "totalCount pageInfo { hasNextPage endCursor }
    nodes { instrument { symbol } openedOn quantityRemaining cost { amount } openedBy { id } }";
const DISPOSALS: &str =
    "totalCount nodes { instrument { symbol } closedOn quantity gain { amount } cost { amount } proceeds { amount }
    sale { id } }";
const BY_LOTS: &str =
    "gainByLots { realized { amount } unrealized { amount } income { amount } expensed { amount } other { amount }
    total { amount } }";

/// The sum of an amount of rows, in cents.
fn cents(rows: &Value, path: &str) -> i64 {
    let rows = rows.as_array().expect("rows").iter();
    (rows.map(|row| amount(&row[path]["amount"])).sum::<f64>() * 100.0).round() as i64
}

fn part(gain: &Value, name: &str) -> i64 {
    (amount(&gain[name]["amount"]) * 100.0).round() as i64
}

/// What must hold in every scope, range and currency.
fn check(analytics: &Value, what: &str) {
    let explain = &analytics["explain"];
    for end in ["opening", "end"] {
        let lots = cents(&explain[format!("{end}Lots")]["nodes"], "cost");
        let holdings = cents(&explain[format!("{end}Holdings")], "cost");
        assert_eq!(lots, holdings, "{what}, {end}: {explain}");
    }
    let gain = &explain["gainByLots"];
    let [realized, unrealized, income, expensed, other, total] =
        ["realized", "unrealized", "income", "expensed", "other", "total"].map(|name| part(gain, name));
    assert_eq!(realized + unrealized + income - expensed + other, total, "{what}: {gain}");
    assert_eq!(total, part(&analytics["gain"], "total"), "{what}: {analytics}");
    let disposed = cents(&explain["disposals"]["nodes"], "gain");
    // What rounding leaves is in the largest part.
    let largest = [unrealized, income, expensed, other].iter().all(|one| one.abs() < realized.abs());
    assert!((disposed - realized).abs() <= i64::from(largest) * 2, "{what}: {disposed} and {realized}");
}

fn fields(arguments: &str) -> String {
    format!(
        "analytics{arguments} {{ gain {{ total {{ amount }} }} explain {{ {BY_LOTS}
            openingLots(first: 100) {{ {LOTS} }} endLots(first: 100) {{ {LOTS} }} disposals(first: 100) {{ {DISPOSALS} }}
            openingHoldings {{ quantity cost {{ amount }} }} endHoldings {{ quantity rate rateDate cost {{ amount }} }} }} }}"
    )
}

#[tokio::test]
async fn lots_sum_to_the_cost_and_disposals_to_what_was_realized() {
    let app = App::start().await;
    let book = mixed(&app).await;
    book.buy("2024-03-04", "ACME", "3", "254").await;
    book.sell("2024-03-06", "GLOBEX", "2", "101").await;
    book.sell("2024-03-11", "ACME", "7", "257").await;
    let acme = book.instrument("ACME").to_owned();
    for arguments in [
        String::new(),
        "(range: { from: \"2024-03-01\" })".to_owned(),
        "(range: { from: \"2024-02-20\", to: \"2024-03-07\" })".to_owned(),
        format!("(instrumentId: \"{acme}\")"),
        format!("(accountId: \"{}\", range: {{ from: \"2024-02-01\" }})", book.account),
    ] {
        for currency in ["EUR", "USD", "CHF"] {
            let shown = book.show("2024-03-14", Some(currency), &fields(&arguments)).await;
            check(&shown["analytics"], &format!("{arguments} in {currency}"));
        }
    }
    let shown = book.show("2024-03-14", Some("USD"), &fields("(range: { from: \"2024-03-01\" })")).await;
    let explain = &shown["analytics"]["explain"];
    // At the end of February six of ten at 250; then three at 254; seven are sold at 257: six of the first lot, one of the second.
    let lots = |end: &str| -> Vec<(Value, Value, Value)> {
        let nodes = explain[end]["nodes"].as_array().expect("lots").iter();
        let of = |lot: &Value| {
            (lot["instrument"]["symbol"].clone(), lot["quantityRemaining"].clone(), lot["cost"]["amount"].clone())
        };
        nodes.map(of).collect()
    };
    let lot = |symbol: &str, quantity: &str, cost: &str| (json!(symbol), json!(quantity), json!(cost));
    assert_eq!(lots("openingLots"), [lot("ACME", "6", "1500"), lot("GLOBEX", "10", "950")]);
    assert_eq!(lots("endLots"), [lot("GLOBEX", "8", "760"), lot("ACME", "2", "508")]);
    let gains: Vec<f64> = explain["disposals"]["nodes"]
        .as_array()
        .expect("disposals")
        .iter()
        .map(|part| amount(&part["gain"]["amount"]))
        .collect();
    // 2 × (101 − 95), 6 × (257 − 250), 257 − 254.
    assert_eq!(gains.iter().sum::<f64>(), 12.0 + 42.0 + 3.0, "{gains:?}");
    assert_eq!(explain["gainByLots"]["realized"]["amount"], "57");
    assert_eq!(explain["disposals"]["totalCount"], 3);
    // The rate that the value is made of is told.
    let euros = book.show("2024-03-14", Some("EUR"), &fields("")).await;
    let rate = amount(&euros["analytics"]["explain"]["endHoldings"][0]["rate"]);
    assert!((rate - 1.0 / 1.1344).abs() < 1e-12, "{rate}");
}

#[tokio::test]
async fn lots_come_by_pages_and_by_instrument() {
    let app = App::start().await;
    let book = mixed(&app).await;
    let globex = book.instrument("GLOBEX").to_owned();
    let ask = async |arguments: &str| {
        let fields = format!("analytics {{ explain {{ endLots({arguments}) {{ {LOTS} }} }} }}");
        book.show("2024-03-14", None, &fields).await["analytics"]["explain"]["endLots"].clone()
    };
    let first = ask("first: 1").await;
    assert_eq!((&first["totalCount"], &first["pageInfo"]["hasNextPage"]), (&json!(2), &json!(true)));
    let after = first["pageInfo"]["endCursor"].as_str().expect("a cursor").to_owned();
    let second = ask(&format!("first: 1, after: \"{after}\"")).await;
    let symbol = |page: &Value| page["nodes"][0]["instrument"]["symbol"].clone();
    assert_eq!((symbol(&first), symbol(&second)), (json!("ACME"), json!("GLOBEX")));
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    let one = ask(&format!("instrumentId: \"{globex}\"")).await;
    assert_eq!((symbol(&one), &one["totalCount"]), (json!("GLOBEX"), &json!(1)));
    let acme = book.instrument("ACME");
    let query = format!(
        "query($id: ID!) {{ portfolio(id: $id) {{ analytics(instrumentId: \"{acme}\") {{ explain {{ endLots(instrumentId: \"{globex}\") {{
            totalCount }} disposals(first: 101) {{ totalCount }} }} }} }} }}"
    );
    let answer = book.client.run_with(&query, json!({ "id": book.portfolio })).await;
    let errors = answer.body["errors"].to_string();
    assert!(errors.contains("of another instrument") && errors.contains("first: 101"), "{errors}");
}

#[tokio::test]
async fn the_lots_of_many_portfolios_are_one_list_of_as_few_statements() {
    let app = App::start().await;
    let first = mixed(&app).await;
    let query = format!(
        "query($ids: [ID!]) {{ {} }}",
        fields("(currency: \"EUR\", portfolioIds: $ids, asOf: \"2024-03-14\", range: { from: \"2024-03-01\" })")
    );
    let statements = async |client: &Client, ids: &Value| {
        let variables = json!({ "ids": ids });
        let shown = client.run_with(&query, variables.clone()).await.at("/analytics").clone();
        let before = app.services.gateway.statements();
        client.run_with(&query, variables).await.at("");
        (shown, app.services.gateway.statements() - before)
    };
    // One whose stored lots are shown, and one that is booked again, since it is kept in dollars.
    let dollars = async || {
        let book = Book::open(&app, "USD").await;
        book.buy("2024-03-04", "ACME", "3", "250").await;
        book.sell("2024-03-12", "ACME", "1", "256").await;
        book.portfolio
    };
    let mut ids = vec![first.portfolio.clone(), dollars().await];
    let (two, few) = statements(&first.client, &json!(ids)).await;
    check(&two, "two portfolios");
    for _ in 0..3 {
        ids.extend([mixed(&app).await.portfolio, dollars().await]);
    }
    let (all, many) = statements(&first.client, &json!(ids)).await;
    check(&all, "eight portfolios");
    assert_eq!(all["explain"]["endLots"]["totalCount"], 12);
    // What is asked for at once may be read in one batch or in two; six more portfolios would be six statements more.
    assert!(many < few + 6, "{few} for two portfolios, {many} for eight");
    let opened: Vec<&str> = all["explain"]["endLots"]["nodes"]
        .as_array()
        .expect("lots")
        .iter()
        .map(|lot| lot["openedOn"].as_str().expect("a day"))
        .collect();
    assert!(opened.is_sorted(), "{opened:?}");
}
