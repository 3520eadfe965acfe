//! What is refused of the further activities, with the field that is to blame and the numbers; nothing is left behind.

use serde_json::{Value, json};

use crate::support::{App, Book, Inside};

const CALL: &str = "ACME  240315C00250000";

/// Day, activity, code, field below the input, and what the message says.
type Case = (&'static str, Value, &'static str, &'static str, &'static [&'static str]);

fn with(mut input: Value, field: &str, value: Value) -> Value {
    input[field] = value;
    input
}

fn lots(book: &Book) -> Vec<Case> {
    let sale = |quantity: &str, lots: Value| json!({ "sell": with(book.trade("ACME", quantity, "260"), "lots", lots) });
    let on = |day: &str| json!([{ "openedOn": day }]);
    vec![
        ("2024-03-08", sale("1", on("2024-03-02")), "NO_MATCHING_LOT", "activity.sell.lots", &["2024-03-02", "ACME"]),
        ("2024-03-08", sale("2", on("2024-03-01")), "LOT_USED", "activity.sell.lots", &["takes 2", "1 is left"]),
        (
            "2024-03-08",
            sale("1", json!([{ "unitCost": "250" }])),
            "AMBIGUOUS_LOTS",
            "activity.sell.lots",
            &["takes 1", "3 in 2 lots"],
        ),
        (
            "2024-03-08",
            sale("2", json!([{ "openedOn": "2024-03-04", "quantity": "1" }])),
            "LOT_PICKS_DIFFER",
            "activity.sell.lots",
            &["picks 1 of the 2"],
        ),
        (
            "2024-03-08",
            sale("2", json!([{ "openedOn": "2024-03-04", "quantity": "-1" }])),
            "INVALID_INPUT",
            "activity.sell.lots",
            &["-1"],
        ),
    ]
}

fn trades(book: &Book) -> Vec<Case> {
    let trade = |quantity: &str| book.trade("ACME", quantity, "260");
    let both = with(trade("1"), "total", json!("260"));
    let neither = with(trade("1"), "price", Value::Null);
    let settled = with(trade("1"), "settlement", json!({ "currency": "EUR", "rate": "0" }));
    vec![
        (
            "2024-03-08",
            json!({ "shortSell": trade("2") }),
            "HOLDS_LONG",
            "activity.shortSell.quantity",
            &["2", "holds 3"],
        ),
        (
            "2024-03-08",
            json!({ "cover": trade("1") }),
            "INSUFFICIENT_QUANTITY",
            "activity.cover.quantity",
            &["covers 1", "is short 0"],
        ),
        (
            "2024-03-08",
            json!({ "maturity": trade("4") }),
            "INSUFFICIENT_QUANTITY",
            "activity.maturity.quantity",
            &["redeems 4", "holds 3"],
        ),
        ("2024-03-08", json!({ "buy": both }), "INVALID_INPUT", "activity.buy.total", &["price and total"]),
        ("2024-03-08", json!({ "cover": neither }), "INVALID_INPUT", "activity.cover.price", &["neither"]),
        (
            "2024-03-08",
            json!({ "buy": with(with(trade("1"), "price", Value::Null), "total", json!("-5")) }),
            "INVALID_INPUT",
            "activity.buy.total",
            &["-5"],
        ),
        ("2024-03-08", json!({ "sell": settled }), "INVALID_INPUT", "activity.sell.settlement.rate", &["0"]),
        (
            "2024-03-08",
            json!({ "buy": with(trade("1"), "accruedInterest", json!("-2")) }),
            "INVALID_INPUT",
            "activity.buy.accruedInterest",
            &["-2"],
        ),
        (
            "2024-03-08",
            json!({ "buy": with(trade("1"), "instrumentId", json!(book.instrument("INDX"))) }),
            "INVALID_INPUT",
            "activity.buy.instrumentId",
            &["INDX", "index"],
        ),
    ]
}

fn income(book: &Book) -> Vec<Case> {
    let dividend = |ex: &str, pay: &str| {
        json!({ "dividend": { "instrumentId": book.instrument("ACME"), "amount": "10", "currency": "USD",
            "exDate": ex, "payDate": pay } })
    };
    let units = |quantity: &str, value: &str| json!({ "instrumentId": book.instrument("COIN"), "quantity": quantity, "value": value, "currency": "USD" });
    vec![
        (
            "2024-03-08",
            dividend("2024-03-16", "2024-03-20"),
            "FUTURE_DATE",
            "activity.dividend.exDate",
            &["2024-03-16", "2024-03-15"],
        ),
        (
            "2024-03-08",
            dividend("2024-03-07", "2024-03-06"),
            "SETTLES_EARLY",
            "activity.dividend.payDate",
            &["2024-03-06", "2024-03-07"],
        ),
        (
            "2024-03-08",
            dividend("2024-03-11", "2024-03-12"),
            "INVALID_INPUT",
            "activity.dividend.exDate",
            &["2024-03-11", "2024-03-08"],
        ),
        (
            "2024-03-08",
            json!({ "dividendReinvested": { "instrumentId": book.instrument("ACME"), "amount": "10", "taxWithheld": "10",
                "currency": "USD", "quantity": "1" } }),
            "INVALID_INPUT",
            "activity.dividendReinvested.amount",
            &["brings 0"],
        ),
        (
            "2024-03-08",
            json!({ "dividendReinvested": { "instrumentId": book.instrument("ACME"), "amount": "10", "currency": "USD",
                "quantity": "0" } }),
            "INVALID_INPUT",
            "activity.dividendReinvested.quantity",
            &["quantity of 0"],
        ),
        ("2024-03-08", json!({ "staking": units("0", "5") }), "INVALID_INPUT", "activity.staking.quantity", &["0"]),
        ("2024-03-08", json!({ "airdrop": units("1", "-5") }), "INVALID_INPUT", "activity.airdrop.value", &["-5"]),
        (
            "2024-03-08",
            json!({ "deposit": { "amount": "1", "currency": "USD", "settlement": { "currency": "XXX", "rate": "1" } } }),
            "NOT_FOUND",
            "activity.deposit.settlement.currency",
            &["XXX"],
        ),
    ]
}

fn transfers(book: &Book) -> Vec<Case> {
    let acme = book.instrument("ACME");
    let units = |to: &str, quantity: &str| json!({ "transfer": { "instrumentId": acme, "quantity": quantity, "toAccountId": to } });
    let other = book.second.as_deref().expect("a second account");
    let nobodys = "acc_00000000000000000000000000000007";
    vec![
        ("2024-03-08", units(&book.account, "1"), "SELF_TRANSFER", "activity.transfer.toAccountId", &["transfers 1"]),
        (
            "2024-03-08",
            json!({ "cashTransfer": { "amount": "5", "currency": "USD", "toAccountId": book.account } }),
            "SELF_TRANSFER",
            "activity.cashTransfer.toAccountId",
            &["transfers 5"],
        ),
        ("2024-03-08", units(nobodys, "1"), "NOT_FOUND", "activity.transfer.toAccountId", &["account"]),
        ("2024-03-08", units(other, "4"), "INSUFFICIENT_QUANTITY", "activity.transfer.quantity", &["4", "holds 3"]),
        (
            "2024-03-08",
            json!({ "transferOut": { "instrumentId": acme, "quantity": "1", "currency": "USD", "fee": "-1" } }),
            "INVALID_INPUT",
            "activity.transferOut.fee",
            &["-1"],
        ),
        (
            "2024-03-08",
            json!({ "transferIn": { "instrumentId": acme, "quantity": "1", "total": "1", "currency": "USD",
                "openedOn": "2024-03-09" } }),
            "INVALID_INPUT",
            "activity.transferIn.openedOn",
            &["2024-03-09", "2024-03-08"],
        ),
    ]
}

fn corporate_actions(book: &Book) -> Vec<Case> {
    let (acme, newco) = (book.instrument("ACME"), book.instrument("NEWCO"));
    let unknown = "ins_00000000000000000000000000000007";
    let spin_off = |held: &str, received: &str, fraction: &str| {
        json!({ "spinOff": { "instrumentId": held, "receivedInstrumentId": received, "quantity": "1",
            "costFraction": fraction } })
    };
    let exchange = |new: &str| json!({ "instrumentId": newco, "numerator": new, "denominator": "1" });
    let merger = |into: Value, cash: Value| json!({ "merger": { "instrumentId": acme, "into": into, "cash": cash } });
    let cash = |field: &str, value: &str| with(json!({ "amount": "1", "currency": "USD" }), field, json!(value));
    vec![
        (
            "2024-03-08",
            spin_off(acme, acme, "0.5"),
            "SAME_INSTRUMENT",
            "activity.spinOff.receivedInstrumentId",
            &["ACME"],
        ),
        ("2024-03-08", spin_off(acme, newco, "1.5"), "INVALID_INPUT", "activity.spinOff.costFraction", &["1.5"]),
        (
            "2024-03-08",
            spin_off(newco, acme, "0.5"),
            "INSUFFICIENT_QUANTITY",
            "activity.spinOff.instrumentId",
            &["holds none", "NEWCO"],
        ),
        (
            "2024-03-08",
            spin_off(acme, unknown, "0.5"),
            "NOT_FOUND",
            "activity.spinOff.receivedInstrumentId",
            &["instrument"],
        ),
        ("2024-03-08", merger(Value::Null, Value::Null), "INVALID_INPUT", "activity.merger", &["units, cash or both"]),
        (
            "2024-03-08",
            merger(exchange("0"), Value::Null),
            "INVALID_INPUT",
            "activity.merger.into.numerator",
            &["0 for 1"],
        ),
        (
            "2024-03-08",
            merger(exchange("1"), json!({ "amount": "1", "currency": "USD" })),
            "INVALID_INPUT",
            "activity.merger.cash",
            &["costFraction", "receivedPrice"],
        ),
        (
            "2024-03-08",
            merger(exchange("1"), cash("receivedPrice", "0")),
            "INVALID_INPUT",
            "activity.merger.cash.receivedPrice",
            &["0"],
        ),
        (
            "2024-03-08",
            merger(exchange("1"), cash("costFraction", "-0.1")),
            "INVALID_INPUT",
            "activity.merger.cash.costFraction",
            &["-0.1"],
        ),
        (
            "2024-03-08",
            json!({ "instrumentChange": { "instrumentId": acme, "intoInstrumentId": acme } }),
            "SAME_INSTRUMENT",
            "activity.instrumentChange.intoInstrumentId",
            &["ACME"],
        ),
        (
            "2024-03-08",
            json!({ "rightsExercise": { "instrumentId": acme, "quantity": "1", "receivedInstrumentId": newco,
                "receivedQuantity": "0", "amount": "1", "currency": "USD" } }),
            "INVALID_INPUT",
            "activity.rightsExercise.receivedQuantity",
            &["quantity of 0"],
        ),
        (
            "2024-03-08",
            json!({ "returnOfCapital": { "instrumentId": newco, "amount": "1", "currency": "USD" } }),
            "INSUFFICIENT_QUANTITY",
            "activity.returnOfCapital.instrumentId",
            &["holds none"],
        ),
        (
            "2024-03-08",
            json!({ "bonusIssue": { "instrumentId": acme, "quantity": "0" } }),
            "INVALID_INPUT",
            "activity.bonusIssue.quantity",
            &["quantity of 0"],
        ),
    ]
}

fn options(book: &Book) -> Vec<Case> {
    let event = |symbol: &str, quantity: &str| json!({ "instrumentId": book.instrument(symbol), "quantity": quantity });
    vec![
        (
            "2024-03-08",
            json!({ "optionExercise": event(CALL, "2") }),
            "INSUFFICIENT_QUANTITY",
            "activity.optionExercise.quantity",
            &["exercises 2", "holds 1"],
        ),
        (
            "2024-03-08",
            json!({ "optionAssignment": event(CALL, "1") }),
            "INSUFFICIENT_QUANTITY",
            "activity.optionAssignment.quantity",
            &["is assigned 1", "is short 0"],
        ),
        (
            "2024-03-08",
            json!({ "optionExpiry": event("ACME", "1") }),
            "NOT_AN_OPTION",
            "activity.optionExpiry.instrumentId",
            &["ACME"],
        ),
        (
            "2024-03-08",
            json!({ "optionExpiry": event(CALL, "3") }),
            "INSUFFICIENT_QUANTITY",
            "activity.optionExpiry.quantity",
            &["3", "1"],
        ),
    ]
}

async fn opened(app: &App) -> Book {
    let book = Book::with_accounts(app.client("alpha", "investor1").await, "USD", &["Main", "Other"]).await;
    book.deposit("2024-03-01", "1000", "USD").await;
    book.buy("2024-03-01", "ACME", "1", "250").await;
    book.buy("2024-03-04", "ACME", "2", "250").await;
    book.buy("2024-03-04", CALL, "1", "3").await;
    book
}

#[track_caller]
fn check(answer: &crate::support::Answer, activity: &Value, code: &str, field: &str, says: &[&str]) {
    let errors = answer.at("/transactionRecord/userErrors").as_array().expect("a list").clone();
    assert_eq!(errors.len(), 1, "{activity}: {}", answer.body);
    let path: Vec<&str> = errors[0]["field"].as_array().expect("a path").iter().filter_map(Value::as_str).collect();
    let message = errors[0]["message"].as_str().expect("a message");
    assert_eq!(errors[0]["code"], code, "{activity}: {message}");
    assert_eq!(path.join("."), format!("input.{field}"), "{activity}: {message}");
    for part in says {
        assert!(message.contains(part), "\"{message}\" should say {part}");
    }
}

#[tokio::test]
async fn a_refusal_names_code_field_and_numbers_and_leaves_nothing() {
    let app = App::start().await;
    let book = opened(&app).await;
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    for cases in [lots, trades, income, transfers, corporate_actions, options] {
        for (day, activity, code, field, says) in cases(&book) {
            let answer = book.try_record(day, &activity).await;
            check(&answer, &activity, code, field, says);
        }
    }
    assert_eq!(inside.row_counts().await, before);
}

#[tokio::test]
async fn a_settlement_before_its_trade_is_refused() {
    let app = App::start().await;
    let book = opened(&app).await;
    let activity = json!({ "buy": book.trade("ACME", "1", "250") });
    let input = with(book.input("2024-03-08", &activity), "settlementDate", json!("2024-03-07"));
    let answer = book.client.run_with(crate::support::RECORD, json!({ "input": input })).await;
    check(&answer, &activity, "SETTLES_EARLY", "settlementDate", &["2024-03-07", "2024-03-08"]);
}

#[tokio::test]
async fn an_exercise_after_the_last_day_is_refused() {
    let app = App::start().await;
    let book = opened(&app).await;
    app.clock.advance(chrono::TimeDelta::days(3));
    let book = book.with_client(app.client("alpha", "investor1").await);
    let activity = json!({ "optionExercise": { "instrumentId": book.instrument(CALL), "quantity": "1" } });
    let answer = book.try_record("2024-03-18", &activity).await;
    check(&answer, &activity, "OPTION_EXPIRED", "tradeDate", &["2024-03-15", "2024-03-18"]);
}

#[tokio::test]
async fn a_day_that_no_book_goes_to_is_the_callers_mistake() {
    let app = App::start().await;
    let book = opened(&app).await;
    for day in ["9999-01-01", "1899-12-31", "2200-01-01"] {
        let activity = json!({ "dividend": { "instrumentId": book.instrument("ACME"), "amount": "10", "currency": "USD",
            "payDate": day } });
        let answer = book.try_record("2024-03-08", &activity).await;
        assert_eq!(answer.error_code(), "BAD_USER_INPUT");
        assert!(answer.body.to_string().contains(day), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_lot_that_an_earlier_sale_used_is_not_used_again() {
    let app = App::start().await;
    let book = opened(&app).await;
    let sale = json!({ "sell": with(book.trade("ACME", "1", "260"), "lots", json!([{ "openedOn": "2024-03-01" }])) });
    book.record("2024-03-05", sale.clone()).await;
    let again = book.try_record("2024-03-06", &sale).await;
    let code = again.user_errors("transactionRecord");
    assert!(["LOT_USED", "NO_MATCHING_LOT"].contains(&code[0].as_str()), "{}", again.body);
}
