//! Dividends that accounts report are linked with the market's, once; those that differ are refused unless they are said to
//! stand. ACME pays 0.50 a unit: ex 2024-02-09, paid on 2024-03-01.

use serde_json::{Value, json};

use crate::support::{Answer, App, Book, Inside, REVERSE, Superuser, books};

const KNOWN: (&str, &str, &str, Option<&str>, &str) =
    ("ACME", "CASH_DIVIDEND", "2024-02-09", Some("2024-03-01"), "0.50");
const CORRECT: &str = r"mutation($id: ID!, $input: TransactionRecordInput!) { transactionCorrect(id: $id, input: $input) {
    transaction { id } userErrors { code message field } } }";
const ROWS: &str = "transactions { nodes { type tradeDate exDate payDate settlementDate amount { amount } reversedById
    supersededById marketDividend { id exDate payDate isSpecial amount { amount currency } } } }";

/// Ten units of ACME, bought before the ex-date.
async fn opened(app: &App) -> Book {
    Superuser::of(app).await.know_dividends(&[KNOWN]).await;
    let book = Book::with_accounts(app.client("alpha", "investor1").await, "USD", &["Main", "Other"]).await;
    book.buy("2024-01-10", "ACME", "10", "100").await;
    book
}

fn dividend(book: &Book, amount: &str, more: &Value) -> Value {
    let mut input = json!({ "instrumentId": book.instrument("ACME"), "amount": amount, "currency": "USD" });
    for (name, value) in more.as_object().expect("fields") {
        input[name] = value.clone();
    }
    json!({ "dividend": input })
}

#[track_caller]
fn refused(answer: &Answer, code: &str, field: &str, says: &[&str]) {
    let error = answer.at("/transactionRecord/userErrors/0");
    assert_eq!(error["code"], code, "{}", answer.body);
    let path: Vec<&str> = error["field"].as_array().expect("a path").iter().filter_map(Value::as_str).collect();
    assert_eq!(path.join("."), field, "{}", answer.body);
    let message = error["message"].as_str().expect("a message");
    assert!(says.iter().all(|part| message.contains(part)), "\"{message}\" should say {says:?}");
}

async fn latest(book: &Book) -> Value {
    book.show("2024-03-14", None, ROWS).await["transactions"]["nodes"][0].clone()
}

#[tokio::test]
async fn a_dividend_counts_from_the_markets_ex_date_and_is_settled_by_its_payment() {
    let app = App::start().await;
    let book = opened(&app).await;
    let known = book.client.run(
        r#"{ instruments(search: "ACME") { nodes { symbol dividends { exDate payDate isSpecial
        amount { amount currency } } } } }"#,
    );
    let expected = json!([{ "exDate": "2024-02-09", "payDate": "2024-03-01", "isSpecial": false,
        "amount": { "amount": "0.5", "currency": "USD" } }]);
    assert_eq!(*known.await.at("/instruments/nodes/0/dividends"), expected);
    book.record("2024-03-01", dividend(&book, "5", &json!({ "taxWithheld": "0.75" }))).await;
    let row = latest(&book).await;
    assert_eq!(
        (&row["tradeDate"], &row["exDate"], &row["settlementDate"]),
        (&json!("2024-02-09"), &json!("2024-02-09"), &json!("2024-03-01"))
    );
    assert_eq!(row["marketDividend"]["amount"], json!({ "amount": "0.5", "currency": "USD" }));
    assert_eq!(book.state("2024-02-08").await[1], "USD@Main -1000");
    assert_eq!(book.state("2024-02-29").await[1], "USD@Main -995.75 unsettled 4.25");
    assert_eq!(book.state("2024-03-01").await[1], "USD@Main -995.75");
    let made = books(&app).await;
    let tenant = app.services.gateway.tenant_by_slug("alpha").await.expect("a read").expect("a tenant");
    let portfolio = uuid::Uuid::try_parse(book.portfolio.trim_start_matches("pf_")).expect("an id");
    app.services.rebuild(&app.services.system(tenant, "tests"), portfolio).await.expect("books made anew");
    assert_eq!(made, books(&app).await);
}

#[tokio::test]
async fn which_dividend_it_is_is_told_by_ex_date_then_pay_date_then_the_sixty_days_before() {
    let app = App::start().await;
    let book = opened(&app).await;
    book.buy("2023-10-02", "GLOBEX", "10", "10").await;
    let known = [
        ("GLOBEX", "CASH_DIVIDEND", "2023-11-10", None, "0.10"),
        ("GLOBEX", "CASH_DIVIDEND", "2023-12-11", Some("2024-03-08"), "0.20"),
        ("GLOBEX", "CASH_DIVIDEND", "2024-01-10", None, "0.30"),
    ];
    Superuser::of(&app).await.know_dividends(&known).await;
    let paid = |amount: &str, more: Value| {
        let mut input = dividend(&book, amount, &more);
        input["dividend"]["instrumentId"] = json!(book.instrument("GLOBEX"));
        input
    };
    for (date, amount, more, ex_date) in [
        // The ex-date tells, though another is nearer.
        ("2024-01-15", "1", json!({ "exDate": "2023-11-10" }), "2023-11-10"),
        // The pay date tells, though another went ex within sixty days.
        ("2024-03-08", "2", json!({}), "2023-12-11"),
        // 2024-01-10 is sixty days before.
        ("2024-03-10", "3", json!({}), "2024-01-10"),
    ] {
        book.record(date, paid(amount, more)).await;
        let rows = book.show("2024-03-14", None, ROWS).await["transactions"]["nodes"].clone();
        let row = rows.as_array().expect("rows").iter().find(|row| row["amount"]["amount"] == amount).expect("a row");
        assert_eq!((&row["tradeDate"], &row["marketDividend"]["exDate"]), (&json!(ex_date), &json!(ex_date)));
    }
    // One that is paid before the ex-date is no payment of it.
    book.record("2024-02-08", dividend(&book, "66", &json!({}))).await;
    let rows = book.show("2024-03-14", None, ROWS).await["transactions"]["nodes"].clone();
    let early = rows.as_array().expect("rows").iter().find(|row| row["amount"]["amount"] == "66").expect("a row");
    assert_eq!((&early["tradeDate"], &early["marketDividend"]), (&json!("2024-02-08"), &json!(null)));
    // Sixty-one days after, and on another ex-date, it is one that the market does not know.
    for (date, more) in [("2024-03-11", json!({})), ("2024-03-12", json!({ "exDate": "2024-01-11" }))] {
        book.record(date, paid("77", more)).await;
        let rows = book.show("2024-03-14", None, ROWS).await["transactions"]["nodes"].clone();
        let unknown = rows.as_array().expect("rows").iter().find(|row| row["amount"]["amount"] == "77").expect("a row");
        assert!(unknown["marketDividend"].is_null(), "{unknown}");
    }
}

#[tokio::test]
async fn a_dividend_that_differs_is_refused_with_both_figures_unless_it_is_said_to_stand() {
    let app = App::start().await;
    let book = opened(&app).await;
    // What is bought on the ex-date comes without it.
    book.buy("2024-02-09", "ACME", "90", "100").await;
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let amount = "input.activity.dividend.amount";
    for wrong in ["4.97", "5.03", "50"] {
        let answer = book.try_record("2024-03-01", &dividend(&book, wrong, &json!({}))).await;
        refused(
            &answer,
            "ACTION_DIFFERS",
            amount,
            &[wrong, "5 USD", "10 units", "0.5 each", "2024-02-09", "KEEP_MINE"],
        );
    }
    let currency = book.try_record("2024-03-01", &dividend(&book, "5", &json!({ "currency": "EUR" }))).await;
    refused(&currency, "ACTION_DIFFERS", "input.activity.dividend.currency", &["5 EUR", "5 USD"]);
    // The other account holds none.
    let mut other = book.input("2024-03-01", &dividend(&book, "5", &json!({})));
    other["accountId"] = json!(book.second);
    let none = book.client.run_with(crate::support::RECORD, json!({ "input": other })).await;
    refused(&none, "ACTION_DIFFERS", amount, &["5 USD", "0 USD", "0 units"]);
    assert_eq!(inside.row_counts().await, before);
    // 0.5 % of 5 is 0.025; a minor unit is less.
    book.record("2024-03-01", dividend(&book, "5.02", &json!({}))).await;
    assert!(!latest(&book).await["marketDividend"].is_null());
    assert_eq!(book.state("2024-03-01").await[0], "ACME@Main 100 cost 10000 gain 0 income 5.02");
}

#[tokio::test]
async fn keeping_mine_records_it_as_it_is_from_the_markets_ex_date_on() {
    let app = App::start().await;
    let book = opened(&app).await;
    book.record("2024-03-01", dividend(&book, "4", &json!({ "decision": "KEEP_MINE" }))).await;
    let row = latest(&book).await;
    assert_eq!((&row["amount"]["amount"], &row["tradeDate"]), (&json!("4"), &json!("2024-02-09")));
    assert_eq!(row["marketDividend"]["exDate"], "2024-02-09");
    assert_eq!(book.state("2024-02-29").await[1], "USD@Main -996 unsettled 4");
}

#[tokio::test]
async fn a_second_row_of_an_account_is_refused_and_names_the_first() {
    let app = App::start().await;
    let book = opened(&app).await;
    let first = book.record("2024-03-01", dividend(&book, "5", &json!({}))).await;
    for (date, more) in [("2024-03-04", json!({})), ("2024-03-05", json!({ "exDate": "2024-02-09" }))] {
        let again = book.try_record(date, &dividend(&book, "5", &more)).await;
        refused(&again, "ALREADY_APPLIED", "input.tradeDate", &["2024-02-09", "5 USD", "KEEP_MINE"]);
        assert_eq!(again.text("/transactionRecord/userErrors/0/transactionId"), first);
    }
    // Two legs of one event are two as well.
    let legs: Vec<Value> =
        ["5", "5"].map(|amount| book.input("2024-03-01", &dividend(&book, amount, &json!({})))).into();
    let event =
        "mutation($input: TransactionsRecordInput!) { transactionsRecord(input: $input) { userErrors { code } } }";
    let both = book.client.run_with(event, json!({ "input": { "transactions": legs } })).await;
    assert_eq!(both.user_errors("transactionsRecord"), ["ALREADY_APPLIED"]);
    book.record("2024-03-04", dividend(&book, "5", &json!({ "decision": "KEEP_MINE" }))).await;
    assert_eq!(book.state("2024-03-14").await[0], "ACME@Main 10 cost 1000 gain 0 income 10");
}

#[tokio::test]
async fn what_no_longer_counts_is_in_nobodys_way() {
    let app = App::start().await;
    let book = opened(&app).await;
    let first = book.record("2024-03-01", dividend(&book, "5", &json!({}))).await;
    let input = book.input("2024-03-04", &dividend(&book, "5.01", &json!({})));
    let corrected = book.client.run_with(CORRECT, json!({ "id": first, "input": input })).await;
    assert_eq!(corrected.user_errors("transactionCorrect"), [""; 0], "{}", corrected.body);
    let row = latest(&book).await;
    assert_eq!((&row["tradeDate"], &row["settlementDate"]), (&json!("2024-02-09"), &json!("2024-03-04")));
    assert!(!row["marketDividend"].is_null());
    let again = book.try_record("2024-03-04", &dividend(&book, "5", &json!({}))).await;
    let second = corrected.text("/transactionCorrect/transaction/id");
    assert_eq!(again.text("/transactionRecord/userErrors/0/transactionId"), second);
    let wrong = book.input("2024-03-04", &dividend(&book, "9", &json!({})));
    let differs = book.client.run_with(CORRECT, json!({ "id": second, "input": wrong })).await;
    assert_eq!(differs.user_errors("transactionCorrect"), ["ACTION_DIFFERS"]);
    let reversed = book.client.run_with(REVERSE, json!({ "id": second })).await;
    assert_eq!(reversed.user_errors("transactionReverse"), [""; 0]);
    book.record("2024-03-04", dividend(&book, "5", &json!({}))).await;
    assert_eq!(book.state("2024-03-14").await[0], "ACME@Main 10 cost 1000 gain 0 income 5");
}

#[tokio::test]
async fn a_special_dividend_of_the_same_day_is_another() {
    let app = App::start().await;
    let book = opened(&app).await;
    let special = ("ACME", "SPECIAL_DIVIDEND", "2024-02-09", Some("2024-03-01"), "2");
    Superuser::of(&app).await.know_dividends(&[special]).await;
    for (amount, is_special) in [("20", true), ("5", false)] {
        book.record("2024-03-01", dividend(&book, amount, &json!({}))).await;
        assert_eq!(latest(&book).await["marketDividend"]["isSpecial"], is_special, "{amount}");
    }
    let third = book.try_record("2024-03-01", &dividend(&book, "5", &json!({}))).await;
    refused(&third, "ALREADY_APPLIED", "input.tradeDate", &["5 USD"]);
}

#[tokio::test]
async fn units_are_those_that_the_event_itself_brings_before_the_ex_date_and_after_the_markets_splits() {
    let app = App::start().await;
    let book = opened(&app).await;
    let known = ("GLOBEX", "CASH_DIVIDEND", "2024-02-05", None, "0.25");
    Superuser::of(&app).await.know_dividends(&[known]).await;
    // Bought before the split 2 for 1 of 2024-02-01: eight units, 2.00.
    let mut paid = dividend(&book, "2", &json!({}));
    paid["dividend"]["instrumentId"] = json!(book.instrument("GLOBEX"));
    let legs = json!([
        book.input("2024-01-31", &json!({ "buy": book.trade("GLOBEX", "4", "10") })),
        book.input("2024-02-20", &paid),
        book.input("2024-02-20", &json!({ "fee": { "amount": "1", "currency": "USD" } })),
    ]);
    let event = "mutation($input: TransactionsRecordInput!) { transactionsRecord(input: $input) {
        transactions { type tradeDate marketDividend { exDate } } userErrors { code message } } }";
    let recorded = book.client.run_with(event, json!({ "input": { "transactions": legs } })).await;
    assert_eq!(recorded.user_errors("transactionsRecord"), [""; 0], "{}", recorded.body);
    let row = recorded.at("/transactionsRecord/transactions/1");
    assert_eq!(
        *row,
        json!({ "type": "DIVIDEND", "tradeDate": "2024-02-05", "marketDividend": { "exDate": "2024-02-05" } })
    );
}

#[tokio::test]
async fn an_ex_date_in_a_locked_period_is_respected() {
    let app = App::start().await;
    let book = opened(&app).await;
    let lock = r#"mutation($id: ID!) { portfolioPeriodLock(id: $id, input: { lockedThrough: "2024-02-29" }) {
        userErrors { code } } }"#;
    let admin = app.client("alpha", "admin").await;
    let locked = admin.run_with(lock, json!({ "id": book.portfolio })).await;
    assert_eq!(locked.user_errors("portfolioPeriodLock"), [""; 0]);
    let answer = book.try_record("2024-03-01", &dividend(&book, "5", &json!({}))).await;
    refused(&answer, "PERIOD_LOCKED", "input.tradeDate", &["2024-02-09", "2024-02-29"]);
}

#[tokio::test]
async fn what_is_no_dividend_runs_no_statement_more() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2024-01-10", "ACME", "10", "100").await;
    let count = async |date: &str| {
        book.buy(date, "ACME", "1", "100").await;
        let before = app.services.gateway.statements();
        book.buy(date, "ACME", "1", "100").await;
        app.services.gateway.statements() - before
    };
    let unknown = count("2024-01-11").await;
    Superuser::of(&app).await.know_dividends(&[KNOWN]).await;
    assert_eq!(count("2024-01-12").await, unknown);
}

#[tokio::test]
async fn what_is_no_dividend_at_all_is_the_ledgers_to_refuse() {
    let app = App::start().await;
    let book = opened(&app).await;
    for amount in ["0", "-5"] {
        let answer = book.try_record("2024-03-01", &dividend(&book, amount, &json!({}))).await;
        refused(&answer, "INVALID_INPUT", "input.activity.dividend.amount", &[amount]);
    }
    // Nor is a sale of what is not there hidden by what the market knows.
    let legs = json!([
        book.input("2024-01-31", &json!({ "sell": book.trade("ACME", "11", "10") })),
        book.input("2024-03-01", &dividend(&book, "5", &json!({}))),
    ]);
    let event =
        "mutation($input: TransactionsRecordInput!) { transactionsRecord(input: $input) { userErrors { code } } }";
    let answer = book.client.run_with(event, json!({ "input": { "transactions": legs } })).await;
    assert_eq!(answer.user_errors("transactionsRecord"), ["INSUFFICIENT_QUANTITY"]);
}
