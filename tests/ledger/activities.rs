//! What each activity does to holdings and cash, in a portfolio with two accounts.

use serde_json::{Value, json};

use crate::support::{App, Book};

/// What is recorded in the first account, and what there is on a day after that.
struct Case {
    name: &'static str,
    steps: Vec<(&'static str, Value)>,
    then: Vec<(&'static str, &'static [&'static str])>,
}

fn case(name: &'static str, steps: Vec<(&'static str, Value)>, then: &'static [&'static str]) -> Case {
    Case { name, steps, then: vec![("2024-03-14", then)] }
}

fn dollars(mut activity: Value) -> Value {
    let object = activity.as_object_mut().and_then(|named| named.values_mut().next()).expect("an activity");
    object["currency"] = json!("USD");
    activity
}

fn trades(book: &Book) -> Vec<Case> {
    let (acme, note) = (book.instrument("ACME"), book.instrument("NOTE"));
    let bought = || ("2024-03-01", json!({ "buy": book.trade("ACME", "2", "250") }));
    let euros = |quantity: &str, price: &str| json!({ "instrumentId": note, "quantity": quantity, "price": price, "currency": "EUR" });
    vec![
        case(
            "a total in place of a price",
            vec![(
                "2024-03-01",
                dollars(json!({ "buy": { "instrumentId": acme, "quantity": "2", "total": "501", "fee": "1" } })),
            )],
            &["ACME@Main 2 cost 501 gain 0 income 0", "USD@Main 9499"],
        ),
        case(
            "accrued interest",
            vec![(
                "2024-03-01",
                dollars(json!({ "buy": { "instrumentId": acme, "quantity": "1", "price": "250",
                    "accruedInterest": "3" } })),
            )],
            &["ACME@Main 1 cost 250 gain 0 income -3", "USD@Main 9747"],
        ),
        case(
            "a short sale and its cover",
            vec![
                ("2024-03-01", json!({ "shortSell": book.trade("ACME", "2", "250") })),
                ("2024-03-04", json!({ "cover": book.trade("ACME", "1", "240") })),
            ],
            &["ACME@Main -1 cost -250 gain 10 income 0", "USD@Main 10260"],
        ),
        case(
            "bonds that are called and mature",
            vec![
                ("2024-03-01", json!({ "buy": euros("1000", "99") })),
                ("2024-03-05", json!({ "call": euros("400", "101") })),
                ("2024-03-06", json!({ "maturity": euros("600", "100") })),
            ],
            &["EUR@Main 14", "NOTE@Main 0 cost 0 gain 14 income 0", "USD@Main 10000"],
        ),
        case(
            "a lot that was chosen",
            vec![
                bought(),
                ("2024-03-04", json!({ "buy": book.trade("ACME", "2", "240") })),
                (
                    "2024-03-05",
                    dollars(json!({ "sell": { "instrumentId": acme, "quantity": "1", "price": "260",
                        "lots": [{ "openedOn": "2024-03-04", "unitCost": "240" }] } })),
                ),
            ],
            &["ACME@Main 3 cost 740 gain 20 income 0", "USD@Main 9280"],
        ),
        case(
            "a trade in another currency than the instrument's",
            vec![(
                "2024-03-01",
                json!({ "buy": { "instrumentId": acme, "quantity": "1", "price": "100", "currency": "EUR" } }),
            )],
            &["ACME@Main 1 cost 113.34 gain 0 income 0", "EUR@Main -100", "USD@Main 10000"],
        ),
        case(
            "a trade at a booked rate to the instrument's currency",
            vec![(
                "2024-03-01",
                json!({ "buy": { "instrumentId": acme, "quantity": "1", "price": "100", "currency": "EUR",
                    "settlement": { "currency": "USD", "rate": "1.2" } } }),
            )],
            &["ACME@Main 1 cost 120 gain 0 income 0", "EUR@Main -100", "USD@Main 10000"],
        ),
    ]
}

fn income(book: &Book) -> Vec<Case> {
    let (acme, coin) = (book.instrument("ACME"), book.instrument("COIN"));
    let bought = || ("2024-03-01", json!({ "buy": book.trade("ACME", "2", "250") }));
    let received = |instrument: &str, quantity: &str, value: &str| json!({ "instrumentId": instrument, "quantity": quantity, "value": value, "currency": "USD" });
    vec![
        Case {
            name: "a dividend between ex-date and payment",
            steps: vec![
                bought(),
                (
                    "2024-03-14",
                    dollars(json!({ "dividend": { "instrumentId": acme, "amount": "10", "taxWithheld": "1.5",
                        "exDate": "2024-03-05", "payDate": "2024-03-12" } })),
                ),
            ],
            then: vec![
                ("2024-03-04", &["ACME@Main 2 cost 500 gain 0 income 0", "USD@Main 9500"]),
                ("2024-03-05", &["ACME@Main 2 cost 500 gain 0 income 10", "USD@Main 9508.5 unsettled 8.5"]),
                ("2024-03-12", &["ACME@Main 2 cost 500 gain 0 income 10", "USD@Main 9508.5"]),
            ],
        },
        case(
            "a dividend that is reinvested",
            vec![
                bought(),
                (
                    "2024-03-05",
                    dollars(
                        json!({ "dividendReinvested": { "instrumentId": acme, "amount": "100", "taxWithheld": "15",
                        "quantity": "0.34" } }),
                    ),
                ),
            ],
            &["ACME@Main 2.34 cost 585 gain 0 income 100", "USD@Main 9500"],
        ),
        case(
            "income in units",
            vec![
                bought(),
                ("2024-03-05", json!({ "stockDividend": received(acme, "1", "240") })),
                ("2024-03-05", json!({ "staking": received(coin, "0.5", "20") })),
                ("2024-03-06", json!({ "airdrop": received(coin, "1.5", "0") })),
            ],
            &["ACME@Main 3 cost 740 gain 0 income 240", "COIN@Main 2 cost 20 gain 0 income 20", "USD@Main 9500"],
        ),
        case(
            "a return of capital, beyond cost a gain",
            vec![
                bought(),
                ("2024-03-05", dollars(json!({ "returnOfCapital": { "instrumentId": acme, "amount": "510" } }))),
            ],
            &["ACME@Main 2 cost 0 gain 10 income 0", "USD@Main 10010"],
        ),
        case(
            "cash in and out with a fee",
            vec![
                ("2024-03-04", dollars(json!({ "deposit": { "amount": "100", "fee": "1" } }))),
                (
                    "2024-03-05",
                    dollars(json!({ "withdrawal": { "amount": "50", "fee": "2",
                    "settlement": { "currency": "EUR", "rate": "0.9" } } })),
                ),
            ],
            &["USD@Main 10047"],
        ),
    ]
}

fn transfers(book: &Book) -> Vec<Case> {
    let acme = book.instrument("ACME");
    let other = book.second.as_ref().expect("a second account");
    let bought = || ("2024-03-01", json!({ "buy": book.trade("ACME", "2", "250") }));
    vec![
        case(
            "cash to another account",
            vec![("2024-03-04", dollars(json!({ "cashTransfer": { "amount": "100.25", "toAccountId": other } })))],
            &["USD@Main 9899.75", "USD@Other 100.25"],
        ),
        case(
            "units to another account",
            vec![
                bought(),
                (
                    "2024-03-04",
                    json!({ "transfer": { "instrumentId": acme, "quantity": "0.5", "toAccountId": other } }),
                ),
            ],
            &["ACME@Main 1.5 cost 375 gain 0 income 0", "ACME@Other 0.5 cost 125 gain 0 income 0", "USD@Main 9500"],
        ),
        case(
            "units from outside and to the outside",
            vec![
                (
                    "2024-03-04",
                    dollars(json!({ "transferIn": { "instrumentId": acme, "quantity": "4", "total": "402", "fee": "2",
                        "openedOn": "2020-02-29" } })),
                ),
                (
                    "2024-03-05",
                    dollars(json!({ "transferOut": { "instrumentId": acme, "quantity": "1", "fee": "3",
                        "lots": [{ "openedOn": "2020-02-29" }] } })),
                ),
            ],
            &["ACME@Main 3 cost 301.5 gain 0 income 0", "USD@Main 9995"],
        ),
    ]
}

fn corporate_actions(book: &Book) -> Vec<Case> {
    let (acme, newco, right) = (book.instrument("ACME"), book.instrument("NEWCO"), book.instrument("RIGHT"));
    let bought = || ("2024-03-01", json!({ "buy": book.trade("ACME", "2", "250") }));
    let merger = |into: Value, cash: Value| {
        ("2024-03-05", json!({ "merger": { "instrumentId": acme, "into": into, "cash": cash } }))
    };
    let exchange = |new: &str, old: &str| json!({ "instrumentId": newco, "numerator": new, "denominator": old });
    vec![
        case(
            "a bonus issue",
            vec![bought(), ("2024-03-05", json!({ "bonusIssue": { "instrumentId": acme, "quantity": "2" } }))],
            &["ACME@Main 4 cost 500 gain 0 income 0", "USD@Main 9500"],
        ),
        case(
            "a spin-off",
            vec![
                bought(),
                (
                    "2024-03-05",
                    json!({ "spinOff": { "instrumentId": acme, "receivedInstrumentId": newco, "quantity": "1",
                        "costFraction": "0.2" } }),
                ),
            ],
            &["ACME@Main 2 cost 400 gain 0 income 0", "NEWCO@Main 1 cost 100 gain 0 income 0", "USD@Main 9500"],
        ),
        case(
            "rights that are issued and exercised",
            vec![
                bought(),
                (
                    "2024-03-05",
                    json!({ "rightsIssue": { "instrumentId": acme, "receivedInstrumentId": right, "quantity": "2",
                        "costFraction": "0.1" } }),
                ),
                (
                    "2024-03-06",
                    dollars(json!({ "rightsExercise": { "instrumentId": right, "quantity": "2",
                        "receivedInstrumentId": newco, "receivedQuantity": "1", "amount": "40", "fee": "1" } })),
                ),
            ],
            &[
                "ACME@Main 2 cost 450 gain 0 income 0",
                "NEWCO@Main 1 cost 91 gain 0 income 0",
                "RIGHT@Main 0 cost 0 gain 0 income 0",
                "USD@Main 9459",
            ],
        ),
        case(
            "a merger for units",
            vec![bought(), merger(exchange("1", "4"), Value::Null)],
            &["ACME@Main 0 cost 0 gain 0 income 0", "NEWCO@Main 0.5 cost 500 gain 0 income 0", "USD@Main 9500"],
        ),
        case(
            "a merger for cash",
            vec![bought(), merger(Value::Null, json!({ "amount": "520", "currency": "USD" }))],
            &["ACME@Main 0 cost 0 gain 20 income 0", "USD@Main 10020"],
        ),
        case(
            "a merger for units and cash that is the price of a part",
            vec![
                bought(),
                merger(exchange("1", "1"), json!({ "amount": "110", "currency": "USD", "costFraction": "0.2" })),
            ],
            &["ACME@Main 0 cost 0 gain 10 income 0", "NEWCO@Main 2 cost 400 gain 0 income 0", "USD@Main 9610"],
        ),
        case(
            "a merger for units and cash, gain up to the cash",
            vec![
                bought(),
                merger(exchange("1", "1"), json!({ "amount": "100", "currency": "USD", "receivedPrice": "240" })),
            ],
            // 480 + 100 − 500 is gained, and the new cost is 500 − 100 + 80.
            &["ACME@Main 0 cost 0 gain 80 income 0", "NEWCO@Main 2 cost 480 gain 0 income 0", "USD@Main 9600"],
        ),
        case(
            "another symbol",
            vec![
                bought(),
                ("2024-03-05", json!({ "instrumentChange": { "instrumentId": acme, "intoInstrumentId": newco } })),
            ],
            &["ACME@Main 0 cost 0 gain 0 income 0", "NEWCO@Main 2 cost 500 gain 0 income 0", "USD@Main 9500"],
        ),
    ]
}

fn options(book: &Book) -> Vec<Case> {
    let (call, put) = (book.instrument(CALL), book.instrument(PUT));
    let contracts = |instrument: &str| json!({ "instrumentId": instrument, "quantity": "1" });
    vec![
        case(
            "a call that is exercised",
            vec![
                ("2024-03-01", json!({ "buy": book.trade(CALL, "2", "3") })),
                ("2024-03-14", json!({ "optionExercise": { "instrumentId": call, "quantity": "1", "fee": "5" } })),
            ],
            // 100 × 250, the premium of 300 and the fee.
            &[
                "ACME  240315C00250000@Main 1 cost 300 gain 0 income 0",
                "ACME@Main 100 cost 25305 gain 0 income 0",
                "USD@Main -15605",
            ],
        ),
        case(
            "a put that is written and assigned",
            vec![
                ("2024-03-01", json!({ "shortSell": book.trade(PUT, "1", "2") })),
                ("2024-03-14", json!({ "optionAssignment": contracts(put) })),
            ],
            &[
                "ACME  240315P00250000@Main 0 cost 0 gain 0 income 0",
                "ACME@Main 100 cost 24800 gain 0 income 0",
                "USD@Main -14800",
            ],
        ),
        case(
            "options that expire, held and written",
            vec![
                ("2024-03-01", json!({ "buy": book.trade(CALL, "1", "3") })),
                ("2024-03-01", json!({ "shortSell": book.trade(PUT, "1", "2") })),
                ("2024-03-14", json!({ "optionExpiry": contracts(call) })),
                ("2024-03-14", json!({ "optionExpiry": contracts(put) })),
            ],
            &[
                "ACME  240315C00250000@Main 0 cost 0 gain -300 income 0",
                "ACME  240315P00250000@Main 0 cost 0 gain 200 income 0",
                "USD@Main 9900",
            ],
        ),
    ]
}

const CALL: &str = "ACME  240315C00250000";
const PUT: &str = "ACME  240315P00250000";

async fn each_shows_what_it_does(cases: fn(&Book) -> Vec<Case>) {
    let app = App::start().await;
    let client = app.client("alpha", "investor1").await;
    let count = cases(&Book::with_accounts(client.clone(), "USD", &["Main", "Other"]).await).len();
    for index in 0..count {
        let book = Book::with_accounts(client.clone(), "USD", &["Main", "Other"]).await;
        book.deposit("2024-03-01", "10000", "USD").await;
        let case = cases(&book).remove(index);
        for (day, activity) in case.steps {
            book.record(day, activity).await;
        }
        for (day, expected) in case.then {
            assert_eq!(book.state(day).await, expected, "{} on {day}", case.name);
        }
    }
}

#[tokio::test]
async fn trades_of_every_kind() {
    each_shows_what_it_does(trades).await;
}

#[tokio::test]
async fn income_of_every_kind() {
    each_shows_what_it_does(income).await;
}

#[tokio::test]
async fn transfers_of_every_kind() {
    each_shows_what_it_does(transfers).await;
}

#[tokio::test]
async fn corporate_actions_of_every_kind() {
    each_shows_what_it_does(corporate_actions).await;
}

#[tokio::test]
async fn options_of_every_kind() {
    each_shows_what_it_does(options).await;
}

#[tokio::test]
async fn a_purchase_is_a_payable_until_it_settles() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-03-01", "1000", "USD").await;
    let mut input = book.input("2024-03-05", &json!({ "buy": book.trade("ACME", "2", "250") }));
    input["settlementDate"] = json!("2024-03-07");
    let mutation = r"mutation($input: TransactionRecordInput!) { transactionRecord(input: $input) {
        transaction { settlementDate tradeDate } userErrors { message } } }";
    let answer = book.client.run_with(mutation, json!({ "input": input })).await;
    let shown = json!({ "settlementDate": "2024-03-07", "tradeDate": "2024-03-05" });
    assert_eq!(*answer.at("/transactionRecord/transaction"), shown);
    for (day, cash) in [("2024-03-06", "USD@Main 500 unsettled -500"), ("2024-03-07", "USD@Main 500")] {
        assert_eq!(book.state(day).await, ["ACME@Main 2 cost 500 gain 0 income 0", cash]);
    }
}

#[tokio::test]
async fn a_transfer_inside_a_portfolio_is_no_flow_of_it() {
    let app = App::start().await;
    let book = Book::with_accounts(app.client("alpha", "investor1").await, "USD", &["Main", "Other"]).await;
    book.deposit("2024-03-01", "1000", "USD").await;
    book.buy("2024-03-01", "ACME", "2", "250").await;
    let to = book.second.clone().expect("a second account");
    let cash = json!({ "cashTransfer": { "amount": "100", "currency": "USD", "toAccountId": to } });
    book.record("2024-03-05", cash).await;
    let units = json!({ "transfer": { "instrumentId": book.instrument("ACME"), "quantity": "1", "toAccountId": to } });
    book.record("2024-03-06", units).await;
    for currency in [None, Some("EUR")] {
        let shown = book.show("2024-03-14", currency, "valuations(from: \"2024-03-04\") { dates flows }").await;
        let flows = shown["valuations"]["flows"].as_array().expect("a list").clone();
        assert!(!flows.is_empty() && flows.iter().all(|flow| flow == "0"), "{currency:?}: {shown}");
    }
}

#[tokio::test]
async fn units_from_outside_are_a_contribution_of_what_they_are_worth_on_the_day() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-03-01", "1000", "USD").await;
    let units = json!({ "transferIn": { "instrumentId": book.instrument("ACME"), "quantity": "2", "total": "100",
        "currency": "USD" } });
    book.record("2024-03-05", units).await;
    let fields = "valuations(from: \"2024-03-05\", to: \"2024-03-05\") { flows }
        metrics(from: \"2024-03-05\", to: \"2024-03-05\") { twr { value } }";
    let shown = book.show("2024-03-14", None, fields).await;
    // 2 × 253, the close of the day; the gain since they were bought was made elsewhere.
    assert!(shown["valuations"]["flows"].as_array().is_some_and(|flows| flows.contains(&json!("506"))), "{shown}");
    assert_eq!(shown["metrics"]["twr"]["value"], 0.0, "{shown}");
}

#[tokio::test]
async fn what_was_recorded_is_shown() {
    let app = App::start().await;
    let book = Book::with_accounts(app.client("alpha", "investor1").await, "USD", &["Main", "Other"]).await;
    let first = book.buy("2024-03-01", "ACME", "2", "250").await;
    let (acme, newco) = (book.instrument("ACME"), book.instrument("NEWCO"));
    let fields =
        "type instrument { symbol } counterInstrument { symbol } counterAccount { name } quantity counterQuantity
        price total { amount } amount { amount } fee { amount } accruedInterest { amount } settlement { currency rate }
        ratio { numerator denominator } costFraction receivedPrice openedOn exDate payDate tradeDate settlementDate
        lots { transactionId openedOn unitCost quantity }";
    let mutation = format!(
        "mutation($input: TransactionRecordInput!) {{ transactionRecord(input: $input) {{ transaction {{ {fields} }}
            userErrors {{ code message field }} }} }}"
    );
    for (activity, expected) in [
        (
            dollars(
                json!({ "sell": { "instrumentId": acme, "quantity": "0.5", "total": "120", "accruedInterest": "1.50",
                "settlement": { "currency": "EUR", "rate": "0.90" },
                "lots": [{ "transactionId": first, "unitCost": "250", "quantity": "0.50" }] } }),
            ),
            json!({ "type": "SELL", "quantity": "0.5", "total": { "amount": "120" }, "accruedInterest": { "amount": "1.5" },
                "fee": { "amount": "0" }, "settlement": { "currency": "EUR", "rate": "0.9" },
                "instrument": { "symbol": "ACME" }, "tradeDate": "2024-03-13",
                "lots": [{ "transactionId": first, "openedOn": null, "unitCost": "250", "quantity": "0.5" }] }),
        ),
        (
            dollars(json!({ "dividend": { "instrumentId": acme, "amount": "3", "exDate": "2024-03-04",
                "payDate": "2024-04-01" } })),
            json!({ "type": "DIVIDEND", "instrument": { "symbol": "ACME" }, "amount": { "amount": "3" },
                "fee": { "amount": "0" }, "exDate": "2024-03-04", "payDate": "2024-04-01", "tradeDate": "2024-03-04",
                "settlementDate": "2024-04-01", "lots": [] }),
        ),
        (
            json!({ "transfer": { "instrumentId": acme, "quantity": "0.25", "toAccountId": book.second } }),
            json!({ "type": "TRANSFER", "instrument": { "symbol": "ACME" }, "quantity": "0.25",
                "counterAccount": { "name": "Other" }, "tradeDate": "2024-03-13", "lots": [] }),
        ),
        (
            json!({ "merger": { "instrumentId": acme,
                "into": { "instrumentId": newco, "numerator": "3", "denominator": "2" },
                "cash": { "amount": "7", "currency": "USD", "receivedPrice": "160" } } }),
            json!({ "type": "MERGER", "instrument": { "symbol": "ACME" }, "counterInstrument": { "symbol": "NEWCO" },
                "ratio": { "numerator": "3", "denominator": "2" }, "amount": { "amount": "7" }, "receivedPrice": "160",
                "tradeDate": "2024-03-13", "lots": [] }),
        ),
    ] {
        let answer = book.client.run_with(&mutation, json!({ "input": book.input("2024-03-13", &activity) })).await;
        let mut shown = answer.at("/transactionRecord/transaction").clone();
        shown.as_object_mut().unwrap_or_else(|| panic!("{}", answer.body)).retain(|_, value| !value.is_null());
        assert_eq!(shown, expected, "{activity}");
    }
}

#[tokio::test]
async fn an_option_says_what_its_contracts_are_about() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let query = "query($id: ID!) { instrument(id: $id) { assetType priceMultiplier option { underlying { symbol } right
        strike { amount currency } unitsPerContract expiry occSymbol } } }";
    let of = |symbol: &str| json!({ "id": book.instrument(symbol) });
    let shown = book.client.run_with(query, of(PUT)).await;
    let option = json!({ "underlying": { "symbol": "ACME" }, "right": "PUT", "unitsPerContract": "100",
        "strike": { "amount": "250", "currency": "USD" }, "expiry": "2024-03-15", "occSymbol": PUT });
    let expected = json!({ "assetType": "OPTION", "priceMultiplier": "100", "option": option });
    assert_eq!(*shown.at("/instrument"), expected);
    let stock = book.client.run_with(query, of("ACME")).await;
    assert!(stock.at("/instrument/option").is_null());
}
