//! Splits that the market knows act by themselves, once, and an account's own row is the same event.
//! GLOBEX splits 2 for 1 on 2024-02-01.

use serde_json::{Value, json};

use crate::support::{Answer, App, Book, Inside, Superuser};

async fn opened(app: &App) -> Book {
    let book = Book::with_accounts(app.client("alpha", "investor1").await, "USD", &["Main", "Other"]).await;
    book.buy("2024-01-31", "GLOBEX", "3", "10").await;
    book
}

fn split(book: &Book, numerator: &str, decision: Option<&str>) -> Value {
    json!({ "split": { "instrumentId": book.instrument("GLOBEX"), "numerator": numerator, "denominator": "1",
        "decision": decision } })
}

async fn units(book: &Book, day: &str) -> String {
    let shown = book.show(day, None, "holdings { nodes { quantity } }").await;
    shown["holdings"]["nodes"][0]["quantity"].as_str().expect("a quantity").to_owned()
}

#[tokio::test]
async fn a_split_that_the_market_knows_acts_by_itself_and_once() {
    let app = App::start().await;
    let book = opened(&app).await;
    assert_eq!((units(&book, "2024-01-31").await, units(&book, "2024-02-01").await), ("3".to_owned(), "6".to_owned()));
    // In another currency the ledger is booked again.
    let shown = book.show("2024-02-01", Some("EUR"), "holdings { nodes { quantity } }").await;
    assert_eq!(shown["holdings"]["nodes"][0]["quantity"], "6");
    book.record("2024-02-01", split(&book, "2", None)).await;
    assert_eq!(units(&book, "2024-02-01").await, "6", "the same event");
    let rows = book.show("2024-03-14", None, "transactions { nodes { type actionExDate } }").await;
    assert_eq!(rows["transactions"]["nodes"][0], json!({ "type": "SPLIT", "actionExDate": "2024-02-01" }));
    // What was bought since is not split.
    book.buy("2024-02-02", "GLOBEX", "1", "5").await;
    assert_eq!(units(&book, "2024-02-02").await, "7");
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

#[tokio::test]
async fn a_split_that_differs_is_refused_unless_it_is_said_to_stand() {
    let app = App::start().await;
    let book = opened(&app).await;
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let ratio = book.try_record("2024-02-01", &split(&book, "3", None)).await;
    refused(&ratio, "ACTION_DIFFERS", "input.activity.split.numerator", &["3 for 1", "2 for 1", "2024-02-01"]);
    let day = book.try_record("2024-02-05", &split(&book, "2", None)).await;
    refused(&day, "ACTION_DIFFERS", "input.tradeDate", &["2024-02-05", "2024-02-01", "KEEP_MINE"]);
    assert_eq!(inside.row_counts().await, before);
    book.record("2024-02-05", split(&book, "3", Some("KEEP_MINE"))).await;
    assert_eq!(units(&book, "2024-02-02").await, "3", "the market's does not act on this account");
    assert_eq!(units(&book, "2024-02-05").await, "9");
    for own in ["2024-02-05", "2024-02-01", "2024-02-06"] {
        let again = book.try_record(own, &split(&book, "3", Some("KEEP_MINE"))).await;
        refused(&again, "ALREADY_APPLIED", "input.tradeDate", &["in the ledger already"]);
    }
    // Another account goes on by the market's.
    let mut other = book.input("2024-01-31", &json!({ "buy": book.trade("GLOBEX", "1", "10") }));
    other["accountId"] = json!(book.second);
    let bought = book.client.run_with(crate::support::RECORD, json!({ "input": other })).await;
    assert_eq!(bought.user_errors("transactionRecord"), [""; 0]);
    let expected = ["GLOBEX@Main 3 cost 30 gain 0 income 0", "GLOBEX@Other 2 cost 10 gain 0 income 0"];
    assert_eq!(book.state("2024-02-02").await[..2], expected);
}

#[tokio::test]
async fn a_split_of_another_time_is_another_split() {
    let app = App::start().await;
    let book = opened(&app).await;
    book.record("2024-02-09", split(&book, "2", None)).await;
    assert_eq!(units(&book, "2024-02-09").await, "12");
    let again = book.try_record("2024-02-09", &split(&book, "2", None)).await;
    refused(&again, "ALREADY_APPLIED", "input.tradeDate", &["2024-02-09"]);
}

#[tokio::test]
async fn reversing_the_own_row_leaves_the_markets_split() {
    let app = App::start().await;
    let book = opened(&app).await;
    let own = book.record("2024-02-02", split(&book, "4", Some("KEEP_MINE"))).await;
    assert_eq!(units(&book, "2024-02-02").await, "12");
    let reversed = book.client.run_with(crate::support::REVERSE, json!({ "id": own })).await;
    assert_eq!(reversed.user_errors("transactionReverse"), [""; 0]);
    assert_eq!(units(&book, "2024-02-02").await, "6");
}

#[tokio::test]
async fn a_split_that_becomes_known_later_acts_with_the_next_transaction_on_everything_before_it() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2024-03-01", "ACME", "2", "250").await;
    book.buy("2024-03-01", "GLOBEX", "1", "10").await;
    book.sell("2024-03-06", "ACME", "1", "250").await;
    let mut inside = Superuser::of(&app).await;
    let known = "INSERT INTO market.fact_corporate_action (instrument_id, type, ex_date, numerator, denominator) \
        SELECT id, 'SPLIT', '2024-03-05', 3, 1 FROM market.dim_stock WHERE symbol = 'ACME'; \
        UPDATE market.meta_market_version SET version = version + 1, actions_version = version + 1; \
        INSERT INTO market.meta_action_change (version, instrument_id, changed_from) \
        SELECT v.version, s.id, '2024-03-05' FROM market.meta_market_version v, market.dim_stock s WHERE s.symbol = 'ACME'";
    inside.run(known).await;
    book.buy("2024-03-07", "ACME", "1", "80").await;
    let after = [("2024-03-04", "2 cost 500"), ("2024-03-05", "6 cost 500"), ("2024-03-07", "6 cost 496.66666")];
    for (day, holding) in after {
        let state = book.state(day).await;
        assert!(state[0].starts_with(&format!("ACME@Main {holding}")), "{day}: {state:?}");
    }
    let schema = inside.schema("alpha").await;
    let mut before = inside.contents(&schema).await;
    let tenant = app.services.gateway.tenant_by_slug("alpha").await.expect("a read").expect("a tenant");
    let caller = app.services.system(tenant, "test");
    let portfolio = uuid::Uuid::try_parse(book.portfolio.trim_start_matches("pf_")).expect("an id");
    app.services.rebuild(&caller, portfolio).await.expect("books made anew");
    let mut rebuilt = inside.contents(&schema).await;
    for table in ["portfolio", "audit_head", "audit_log", "portfolio_dirty", "portfolio_booked"] {
        before.remove(table);
        rebuilt.remove(table);
    }
    assert_eq!(before, rebuilt, "the books are those of the whole ledger");
}
