//! Which lots a disposal uses.

use serde_json::{Value, json};

use super::{DISPOSALS, book_of, set, three_lots, try_set, two_accounts, used};
use crate::support::{App, Book};

const ACCOUNT_B: &str = "B";

/// 15 of 10 at 100, 10 at 130 and 10 at 90 are sold at 150: they bring 2,250.
#[tokio::test]
async fn each_method_uses_its_lots() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    three_lots(&book).await;
    book.sell("2023-06-01", "ACME", "15", "150").await;
    let (first, second, third) = ("2023-01-03", "2023-02-01", "2023-03-01");
    // Ten units bring 1,500, five bring 750.
    for (method, expected) in [
        ("FIFO", [["10", first, "1000", "500"], ["5", second, "650", "100"]]),
        ("LIFO", [["10", third, "900", "600"], ["5", second, "650", "100"]]),
        ("HIFO", [["10", second, "1300", "200"], ["5", first, "500", "250"]]),
        ("LOFO", [["10", third, "900", "600"], ["5", first, "500", "250"]]),
    ] {
        set(&book, json!({ "lotMethod": method })).await;
        assert_eq!(used(&book).await, expected, "{method}");
    }
    set(&book, json!({ "lotMethod": "AVERAGE" })).await;
    // 3,200 for 30 units: 1,600 for 15, of which ten take two thirds.
    let average = used(&book).await;
    assert_eq!(
        (&average[0][..2], &average[1][..2]),
        (&["10".into(), first.into()][..], &["5".into(), second.into()][..])
    );
    let shown = book.show("2024-03-15", None, "realizedGains { total { cost { rounded } gain { rounded } } }").await;
    assert_eq!(
        shown["realizedGains"][0]["total"],
        json!({ "cost": { "rounded": "1600.00" }, "gain": { "rounded": "650.00" } })
    );
}

#[tokio::test]
async fn a_choice_that_nobody_made_is_not_guessed() {
    let app = App::start().await;
    let book = book_of(&app, "USD", json!({ "lotMethod": "SPECIFIC" })).await;
    three_lots(&book).await;
    let refused = book.try_record("2023-06-01", &json!({ "sell": book.trade("ACME", "15", "150") })).await;
    assert_eq!(refused.user_errors("transactionRecord"), ["AMBIGUOUS_LOTS"], "{}", refused.body);
    assert!(refused.body.to_string().contains("15 of 30 in 3 lots"), "{}", refused.body);
    // All that is held is no choice.
    book.sell("2023-06-01", "ACME", "30", "150").await;
    assert_eq!(used(&book).await.len(), 3);
}

#[tokio::test]
async fn chosen_lots_are_used_whatever_the_method() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2023-01-03", "ACME", "10", "100").await;
    let second = book.buy("2023-02-01", "ACME", "10", "130").await;
    book.buy("2023-03-01", "ACME", "10", "90").await;
    let mut trade = book.trade("ACME", "14", "150");
    trade["lots"] = json!([{ "openedOn": "2023-03-01", "quantity": "6" }, { "transactionId": second }]);
    book.record("2023-06-01", json!({ "sell": trade })).await;
    let expected = [["6", "2023-03-01", "540", "360"], ["8", "2023-02-01", "1040", "160"]];
    for method in ["FIFO", "SPECIFIC"] {
        set(&book, json!({ "lotMethod": method })).await;
        assert_eq!(used(&book).await, expected, "{method}");
    }
}

#[tokio::test]
async fn lots_of_one_purchase_are_told_apart_after_transfers() {
    let app = App::start().await;
    let (book, a, b) = two_accounts(&app, json!({})).await;
    let bought = book.buy("2023-01-03", "ACME", "10", "100").await;
    for (day, quantity) in [("2023-02-01", "4"), ("2023-02-02", "3")] {
        let transfer = json!({ "instrumentId": book.instrument("ACME"), "quantity": quantity, "toAccountId": b });
        book.record(day, json!({ "transfer": transfer })).await;
    }
    let portfolio = book.portfolio.clone();
    let book = book.at(portfolio.clone(), b.clone());
    book.sell("2023-06-01", "ACME", "5", "150").await;
    let book = book.at(portfolio, a);
    book.sell("2023-06-02", "ACME", "1", "150").await;
    let lots = "lots { nodes { id account { name } quantityOpened quantityRemaining openedBy { id } openedOn
        disposals { nodes { quantity lot { id } } } } }";
    let check = async |book: &Book, day: &str, currency: Option<&str>| {
        let shown = book.show(day, currency, lots).await;
        let mut rows = Vec::new();
        for lot in shown["lots"]["nodes"].as_array().expect("a list") {
            assert_eq!((&lot["openedBy"]["id"], &lot["openedOn"]), (&json!(bought), &json!("2023-01-03")));
            let disposals = lot["disposals"]["nodes"].as_array().expect("a list");
            assert!(disposals.iter().all(|part| part["lot"]["id"] == lot["id"]), "{lot}");
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let units: Vec<String> = disposals.iter().map(|part| text(&part["quantity"])).collect();
            let name = text(&lot["account"]["name"]);
            rows.push(format!("{name} {} used {}", text(&lot["quantityRemaining"]), units.join(" ")));
        }
        rows.sort();
        rows
    };
    let expected = ["A 2 used 1", "B 0 used 4", "B 2 used 1"];
    assert_eq!(check(&book, "2024-03-14", None).await, expected);
    assert_eq!(check(&book, "2024-03-14", Some("EUR")).await, expected);
    assert_eq!(check(&book, "2023-06-01", None).await, ["A 3 used ", "B 0 used 4", "B 2 used 1"]);
    set(&book, json!({ "lotScope": "PORTFOLIO" })).await;
    // One queue: the sale in B uses what is left of the first lot in A, then of the next; the one in A goes on there.
    assert_eq!(check(&book, "2024-03-14", None).await, ["A 0 used 3", "B 1 used 2 1", "B 3 used "]);
}

#[tokio::test]
async fn lots_stay_in_their_account_unless_they_are_pooled() {
    let app = App::start().await;
    let (book, _, b) = two_accounts(&app, json!({})).await;
    book.buy("2023-01-03", "ACME", "10", "100").await;
    let portfolio = book.portfolio.clone();
    let other = book.at(portfolio, b.clone());
    other.buy("2023-02-01", "ACME", "10", "130").await;
    other.sell("2023-06-01", "ACME", "5", "150").await;
    assert_eq!(used(&other).await, [["5", "2023-02-01", "650", "100"]]);
    set(&other, json!({ "lotScope": "PORTFOLIO" })).await;
    // The oldest of the portfolio, though another account bought it: the units leave the account that sells.
    assert_eq!(used(&other).await, [["5", "2023-01-03", "500", "250"]]);
    let shown = other
        .show("2024-03-14", None, &format!("{DISPOSALS} holdings {{ nodes {{ quantity account {{ name }} }} }}"))
        .await;
    let node = &shown["disposals"]["nodes"][0];
    assert_eq!((&node["account"]["name"], &node["lot"]["account"]["name"]), (&json!(ACCOUNT_B), &json!("A")));
    let held = |name: &str| {
        let nodes = shown["holdings"]["nodes"].as_array().expect("a list");
        nodes.iter().find(|line| line["account"]["name"] == name).expect("a holding")["quantity"].clone()
    };
    assert_eq!((held("A"), held("B")), (json!("10"), json!("5")));
    set(&other, json!({ "lotScope": "ACCOUNT" })).await;
    assert_eq!(used(&other).await, [["5", "2023-02-01", "650", "100"]]);
}

#[tokio::test]
async fn an_account_may_have_a_method_of_its_own() {
    let app = App::start().await;
    let (book, a, b) = two_accounts(&app, json!({})).await;
    let portfolio = book.portfolio.clone();
    let other = book.at(portfolio, b.clone());
    three_lots(&other).await;
    other.sell("2023-06-01", "ACME", "10", "150").await;
    let own = json!({ "accountLotMethods": [{ "accountId": b, "lotMethod": "LOFO" }, { "accountId": a, "lotMethod": null }] });
    let answer = try_set(&other, own).await;
    let accounts = answer.at("/portfolioUpdate/portfolio/accounts");
    assert_eq!((&accounts[0]["lotMethod"], &accounts[1]["lotMethod"]), (&json!(null), &json!("LOFO")));
    assert_eq!(used(&other).await, [["10", "2023-03-01", "900", "600"]]);
    // In another currency the books are kept by the same method.
    let euros = other.show("2024-03-14", Some("EUR"), DISPOSALS).await;
    assert_eq!(euros["disposals"]["nodes"][0]["openedOn"], "2023-03-01");
    // Pooled lots know no accounts.
    set(&other, json!({ "lotScope": "PORTFOLIO" })).await;
    assert_eq!(used(&other).await, [["10", "2023-01-03", "1000", "500"]]);
    set(&other, json!({ "lotScope": "ACCOUNT" })).await;
    let given_up = json!({ "accountLotMethods": [{ "accountId": b }] });
    assert_eq!(try_set(&other, given_up).await.user_errors("portfolioUpdate"), [""; 0]);
    assert_eq!(used(&other).await, [["10", "2023-01-03", "1000", "500"]]);
}

#[tokio::test]
async fn charges_count_in_cost_or_as_expenses() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let with_fee = |quantity: &str, price: &str, fee: &str| {
        let mut trade = book.trade("ACME", quantity, price);
        trade["fee"] = json!(fee);
        trade
    };
    book.record("2023-01-03", json!({ "buy": with_fee("10", "100", "10") })).await;
    book.record("2023-06-01", json!({ "sell": with_fee("10", "120", "5") })).await;
    // 1,200 − 5 − (1,000 + 10), or 1,200 − 1,000.
    assert_eq!(used(&book).await, [["10", "2023-01-03", "1010", "185"]]);
    set(&book, json!({ "tradeCharges": "EXPENSED" })).await;
    assert_eq!(used(&book).await, [["10", "2023-01-03", "1000", "200"]]);
    assert_eq!(book.cash("2024-03-14", "USD").await, "185", "cash knows the charges either way");
}

#[tokio::test]
async fn a_sale_beyond_the_holding_is_refused() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2023-01-03", "ACME", "10", "100").await;
    let refused = book.try_record("2023-06-01", &json!({ "sell": book.trade("ACME", "15", "120") })).await;
    assert_eq!(refused.user_errors("transactionRecord"), ["INSUFFICIENT_QUANTITY"]);
}

#[tokio::test]
async fn a_sale_beyond_the_holding_goes_short() {
    let app = App::start().await;
    let book = book_of(&app, "USD", json!({ "oversell": "GO_SHORT" })).await;
    book.buy("2023-01-03", "ACME", "10", "100").await;
    book.sell("2023-06-01", "ACME", "15", "120").await;
    assert_eq!(used(&book).await, [["10", "2023-01-03", "1000", "200"]]);
    let lots = "lots(openOnly: true) { totalCount nodes { quantityOpened quantityRemaining openedOn isLongTerm
        costLocal { amount } unitCostLocal { amount } unrealizedGain { value { amount } } disposals { totalCount } } }";
    let shown = book.show("2024-03-14", None, lots).await;
    // Five units are owed that brought 600; at 256.50 they would cost 1,282.50.
    assert_eq!(
        shown["lots"],
        json!({ "totalCount": 1, "nodes": [{ "quantityOpened": "-5", "quantityRemaining": "-5", "openedOn": "2023-06-01",
            "isLongTerm": false, "costLocal": { "amount": "-600" }, "unitCostLocal": { "amount": "120" },
            "unrealizedGain": { "value": { "amount": "-682.5" } }, "disposals": { "totalCount": 0 } }] })
    );
    // A purchase covers: what was paid is the negative proceeds.
    book.buy("2024-03-01", "ACME", "5", "110").await;
    let shown = book.show("2024-03-14", None, DISPOSALS).await;
    let cover = &shown["disposals"]["nodes"][1];
    assert_eq!((&cover["quantity"], &cover["term"], &cover["daysHeld"]), (&json!("-5"), &json!("SHORT"), &json!(274)));
    assert_eq!(cover["costLocal"]["amount"], "-600");
    assert_eq!(cover["proceedsLocal"]["amount"], "-550");
    assert_eq!(cover["gainLocal"]["amount"], "50");
}

#[tokio::test]
async fn a_sale_beyond_the_holding_takes_what_is_there() {
    let app = App::start().await;
    let book = book_of(&app, "USD", json!({ "oversell": "TAKE_HELD" })).await;
    book.buy("2023-01-03", "ACME", "10", "100").await;
    book.sell("2023-06-01", "ACME", "15", "120").await;
    let shown = book.show("2024-03-14", None, &format!("{DISPOSALS} holdings {{ totalCount }}")).await;
    let nodes = shown["disposals"]["nodes"].as_array().expect("a list");
    assert_eq!(nodes[0]["gainLocal"]["amount"], "200");
    // Five that were not there brought 600 and had cost nothing, as far as anybody knows.
    let missing = &nodes[1];
    assert_eq!(
        (&missing["lot"], &missing["openedBy"], &missing["quantity"]),
        (&json!(null), &json!(null), &json!("5"))
    );
    assert_eq!((&missing["costLocal"]["amount"], &missing["gainLocal"]["amount"]), (&json!("0"), &json!("600")));
    assert_eq!(shown["holdings"]["totalCount"], 0);
}

#[tokio::test]
async fn a_rest_of_dust_is_none() {
    let app = App::start().await;
    let book = book_of(&app, "USD", json!({ "quantityDust": "0.0001" })).await;
    book.buy("2023-01-03", "COIN", "0.3333", "100").await;
    book.sell("2023-06-01", "COIN", "0.33335", "120").await;
    let shown = book.show("2024-03-14", None, "lots(openOnly: true) { totalCount }").await;
    assert_eq!(shown["lots"]["totalCount"], 0, "0.00005 beyond the holding are no short sale and no refusal");
}
