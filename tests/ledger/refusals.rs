//! What a ledger refuses, with the field that is to blame and the number that is wrong; a refusal leaves nothing behind.

use serde_json::{Value, json};

use crate::support::{App, Book, Inside};

struct Case {
    day: &'static str,
    activity: Value,
    code: &'static str,
    field: &'static str,
    says: &'static [&'static str],
}

fn case(
    day: &'static str,
    activity: Value,
    code: &'static str,
    field: &'static str,
    says: &'static [&'static str],
) -> Case {
    Case { day, activity, code, field, says }
}

fn with(mut trade: Value, field: &str, value: &str) -> Value {
    trade[field] = json!(value);
    trade
}

fn charges(acme: &str) -> Vec<Case> {
    let cash = |amount: &str, currency: &str| json!({ "amount": amount, "currency": currency });
    vec![
        case(
            "2024-03-08",
            json!({ "deposit": cash("0", "USD") }),
            "INVALID_INPUT",
            "activity.deposit.amount",
            &["amount of 0"],
        ),
        case(
            "2024-03-08",
            json!({ "withdrawal": cash("-3", "USD") }),
            "INVALID_INPUT",
            "activity.withdrawal.amount",
            &["-3"],
        ),
        case(
            "2024-03-08",
            json!({ "fee": cash("0", "USD") }),
            "INVALID_INPUT",
            "activity.fee.amount",
            &["amount of 0"],
        ),
        case(
            "2024-03-08",
            json!({ "interest": cash("0", "USD") }),
            "INVALID_INPUT",
            "activity.interest.amount",
            &["0"],
        ),
        case("2024-03-08", json!({ "deposit": cash("1", "XXX") }), "NOT_FOUND", "activity.deposit.currency", &["XXX"]),
        case(
            "2024-03-08",
            json!({ "deposit": cash("1", "KWD") }),
            "MISSING_EXCHANGE_RATE",
            "activity.deposit.currency",
            &["KWD", "2024-03-08"],
        ),
        case(
            "2022-12-30",
            json!({ "deposit": cash("1", "USD") }),
            "MISSING_EXCHANGE_RATE",
            "activity.deposit.currency",
            &["USD", "2022-12-30"],
        ),
        case(
            "2024-03-16",
            json!({ "deposit": cash("1", "USD") }),
            "FUTURE_DATE",
            "tradeDate",
            &["2024-03-16", "2024-03-15"],
        ),
        case(
            "2024-03-08",
            json!({ "dividend": { "instrumentId": acme, "amount": "1", "taxWithheld": "-1", "currency": "USD" } }),
            "INVALID_INPUT",
            "activity.dividend.taxWithheld",
            &["-1"],
        ),
        case(
            "2024-03-08",
            json!({ "fxConversion": { "soldAmount": "1", "soldCurrency": "USD", "boughtAmount": "1",
                "boughtCurrency": "USD" } }),
            "INVALID_INPUT",
            "activity.fxConversion.boughtCurrency",
            &["USD to itself"],
        ),
        case(
            "2024-03-08",
            json!({ "fxConversion": { "soldAmount": "1", "soldCurrency": "USD", "boughtAmount": "0",
                "boughtCurrency": "EUR" } }),
            "INVALID_INPUT",
            "activity.fxConversion.boughtAmount",
            &["0"],
        ),
        case(
            "2024-03-08",
            json!({ "split": { "instrumentId": acme, "numerator": "0", "denominator": "1" } }),
            "INVALID_INPUT",
            "activity.split.numerator",
            &["0 for 1"],
        ),
        case(
            "2024-03-08",
            json!({ "split": { "instrumentId": acme, "numerator": "1", "denominator": "-2" } }),
            "INVALID_INPUT",
            "activity.split.denominator",
            &["1 for -2"],
        ),
    ]
}

fn trades(book: &Book) -> Vec<Case> {
    let trade = book.trade("ACME", "1", "250");
    let unknown = "ins_00000000000000000000000000000007";
    vec![
        case(
            "2024-03-08",
            json!({ "sell": with(trade.clone(), "quantity", "2.5") }),
            "INSUFFICIENT_QUANTITY",
            "activity.sell.quantity",
            &["2.5", "holds 2", "2024-03-08", "ACME"],
        ),
        case(
            "2024-02-29",
            json!({ "sell": trade }),
            "INSUFFICIENT_QUANTITY",
            "activity.sell.quantity",
            &["sells 1", "holds 0", "2024-02-29"],
        ),
        case(
            "2024-03-08",
            json!({ "buy": with(trade.clone(), "price", "-1.25") }),
            "INVALID_INPUT",
            "activity.buy.price",
            &["-1.25"],
        ),
        case(
            "2024-03-08",
            json!({ "buy": with(trade.clone(), "quantity", "0") }),
            "INVALID_INPUT",
            "activity.buy.quantity",
            &["quantity of 0"],
        ),
        case(
            "2024-03-08",
            json!({ "sell": with(trade.clone(), "quantity", "-1") }),
            "INVALID_INPUT",
            "activity.sell.quantity",
            &["-1"],
        ),
        case(
            "2024-03-08",
            json!({ "buy": with(trade.clone(), "fee", "-0.01") }),
            "INVALID_INPUT",
            "activity.buy.fee",
            &["-0.01"],
        ),
        case(
            "2024-03-08",
            json!({ "buy": with(trade.clone(), "currency", "KWD") }),
            "MISSING_EXCHANGE_RATE",
            "activity.buy.currency",
            &["KWD", "2024-03-08"],
        ),
        case(
            "2024-03-08",
            json!({ "buy": with(trade.clone(), "instrumentId", unknown) }),
            "NOT_FOUND",
            "activity.buy.instrumentId",
            &["instrument"],
        ),
        case(
            "2024-03-08",
            json!({ "buy": with(with(trade.clone(), "quantity", "79228162514264337593543950335"), "price", "10") }),
            "AMOUNT_TOO_LARGE",
            "activity.buy",
            &["79228162514264337593543950335"],
        ),
        case(
            "2024-03-08",
            json!({ "deposit": { "amount": "79228162514264337593543950335", "currency": "USD" } }),
            "AMOUNT_TOO_LARGE",
            "activity.deposit",
            &["79228162514264337593543950335"],
        ),
    ]
}

#[tokio::test]
async fn a_refusal_names_code_field_and_number_and_leaves_nothing() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    book.deposit("2024-03-01", "1000", "USD").await;
    book.buy("2024-03-01", "ACME", "2", "250").await;
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let mut cases = charges(book.instrument("ACME"));
    cases.extend(trades(&book));
    for case in cases {
        let answer = book.try_record(case.day, &case.activity).await;
        let errors = answer.at("/transactionRecord/userErrors").as_array().expect("a list").clone();
        assert_eq!(errors.len(), 1, "{}: {}", case.activity, answer.body);
        let field: Vec<&str> =
            errors[0]["field"].as_array().expect("a path").iter().filter_map(Value::as_str).collect();
        let message = errors[0]["message"].as_str().expect("a message");
        assert_eq!(errors[0]["code"], case.code, "{}: {message}", case.activity);
        assert_eq!(field.join("."), format!("input.{}", case.field), "{}: {message}", case.activity);
        for part in case.says {
            assert!(message.contains(part), "\"{message}\" should say {part}");
        }
        assert!(answer.at("/transactionRecord/transaction").is_null());
    }
    assert_eq!(inside.row_counts().await, before);
}

#[tokio::test]
async fn an_id_that_is_none_or_of_another_kind_is_the_callers_mistake() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    for id in [book.portfolio.as_str(), "ACME", "ins_1", ""] {
        let mut trade = book.trade("ACME", "1", "250");
        trade["instrumentId"] = json!(id);
        let answer = book.try_record("2024-03-08", &json!({ "buy": trade })).await;
        assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{id}");
        assert!(
            answer.body["errors"][0]["message"].as_str().expect("a message").contains("instrumentId"),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_number_that_a_decimal_cannot_hold_is_the_callers_mistake() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    for amount in
        [json!("79228162514264337593543950336"), json!("1e3"), json!(5), json!("NaN"), json!("1,5"), json!("")]
    {
        let answer =
            book.try_record("2024-03-08", &json!({ "deposit": { "amount": amount, "currency": "USD" } })).await;
        assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{amount}: {}", answer.body);
    }
}

#[tokio::test]
async fn eighteen_decimals_are_kept_and_multiplied() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2024-03-01", "COIN", "1.123456789012345678", "3012.12345678").await;
    let fields = "holdings { nodes { quantity costLocal { amount } } } transactions { nodes { quantity price } }";
    let shown = book.show("2024-03-01", None, fields).await;
    assert_eq!(shown["holdings"]["nodes"][0]["quantity"], "1.123456789012345678");
    assert_eq!(shown["transactions"]["nodes"][0]["quantity"], "1.123456789012345678");
    // 1.123456789012345678 × 3012.12345678 = 3383.9905468…; cost is posted in cents.
    let cost = shown["holdings"]["nodes"][0]["costLocal"]["amount"].as_str().expect("a text").to_owned();
    assert!(cost.starts_with("3383.99"), "{cost}");
}

#[tokio::test]
async fn a_sale_before_a_later_sale_may_not_take_what_that_one_needs() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2024-03-01", "ACME", "10", "250").await;
    book.sell("2024-03-12", "ACME", "8", "255").await;
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let answer = book.try_record("2024-03-05", &json!({ "sell": book.trade("ACME", "3", "253") })).await;
    let error = answer.at("/transactionRecord/userErrors/0");
    assert_eq!(error["code"], "INSUFFICIENT_QUANTITY");
    assert_eq!(error["field"], json!(["input", "tradeDate"]));
    let message = error["message"].as_str().expect("a message");
    for part in ["another transaction", "sells 8", "holds 7", "2024-03-12"] {
        assert!(message.contains(part), "\"{message}\" should say {part}");
    }
    assert_eq!(inside.row_counts().await, before);
    // Two are left for it.
    book.sell("2024-03-05", "ACME", "2", "253").await;
}
