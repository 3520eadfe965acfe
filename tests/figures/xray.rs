//! Whether portfolios keep the firm's limits.

use serde_json::{Value, json};

use super::{rate, seven_thousand};
use crate::support::{App, Book, Client};

const SET: &str = "mutation($input: XrayRuleSetInput!) { xrayRuleSet(input: $input) {
    rule { id name measure key top atMost atLeast setAt setBy { name } } userErrors { code message field } } }";
const REMOVE: &str = "mutation($id: ID!) { xrayRuleRemove(id: $id) { rule { name } userErrors { code field } } }";
const FINDINGS: &str = "xray { rules { name threshold value { value unit method reasons { code } } key excess breached
    reason { code message } rule { name measure } } }";

async fn set(desk: &Client, input: Value) -> String {
    let answer = desk.run_with(SET, json!({ "input": input })).await;
    assert_eq!(answer.user_errors("xrayRuleSet"), [""; 0], "{}", answer.body);
    answer.text("/xrayRuleSet/rule/id")
}

async fn findings(book: &Book) -> Vec<Value> {
    let shown = book.show("2024-03-14", None, &format!("analytics {{ {FINDINGS} }}")).await;
    shown["analytics"]["xray"]["rules"].as_array().expect("rules").clone()
}

/// Of 7,000 euros: 1,000 each of a bond, a coin in dollars and dollars, 2,000 each of a castle in Germany, of the sector TECH, and euros.
async fn sevenths(app: &App) -> Book {
    let book = seven_thousand(app).await;
    let castle =
        json!({ "instrumentId": book.instrument("CASTLE"), "quantity": "1", "price": "2000", "currency": "EUR" });
    book.record("2024-03-04", json!({ "buy": castle })).await;
    book.price("2024-03-14", "CASTLE", "2000").await;
    book
}

#[tokio::test]
async fn each_measure_is_held_against_its_threshold() {
    let app = App::start().await;
    let book = sevenths(&app).await;
    let castle = json!(book.instrument("CASTLE"));
    let seventh = 1.0 / 7.0;
    // What is asked for, what is measured in sevenths, of what, and whether the limit is broken.
    let shares = [
        (json!({ "measure": "HOLDING_SHARE", "atMost": 0.25 }), 2.0, castle.clone(), json!(true)),
        (json!({ "measure": "HOLDING_SHARE", "atMost": 0.3 }), 2.0, castle, json!(false)),
        (json!({ "measure": "ASSET_TYPE_SHARE", "key": "CRYPTO", "atMost": 0.1 }), 1.0, json!("CRYPTO"), json!(true)),
        (json!({ "measure": "ASSET_TYPE_SHARE", "atMost": 0.3 }), 2.0, json!("PRIVATE"), json!(false)),
        (json!({ "measure": "ASSET_TYPE_SHARE", "key": "CASH", "atMost": 0.4 }), 3.0, json!("CASH"), json!(true)),
        (json!({ "measure": "SECTOR_SHARE", "atMost": 0.25 }), 2.0, json!("TECH"), json!(true)),
        // The bond and the coin are of no sector and no country: two sevenths that could be of any.
        (json!({ "measure": "SECTOR_SHARE", "atMost": 0.3 }), 2.0, json!("TECH"), Value::Null),
        (json!({ "measure": "SECTOR_SHARE", "key": "TECH", "atMost": 0.6 }), 2.0, json!("TECH"), json!(false)),
        (json!({ "measure": "COUNTRY_SHARE", "key": "DE", "atLeast": 0.1 }), 2.0, json!("DE"), json!(false)),
        (json!({ "measure": "COUNTRY_SHARE", "key": "US", "atMost": 0.1 }), 0.0, json!("US"), Value::Null),
        (json!({ "measure": "COUNTRY_SHARE", "key": "US", "atLeast": 0.5 }), 0.0, json!("US"), json!(true)),
        (json!({ "measure": "REGION_SHARE", "atMost": 0.25 }), 2.0, json!("EUROPE"), json!(true)),
        (json!({ "measure": "CURRENCY_SHARE", "key": "USD", "atMost": 0.3 }), 2.0, json!("USD"), json!(false)),
        (json!({ "measure": "CURRENCY_SHARE", "atMost": 0.7 }), 5.0, json!("EUR"), json!(true)),
        (json!({ "measure": "TOP_SHARE", "top": 2, "atMost": 0.5 }), 4.0, Value::Null, json!(true)),
        (json!({ "measure": "TOP_SHARE", "top": 100, "atMost": 1 }), 7.0, Value::Null, json!(false)),
        (json!({ "measure": "CASH_SHARE", "atLeast": 0.5 }), 3.0, json!("CASH"), json!(true)),
        (json!({ "measure": "CASH_SHARE", "atLeast": 0.05 }), 3.0, json!("CASH"), json!(false)),
    ];
    for (at, (input, ..)) in shares.iter().enumerate() {
        let mut input = input.clone();
        input["name"] = json!(format!("{at:02}"));
        set(&book.desk, input).await;
    }
    let found = findings(&book).await;
    assert_eq!(found.len(), shares.len());
    for (finding, (input, sevenths, key, breached)) in found.iter().zip(&shares) {
        let value = rate(&finding["value"]["value"]);
        assert!((value - sevenths * seventh).abs() < 1e-12, "{input}: {finding}");
        assert_eq!([&finding["key"], &finding["breached"]], [key, breached], "{input}: {finding}");
        assert_eq!(finding["rule"]["measure"], input["measure"]);
        let (sign, threshold) = match input["atMost"].as_f64() {
            Some(most) => (1.0, most),
            None => (-1.0, rate(&input["atLeast"])),
        };
        assert_eq!(rate(&finding["threshold"]), threshold);
        assert!((rate(&finding["excess"]) - sign * (value - threshold)).abs() < 1e-12, "{input}: {finding}");
        let code = match breached {
            Value::Bool(true) if sign > 0.0 => json!("ABOVE_LIMIT"),
            Value::Bool(true) => json!("BELOW_LIMIT"),
            Value::Bool(false) => Value::Null,
            _ => json!("UNCLASSIFIED"),
        };
        assert_eq!(finding["reason"]["code"], code, "{input}: {finding}");
    }
    assert_eq!(found[0]["reason"]["message"], "CASTLE is 0.285714, 0.25 at the most");
    assert_eq!(found[6]["value"]["reasons"], json!([{ "code": "UNCLASSIFIED" }]));
    assert_eq!(
        found[6]["reason"]["message"],
        "TECH is 0.285714, 0.3 at the most, and 0.285714 belongs to no part that is known"
    );
}

#[tokio::test]
async fn concentration_is_that_of_the_diversification() {
    let app = App::start().await;
    let book = sevenths(&app).await;
    set(&book.desk, json!({ "name": "a", "measure": "HERFINDAHL_INDEX", "atMost": 0.2 })).await;
    set(&book.desk, json!({ "name": "b", "measure": "EFFECTIVE_NUMBER", "atLeast": 5 })).await;
    set(&book.desk, json!({ "name": "c", "measure": "TOP_SHARE", "top": 3, "atMost": 0.8 })).await;
    let found = findings(&book).await;
    let value = |at: usize| rate(&found[at]["value"]["value"]);
    // (4 + 4 + 1 + 1 + 1) / 49; its inverse; (2 + 2 + 1) / 7.
    for (at, expected) in [11.0 / 49.0, 49.0 / 11.0, 5.0 / 7.0].into_iter().enumerate() {
        assert!((value(at) - expected).abs() < 1e-12, "{}", found[at]);
    }
    assert_eq!(
        [&found[0]["breached"], &found[1]["breached"], &found[2]["breached"]],
        [&json!(true), &json!(true), &json!(false)]
    );
    assert!((rate(&found[1]["excess"]) - (5.0 - 49.0 / 11.0)).abs() < 1e-12);
    let fields = "analytics { diversification(top: 3) { herfindahlIndex effectiveNumber topShare } }";
    let shown = book.show("2024-03-14", None, fields).await["analytics"]["diversification"].clone();
    assert_eq!(
        [&shown["herfindahlIndex"], &shown["effectiveNumber"], &shown["topShare"]].map(rate),
        [value(0), value(1), value(2)]
    );
}

#[tokio::test]
async fn what_has_no_value_breaks_nothing_and_keeps_nothing() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    set(&book.desk, json!({ "name": "Cash", "measure": "CASH_SHARE", "atLeast": 0.1 })).await;
    set(&book.desk, json!({ "name": "Top", "measure": "TOP_SHARE", "top": 1, "atMost": 0.5 })).await;
    let nothing = findings(&book).await;
    for finding in &nothing {
        assert_eq!([&finding["value"]["value"], &finding["excess"], &finding["breached"]], [&Value::Null; 3]);
        assert_eq!(finding["reason"]["code"], "ZERO_CAPITAL");
        assert_eq!(finding["value"]["reasons"], json!([{ "code": "ZERO_CAPITAL" }]));
    }
    assert_eq!(nothing[0]["reason"]["message"], "the value is 0: nothing is a share of it");
    // Who owes more than they have has no shares either.
    book.record("2024-02-01", json!({ "fee": { "amount": "5", "currency": "USD" } })).await;
    assert_eq!(findings(&book).await[0]["reason"]["code"], "NEGATIVE_CAPITAL");
    book.deposit("2024-02-01", "5", "USD").await;
    // One holding without a price leaves every share unknown.
    book.deposit("2024-03-01", "2000", "USD").await;
    book.buy("2024-03-01", "NEWCO", "10", "100").await;
    for finding in findings(&book).await {
        assert_eq!([&finding["value"]["value"], &finding["breached"]], [&Value::Null; 2]);
        assert_eq!(finding["reason"]["code"], "UNKNOWN_VALUE");
    }
    book.price("2024-03-01", "NEWCO", "300").await;
    let found = findings(&book).await;
    assert_eq!([&found[0]["value"]["value"], &found[1]["value"]["value"]].map(rate), [0.25, 0.75]);
    assert_eq!([&found[0]["breached"], &found[1]["breached"]], [&json!(false), &json!(true)]);
}

#[tokio::test]
async fn a_rule_is_set_replaced_and_removed() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    let desk = app.client("alpha", "advisor").await;
    let id =
        set(&desk, json!({ "name": " Technology ", "measure": "SECTOR_SHARE", "key": "TECH", "atMost": 0.25 })).await;
    let again = json!({ "name": "Technology", "measure": "TOP_SHARE", "top": 3, "atLeast": 0.1 });
    assert_eq!(set(&book.desk, again).await, id, "the same name keeps the id");
    set(&desk, json!({ "name": "Cash", "measure": "CASH_SHARE", "atLeast": 0.05 })).await;
    let listed = book.client.run("{ xrayRules { name measure key top atMost atLeast setBy { name } } }").await;
    let rule = |name: &str, measure: &str, top: Value, least: f64, by: &str| json!({ "name": name, "measure": measure, "key": null, "top": top, "atMost": null, "atLeast": least, "setBy": { "name": by } });
    let all = [
        rule("Cash", "CASH_SHARE", Value::Null, 0.05, "advisor"),
        rule("Technology", "TOP_SHARE", json!(3), 0.1, "admin"),
    ];
    assert_eq!(*listed.at("/xrayRules"), json!(all), "by name, for whoever reads portfolios");
    assert_eq!(*desk.run_with(REMOVE, json!({ "id": id })).await.at("/xrayRuleRemove/rule/name"), json!("Technology"));
    assert_eq!(desk.run_with(REMOVE, json!({ "id": id })).await.user_errors("xrayRuleRemove"), ["NOT_FOUND"]);
    let log = book.desk.run("{ auditLog(first: 100) { nodes { action before after } } }").await;
    let mut entries = log.at("/auditLog/nodes").as_array().expect("entries").clone();
    entries.retain(|entry| entry["action"].as_str().is_some_and(|action| action.starts_with("xrayRule")));
    let actions: Vec<&str> = entries.iter().filter_map(|entry| entry["action"].as_str()).collect();
    assert_eq!(actions, ["xrayRuleRemove", "xrayRuleSet", "xrayRuleSet", "xrayRuleSet"], "the latest first");
    assert!(entries[2]["before"].to_string().contains("TECH") && entries[0]["after"].is_null(), "{entries:?}");
    // Another firm has its own, and an investor sets none.
    let other = app.client("beta", "admin").await;
    assert_eq!(*other.run("{ xrayRules { id } }").await.at("/xrayRules"), json!([]));
    let input = json!({ "input": { "name": "x", "measure": "CASH_SHARE", "atLeast": 0.05 } });
    assert_eq!(book.client.run_with(SET, input).await.error_code(), "FORBIDDEN");
}

#[tokio::test]
async fn a_rule_that_makes_no_sense_is_refused_with_its_number() {
    let app = App::start().await;
    let desk = app.client("alpha", "admin").await;
    for (input, code, field, words) in [
        (json!({ "measure": "CASH_SHARE" }), "INVALID_INPUT", "input", "neither atMost nor atLeast"),
        (
            json!({ "measure": "CASH_SHARE", "atMost": 0.2, "atLeast": 0.1 }),
            "INVALID_INPUT",
            "input",
            "0.2 at the most and 0.1",
        ),
        (
            json!({ "measure": "CASH_SHARE", "atMost": 20 }),
            "INVALID_INPUT",
            "input.atMost",
            "20 is not between 0 and 1",
        ),
        (json!({ "measure": "CASH_SHARE", "atLeast": -0.1 }), "INVALID_INPUT", "input.atLeast", "-0.1 is not between"),
        (
            json!({ "measure": "EFFECTIVE_NUMBER", "atLeast": 0.5 }),
            "INVALID_INPUT",
            "input.atLeast",
            "0.5 is not between 1 and 10000",
        ),
        (json!({ "measure": "TOP_SHARE", "atMost": 0.5 }), "INVALID_INPUT", "input.top", "of how many"),
        (
            json!({ "measure": "TOP_SHARE", "top": 0, "atMost": 0.5 }),
            "INVALID_INPUT",
            "input.top",
            "0 is not between 1 and 100",
        ),
        (
            json!({ "measure": "TOP_SHARE", "top": 300, "atMost": 0.5 }),
            "INVALID_INPUT",
            "input.top",
            "300 is not between",
        ),
        (json!({ "measure": "CASH_SHARE", "top": 3, "atMost": 0.5 }), "INVALID_INPUT", "input.top", "largest 3"),
        (json!({ "measure": "CASH_SHARE", "key": "EUR", "atMost": 0.5 }), "INVALID_INPUT", "input.key", "EUR"),
        (
            json!({ "measure": "SECTOR_SHARE", "key": "MINES", "atMost": 0.5 }),
            "NOT_FOUND",
            "input.key",
            "no sector MINES",
        ),
        (json!({ "measure": "COUNTRY_SHARE", "key": "ZZ", "atMost": 0.5 }), "NOT_FOUND", "input.key", "no country ZZ"),
        (json!({ "measure": "REGION_SHARE", "key": "EU", "atMost": 0.5 }), "NOT_FOUND", "input.key", "no region EU"),
        (
            json!({ "measure": "CURRENCY_SHARE", "key": "euro", "atMost": 0.5 }),
            "NOT_FOUND",
            "input.key",
            "no currency euro",
        ),
        (
            json!({ "measure": "CURRENCY_SHARE", "key": "SEK", "atMost": 0.5 }),
            "NOT_FOUND",
            "input.key",
            "no currency SEK",
        ),
        (json!({ "measure": "ASSET_TYPE_SHARE", "key": "SHARE", "atMost": 0.5 }), "NOT_FOUND", "input.key", "SHARE"),
        (json!({ "name": "", "measure": "CASH_SHARE", "atMost": 0.5 }), "INVALID_INPUT", "input.name", "0 characters"),
    ] {
        let mut input = input;
        if input["name"].is_null() {
            input["name"] = json!("x");
        }
        let answer = desk.run_with(SET, json!({ "input": input })).await;
        let error = answer.at("/xrayRuleSet/userErrors/0").clone();
        let path: Vec<&str> = error["field"].as_array().expect("a path").iter().filter_map(Value::as_str).collect();
        assert_eq!(
            (error["code"].as_str(), path.join(".")),
            (Some(code), field.to_owned()),
            "{input}: {}",
            answer.body
        );
        assert!(error["message"].as_str().expect("words").contains(words), "{words}: {}", answer.body);
    }
    assert_eq!(*desk.run("{ xrayRules { id } }").await.at("/xrayRules"), json!([]));
}
