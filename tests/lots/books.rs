//! What lots and disposals show: day, cost, rate, days; as of any day, in any currency, page by page.

use serde_json::{Value, json};

use super::{DISPOSALS, of_nodes, three_lots};
use crate::support::{App, Book, Client, Sample};

const LOTS: &str =
    "lots(first: 100) { totalCount nodes { id openedOn closedOn quantityOpened quantityRemaining daysHeld
    isLongTerm fxRate cost { amount currency } costLocal { amount currency } unitCostLocal { amount }
    openedBy { id type } instrument { symbol } account { name }
    unrealizedGain { value { amount } status reasons { code } } unrealizedGainLocal { value { amount } }
    disposals { totalCount nodes { quantity closedOn } } } }";

#[tokio::test]
async fn a_lot_tells_its_day_cost_rate_and_age() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    let bought = book.buy("2023-01-03", "ACME", "10", "110.01").await;
    book.sell("2023-06-01", "ACME", "4", "150").await;
    let shown = book.show("2024-03-14", None, LOTS).await;
    let lot = &shown["lots"]["nodes"][0];
    assert!(lot["id"].as_str().expect("an id").starts_with("lot_"), "{lot}");
    assert_eq!((&lot["openedOn"], &lot["closedOn"]), (&json!("2023-01-03"), &json!(null)));
    assert_eq!((&lot["openedBy"]["id"], &lot["openedBy"]["type"]), (&json!(bought), &json!("BUY")));
    assert_eq!((&lot["instrument"]["symbol"], &lot["account"]["name"]), (&json!("ACME"), &json!("Main")));
    assert_eq!((&lot["quantityOpened"], &lot["quantityRemaining"]), (&json!("10"), &json!("6")));
    // 6 × 110.01 dollars at 1.1001 dollars a euro.
    assert_eq!(lot["costLocal"], json!({ "amount": "660.06", "currency": "USD" }));
    assert_eq!(lot["cost"], json!({ "amount": "600", "currency": "EUR" }));
    assert_eq!(lot["unitCostLocal"]["amount"], "110.01");
    assert_eq!(lot["fxRate"], "0.909008271975");
    assert_eq!((&lot["daysHeld"], &lot["isLongTerm"]), (&json!(436), &json!(true)));
    // 6 × 256.50 dollars, at 1.1344 dollars a euro.
    assert_eq!(lot["unrealizedGainLocal"]["value"]["amount"], "878.94");
    let gain: f64 = lot["unrealizedGain"]["value"]["amount"].as_str().expect("an amount").parse().expect("a number");
    assert!((gain - (1539.0 / 1.1344 - 600.0)).abs() < 1e-6, "{gain}");
    assert_eq!(lot["unrealizedGain"]["status"], "COMPLETE");
    assert_eq!(lot["disposals"], json!({ "totalCount": 1, "nodes": [{ "quantity": "4", "closedOn": "2023-06-01" }] }));
    // The holding's gain is that of its lots.
    let holding = book.show("2024-03-14", None, "holdings { nodes { unrealizedGain { amount } } }").await;
    let of_holding: f64 =
        holding["holdings"]["nodes"][0]["unrealizedGain"]["amount"].as_str().expect("one").parse().expect("a number");
    assert!((of_holding - gain).abs() < 1e-6, "{of_holding} {gain}");
}

#[tokio::test]
async fn a_disposal_tells_what_it_used_and_both_rates() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    book.buy("2023-01-03", "ACME", "10", "110.01").await;
    let sale = book.sell("2023-06-01", "ACME", "4", "111.19").await;
    let fields = "sale { id } lot { id quantityRemaining } quantity cost { amount } costLocal { amount currency }
        proceeds { amount currency } proceedsLocal { amount } gain { amount } gainLocal { amount } openingRate disposalRate
        openedOn closedOn daysHeld term";
    let query = format!("disposals {{ totalCount nodes {{ {fields} }} }}");
    let shown = book.show("2024-03-14", None, &query).await;
    // 4 × 110.01 dollars at 1.1001, 4 × 111.19 at 1.1119: both are 400 euros, and the dollars gained went to the currency.
    let expected = json!({ "sale": { "id": sale }, "lot": { "id": shown["disposals"]["nodes"][0]["lot"]["id"], "quantityRemaining": "6" },
        "quantity": "4", "cost": { "amount": "400" }, "costLocal": { "amount": "440.04", "currency": "USD" },
        "proceeds": { "amount": "400", "currency": "EUR" }, "proceedsLocal": { "amount": "444.76" },
        "gain": { "amount": "0" }, "gainLocal": { "amount": "4.72" },
        "openingRate": "0.909008271975", "disposalRate": "0.899361453368",
        "openedOn": "2023-01-03", "closedOn": "2023-06-01", "daysHeld": 149, "term": "SHORT" });
    assert_eq!(shown["disposals"], json!({ "totalCount": 1, "nodes": [expected] }));
    // The sale says the same of itself; a purchase has disposed of nothing.
    let ledger = format!("transactions {{ nodes {{ type disposals {{ totalCount nodes {{ {fields} }} }} }} }}");
    let ledger = book.show("2024-03-14", None, &ledger).await;
    let nodes = &ledger["transactions"]["nodes"];
    assert_eq!(nodes[0]["disposals"], shown["disposals"]);
    assert_eq!(nodes[1]["disposals"], json!({ "totalCount": 0, "nodes": [] }));
}

#[tokio::test]
async fn lots_are_as_they_were_on_the_day_that_is_asked_for() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    three_lots(&book).await;
    book.sell("2023-06-01", "ACME", "15", "150").await;
    let open = "lots(openOnly: true) { totalCount nodes { openedOn quantityRemaining daysHeld closedOn } } disposals { totalCount }";
    let on = async |day: &str| book.show(day, None, open).await;
    assert_eq!(on("2023-01-02").await["lots"]["totalCount"], 0);
    let before = on("2023-02-10").await;
    assert_eq!(before["disposals"]["totalCount"], 0);
    assert_eq!(
        before["lots"]["nodes"],
        json!([
            { "openedOn": "2023-01-03", "quantityRemaining": "10", "daysHeld": 38, "closedOn": null },
            { "openedOn": "2023-02-01", "quantityRemaining": "10", "daysHeld": 9, "closedOn": null },
        ])
    );
    let after = on("2023-06-01").await;
    assert_eq!(after["disposals"]["totalCount"], 2);
    assert_eq!(after["lots"]["nodes"][0]["quantityRemaining"], "5");
    assert_eq!((&on("2024-03-14").await["lots"]["totalCount"], &after["lots"]["totalCount"]), (&json!(2), &json!(2)));
    // What is stored and what is booked for the day are the same lots with the same ids.
    let ids = "lots { nodes { id } }";
    assert_eq!(book.show("2023-05-31", None, ids).await, book.show("2024-03-14", None, ids).await);
}

#[tokio::test]
async fn lots_stand_in_the_share_basis_of_the_day() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    // The market split it two for one on 2024-02-01.
    book.buy("2024-01-03", "GLOBEX", "10", "100").await;
    let lots = "lots { nodes { id quantityOpened quantityRemaining unitCostLocal { amount } costLocal { amount } } }";
    let lot = async |day: &str| {
        let lot = book.show(day, None, lots).await["lots"]["nodes"][0].clone();
        (
            lot["id"].clone(),
            [
                &lot["quantityOpened"],
                &lot["quantityRemaining"],
                &lot["unitCostLocal"]["amount"],
                &lot["costLocal"]["amount"],
            ]
            .map(|value| value.as_str().expect("a text").to_owned()),
        )
    };
    let (before, since) = (lot("2024-01-31").await, lot("2024-02-01").await);
    assert_eq!(
        (before.1, since.1),
        (["10", "10", "100", "1000"].map(str::to_owned), ["20", "20", "50", "1000"].map(str::to_owned))
    );
    assert_eq!(before.0, since.0);
}

#[tokio::test]
async fn lots_in_another_currency_are_booked_in_it() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2023-01-03", "ACME", "10", "110.01").await;
    book.sell("2023-06-01", "ACME", "4", "111.19").await;
    let shown = book.show("2024-03-14", Some("EUR"), &format!("{LOTS} {DISPOSALS}")).await;
    assert_eq!(shown["lots"]["nodes"][0]["cost"], json!({ "amount": "600", "currency": "EUR" }));
    assert_eq!(shown["lots"]["nodes"][0]["disposals"]["totalCount"], 1);
    assert_eq!(shown["disposals"]["nodes"][0]["gain"]["amount"], "0");
    assert_eq!(of_nodes(&shown["disposals"]["nodes"]), [["4", "2023-01-03", "440.04", "4.72"]]);
    assert_eq!(shown["disposals"]["nodes"][0]["lot"]["openedOn"], "2023-01-03");
}

#[tokio::test]
async fn without_a_price_the_gain_of_a_lot_is_null_with_a_reason() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2024-03-01", "COIN", "1", "100").await;
    let gain = &book.show("2024-03-14", None, LOTS).await["lots"]["nodes"][0]["unrealizedGain"];
    assert_eq!(*gain, json!({ "value": null, "status": "MISSING", "reasons": [{ "code": "NO_PRICE" }] }));
    book.price("2024-03-05", "COIN", "120").await;
    let gain = &book.show("2024-03-14", None, LOTS).await["lots"]["nodes"][0]["unrealizedGain"];
    assert_eq!(gain["value"]["amount"], "20");
    book.sell("2024-03-06", "COIN", "1", "130").await;
    let lot = &book.show("2024-03-14", None, LOTS).await["lots"]["nodes"][0];
    assert_eq!((&lot["closedOn"], &lot["unrealizedGain"]["value"]["amount"]), (&json!("2024-03-06"), &json!("0")));
    assert_eq!((&lot["unitCostLocal"], &lot["fxRate"]), (&json!(null), &json!(null)));
}

#[tokio::test]
async fn lots_and_disposals_come_page_by_page_and_filtered() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    for day in 1..=9 {
        let symbol = if day % 2 == 0 { "GLOBEX" } else { "ACME" };
        book.buy(&format!("2024-03-0{day}"), symbol, "2", "100").await;
    }
    book.sell("2024-03-11", "ACME", "9", "110").await;
    let page = r"query($id: ID!, $after: String, $instrument: ID, $asOf: Date) { portfolio(id: $id, asOf: $asOf) {
        lots(first: 2, after: $after, instrumentId: $instrument) { totalCount nodes { openedOn }
            pageInfo { hasNextPage endCursor } }
        disposals(first: 2, after: $after, filter: { instrumentId: $instrument }) { totalCount nodes { openedOn }
            pageInfo { hasNextPage endCursor } } } }";
    // As stored, and as booked for a day before which the sale of the 12th was not.
    let all = async |list: &str, instrument: Value, as_of: &str| {
        let (mut days, mut after) = (Vec::new(), Value::Null);
        loop {
            let variables = json!({ "id": book.portfolio, "after": after, "instrument": instrument, "asOf": as_of });
            let answer = book.client.run_with(page, variables).await;
            let shown = answer.at(&format!("/portfolio/{list}")).clone();
            let nodes = shown["nodes"].as_array().expect("a list");
            days.extend(nodes.iter().map(|node| node["openedOn"].as_str().expect("a day")[8..].to_owned()));
            if shown["pageInfo"]["hasNextPage"] == false {
                assert_eq!(shown["totalCount"], days.len(), "{list}");
                return days.join(" ");
            }
            after = shown["pageInfo"]["endCursor"].clone();
        }
    };
    let acme = json!(book.instrument("ACME"));
    for later in [false, true] {
        if later {
            book.sell("2024-03-12", "ACME", "1", "110").await;
        }
        let day = if later { "2024-03-11" } else { "2024-03-14" };
        assert_eq!(all("lots", Value::Null, day).await, "01 02 03 04 05 06 07 08 09");
        assert_eq!(all("lots", acme.clone(), day).await, "01 03 05 07 09");
        assert_eq!(all("disposals", acme.clone(), day).await, "01 03 05 07 09");
        assert_eq!(all("disposals", json!(book.instrument("GLOBEX")), day).await, "");
    }
    for (argument, code) in
        [("first: 0", "BAD_USER_INPUT"), ("first: 101", "BAD_USER_INPUT"), ("after: \"x\"", "BAD_USER_INPUT")]
    {
        for list in ["lots", "disposals"] {
            let query = format!("query($id: ID!) {{ portfolio(id: $id) {{ {list}({argument}) {{ totalCount }} }} }}");
            let answer = book.client.run_with(&query, json!({ "id": book.portfolio })).await;
            assert_eq!(answer.error_code(), code, "{list} {argument}");
        }
    }
}

#[tokio::test]
async fn ids_of_others_find_no_lot() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    three_lots(&book).await;
    book.sell("2023-06-01", "ACME", "15", "150").await;
    let (neighbour, stranger) =
        (Sample::of(&app, "alpha", "investor2").await, Sample::of(&app, "beta", "investor1").await);
    for other in [&neighbour, &stranger] {
        let query = r"query($id: ID!, $account: ID!) { portfolio(id: $id) { lots(accountId: $account) { totalCount nodes { id } }
            disposals(filter: { accountId: $account }) { totalCount nodes { quantity } } } }";
        let answer = book.client.run_with(query, json!({ "id": book.portfolio, "account": other.account })).await;
        let none = json!({ "totalCount": 0, "nodes": [] });
        assert_eq!(*answer.at("/portfolio"), json!({ "lots": none, "disposals": none }));
        let theirs = r"query($id: ID!) { portfolio(id: $id) { lots { nodes { id } } } }";
        assert!(book.client.run_with(theirs, json!({ "id": other.portfolio })).await.at("/portfolio").is_null());
    }
}

async fn statements(app: &App, client: &Client, query: &str) -> u64 {
    // Twice: the first time fills what stays in memory.
    client.run(query).await.at("");
    let before = app.services.gateway.statements();
    client.run(query).await.at("");
    app.services.gateway.statements() - before
}

#[tokio::test]
async fn the_statements_of_lots_do_not_grow_with_them() {
    let app = App::start().await;
    // Both lists lead to transactions, lots, instruments and accounts.
    let lists = r"{ portfolios(first: 10) { nodes { realizedGains { total { count } }
        lots(first: 20) { totalCount nodes { id openedBy { id } account { name } instrument { symbol }
            unrealizedGain { value { amount } } disposals(first: 5) { nodes { sale { id } } } } }
        disposals(first: 20) { totalCount nodes { gain { amount } sale { id } openedBy { id } lot { id } } } } } }";
    let fill = async |book: &Book, rows: usize| {
        for row in 0..rows {
            book.buy("2024-03-01", ["ACME", "GLOBEX"][row % 2], "2", "100").await;
            book.sell("2024-03-04", ["ACME", "GLOBEX"][row % 2], "1", "110").await;
        }
    };
    let first = Book::open(&app, "USD").await;
    fill(&first, 2).await;
    let ledger = format!(
        "{{ portfolio(id: \"{}\") {{ transactions(first: 100) {{ nodes {{
            disposals(first: 5) {{ nodes {{ lot {{ id }} }} }} }} }} }} }}",
        first.portfolio
    );
    let few = statements(&app, &first.client, lists).await;
    let few_rows = statements(&app, &first.client, &ledger).await;
    for _ in 0..7 {
        fill(&Book::open(&app, "USD").await, 3).await;
    }
    fill(&first, 8).await;
    let many = statements(&app, &first.client, lists).await;
    let many_rows = statements(&app, &first.client, &ledger).await;
    // A noun that is asked for at two levels may fall in one batch or in two; a statement a portfolio would be seven more
    // of each noun, a statement a lot dozens.
    assert!(many.abs_diff(few) <= 4, "{few} for one portfolio, {many} for eight with more lots");
    assert!(many_rows.abs_diff(few_rows) <= 2, "{few_rows} for a ledger, {many_rows} for one five times as long");
    assert!((1..30).contains(&few), "{few}");
    assert!((1..12).contains(&few_rows), "{few_rows}");
}
