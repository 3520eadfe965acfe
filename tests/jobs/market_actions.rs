//! What the market did reaches the books of every holder, and nobody else's.

use chrono::TimeDelta;
use portfolio_analyzer::queue::DAILY_FACTS;
use portfolio_analyzer::services::market_action::Step;
use portfolio_analyzer::tenancy::InstallationTag;
use serde_json::{Value, json};

use super::around::{administration, import_all, import_with};
use super::daily_values::{FACTS, figures, stored, stored_anew};
use crate::support::{App, Book, REVERSE, Superuser};

/// ACME splits 3 for 1.
const SPLIT: &str = "ACME,2023-06-15,3,1\n";

async fn holder(app: &App) -> Book {
    let book = Book::open(app, "USD").await;
    book.deposit("2023-01-03", "10000", "USD").await;
    book.buy("2023-01-05", "ACME", "10", "100").await;
    book.buy("2023-05-02", "GLOBEX", "7", "90").await;
    book
}

async fn units(book: &Book, day: &str) -> String {
    let shown = book.show(day, None, "holdings { nodes { instrument { symbol } quantity } }").await;
    let holdings = shown["holdings"]["nodes"].as_array().expect("a list").clone();
    let acme = holdings.iter().find(|holding| holding["instrument"]["symbol"] == "ACME").expect("a holding");
    acme["quantity"].as_str().expect("a quantity").to_owned()
}

async fn version(book: &Book) -> Value {
    book.show("2024-03-14", None, "version").await["version"].clone()
}

#[tokio::test]
async fn a_split_that_becomes_known_after_purchases_is_booked_for_whoever_holds_it() {
    let app = App::start().await;
    let book = holder(&app).await;
    let bystander = Book::open(&app, "USD").await;
    bystander.buy("2023-05-02", "GLOBEX", "1", "90").await;
    app.work().await;
    let (held, other) = (version(&book).await, version(&bystander).await);
    import_with(&app, "", SPLIT).await;
    assert_eq!(app.work().await.failed, 0);
    assert_eq!(
        (units(&book, "2023-06-14").await, units(&book, "2023-06-15").await),
        ("10".to_owned(), "30".to_owned())
    );
    assert_eq!(version(&book).await, json!(held.as_i64().expect("a version") + 1));
    assert_eq!(version(&bystander).await, other);
    assert_eq!(book.show("2024-03-14", None, FACTS).await["dailyFacts"]["state"], "FRESH");
    let values = figures(&book).await;
    assert_eq!(stored(&app).await, stored_anew(&app).await);
    assert_eq!(figures(&book).await, values);
    let query =
        r#"{ auditLog(first: 100, filter: { action: "portfolioRebuild" }) { nodes { entityId actor after } } }"#;
    let log = app.client("alpha", "admin").await.run(query).await;
    let entries = log.at("/auditLog/nodes").as_array().expect("a list").clone();
    assert_eq!(entries.len(), 1);
    assert!(entries[0].to_string().contains("2023-06-15"), "{entries:?}");
    // The same again is nothing new.
    import_with(&app, "", SPLIT).await;
    app.work().await;
    assert_eq!(version(&book).await, json!(held.as_i64().expect("a version") + 1));
    // Another ratio is.
    import_with(&app, "", "ACME,2023-06-15,2,1\n").await;
    app.work().await;
    assert_eq!(units(&book, "2023-06-15").await, "20");
}

#[tokio::test]
async fn a_worker_that_is_killed_between_portfolios_is_gone_on_with() {
    let app = App::start().await;
    let books = [holder(&app).await, holder(&app).await, holder(&app).await];
    app.work().await;
    import_with(&app, "", SPLIT).await;
    assert!(app.claim_and_die(DAILY_FACTS).await.is_some());
    let caller = app.system("alpha").await;
    let step = app.services.market_actions_step(&caller, &[]).await.expect("a step");
    assert!(matches!(step, Step::Booked), "{step:?}");
    let mut half = Vec::new();
    for book in &books {
        half.push(units(book, "2024-03-14").await);
    }
    half.sort();
    assert_eq!(half, ["10", "10", "30"]);
    app.clock.advance(TimeDelta::minutes(1));
    let other = app.another().await;
    assert_eq!(other.work().await.failed, 0);
    for book in &books {
        assert_eq!(units(book, "2024-03-14").await, "30");
        // Made, three entries, booked anew once.
        assert_eq!(version(book).await, 5);
    }
    assert!(app.queued().await.is_empty());
}

#[tokio::test]
async fn a_ledger_that_breaks_a_rule_is_left_as_it_is_and_keeps_no_other_back() {
    let app = App::start().await;
    let broken = holder(&app).await;
    let sale = broken.sell("2023-08-15", "ACME", "8", "170").await;
    let sound = holder(&app).await;
    app.work().await;
    let before = version(&broken).await;
    // One for two: five are left, and eight were sold.
    import_with(&app, "", "ACME,2023-06-15,1,2\n").await;
    assert!(app.work().await.failed > 0);
    assert_eq!(units(&sound, "2024-03-14").await, "5");
    assert_eq!((units(&broken, "2024-03-14").await, version(&broken).await), ("2".to_owned(), before));
    for book in [&broken, &sound] {
        assert_eq!(book.show("2024-03-14", None, FACTS).await["dailyFacts"]["state"], "FRESH");
    }
    let jobs = app.queued().await;
    let error = jobs[0].last_error.clone().expect("an error").replace('-', "");
    let id = |book: &Book| book.portfolio.trim_start_matches("pf_").to_owned();
    assert!(jobs.len() == 1 && error.contains(&id(&broken)) && !error.contains(&id(&sound)), "{jobs:?}");
    // What does not touch it is taken meanwhile; what mends it has it booked with what the market did.
    broken.buy("2023-09-01", "GLOBEX", "1", "90").await;
    assert_eq!(units(&broken, "2024-03-14").await, "2");
    let mended = broken.client.run_with(REVERSE, json!({ "id": sale })).await;
    assert_eq!(mended.user_errors("transactionReverse"), [""; 0]);
    assert_eq!(units(&broken, "2024-03-14").await, "5");
    app.clock.advance(TimeDelta::hours(1));
    assert_eq!(app.work().await.failed, 0);
    assert_eq!(stored(&app).await, stored_anew(&app).await);
}

#[tokio::test]
async fn a_write_before_the_worker_books_with_what_the_market_did() {
    let app = App::start().await;
    let book = holder(&app).await;
    import_with(&app, "", SPLIT).await;
    book.sell("2023-08-15", "ACME", "25", "40").await;
    assert_eq!((units(&book, "2023-06-15").await, units(&book, "2024-03-14").await), ("30".to_owned(), "5".to_owned()));
    let since = version(&book).await;
    app.work().await;
    assert_eq!(version(&book).await, since, "nothing was left to book");
    assert_eq!(stored(&app).await, stored_anew(&app).await);
}

#[tokio::test]
async fn a_split_that_cannot_be_read_is_held_back() {
    let app = App::start().await;
    import_with(&app, "", "NOBODY,2023-06-15,3,1\nACME,2023-6-15,3,1\nACME,2023-06-15,three,1\nACME,2023-06-15,0,1\n")
        .await;
    let mut inside = Superuser::of(&app).await;
    let findings = "SELECT finding FROM market.meta_data_quality WHERE dataset = 'splits' ORDER BY line";
    assert_eq!(inside.texts(findings).await, ["UNKNOWN_SYMBOL", "INVALID_DATE", "INVALID_RATIO", "NOT_POSITIVE"]);
}

#[tokio::test]
async fn books_of_before_are_made_anew_after_their_migration() {
    let app = App::start().await;
    let book = holder(&app).await;
    app.work().await;
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    // GLOBEX splits on 2024-02-01: as it was booked by a program that did not know of that.
    inside
        .run(&format!(
            "UPDATE {schema}.fact_daily_positions SET quantity = 7; DROP TABLE {schema}.portfolio_booked; \
             DELETE FROM platform.schema_version WHERE schema_name = '{schema}' AND name = 'm0012_portfolio_booked'"
        ))
        .await;
    let administration = administration(&app).await;
    let tag = InstallationTag::new("tests1").expect("a tag");
    administration.migrate(&app.database.api, tag, true).await.expect("a migration");
    administration.close().await;
    inside.run("UPDATE platform.job SET run_at = '2024-01-01'").await;
    let now = app.another().await;
    assert_eq!(now.work().await.failed, 0);
    let held = book.show("2024-03-14", None, "holdings { nodes { quantity } }").await;
    assert_eq!(held["holdings"]["nodes"], json!([{ "quantity": "10" }, { "quantity": "14" }]));
}

#[tokio::test]
async fn dividends_of_the_market_are_loaded_and_book_nothing() {
    let app = App::start().await;
    let book = holder(&app).await;
    app.work().await;
    let since = version(&book).await;
    let dividends = "ACME,CASH_DIVIDEND,2023-06-15,2023-07-03,0.2425,USD\nACME,SPECIAL_DIVIDEND,2023-06-15,,2,USD\n\
        NOBODY,CASH_DIVIDEND,2023-06-15,,1,USD\nACME,DIVIDEND,2023-06-15,,1,USD\nACME,CASH_DIVIDEND,2023-6-15,,1,USD\n\
        ACME,CASH_DIVIDEND,2023-06-16,soon,1,USD\nACME,CASH_DIVIDEND,2023-06-16,,one,USD\n\
        ACME,CASH_DIVIDEND,2023-06-16,,0,USD\nACME,CASH_DIVIDEND,2023-06-16,,1,XXX\n\
        ACME,CASH_DIVIDEND,2023-06-16,2023-06-15,1,USD\nACME,CASH_DIVIDEND,2023-06-15,,1,USD\n";
    import_all(&app, "", "", Some(dividends)).await;
    let mut inside = Superuser::of(&app).await;
    let findings = "SELECT finding FROM market.meta_data_quality WHERE dataset = 'dividends' ORDER BY line";
    let expected = [
        "UNKNOWN_SYMBOL",
        "UNKNOWN_TYPE",
        "INVALID_DATE",
        "INVALID_DATE",
        "INVALID_AMOUNT",
        "NOT_POSITIVE",
        "UNKNOWN_CURRENCY",
        "PAID_EARLY",
        "DUPLICATE",
    ];
    assert_eq!(inside.texts(findings).await, expected);
    let query =
        r#"{ instruments(search: "ACME") { nodes { dividends { id exDate payDate isSpecial amount { amount } } } } }"#;
    let shown = book.client.run(query).await;
    let mut shown = shown.at("/instruments/nodes/0/dividends").clone();
    let ids: Vec<Value> = shown.as_array_mut().expect("a list").iter_mut().map(|one| one["id"].take()).collect();
    let ordinary = json!({ "id": null, "exDate": "2023-06-15", "payDate": "2023-07-03", "isSpecial": false,
        "amount": { "amount": "0.2425" } });
    let special = json!({ "id": null, "exDate": "2023-06-15", "payDate": null, "isSpecial": true,
        "amount": { "amount": "2" } });
    assert_eq!(shown, json!([ordinary, special]));
    assert_eq!(app.work().await.failed, 0);
    assert_eq!(version(&book).await, since, "no books were made anew");
    // A corrected amount is the same dividend, and counts from the next version on.
    book.record(
        "2023-07-03",
        json!({ "dividend": { "instrumentId": book.instrument("ACME"), "amount": "2.43",
        "currency": "USD", "exDate": "2023-06-15" } }),
    )
    .await;
    import_all(&app, "", "", Some("ACME,CASH_DIVIDEND,2023-06-15,2023-07-03,0.25,USD\n")).await;
    let restated = book.client.run(query).await;
    assert_eq!(*restated.at("/instruments/nodes/0/dividends/0/amount/amount"), "0.25");
    assert_eq!(*restated.at("/instruments/nodes/0/dividends/0/id"), ids[0]);
    let rows = book.show("2024-03-14", None, "transactions { nodes { marketDividend { id } } }").await;
    let linked: Vec<Value> = rows["transactions"]["nodes"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["marketDividend"]["id"].clone())
        .filter(|id| !id.is_null())
        .collect();
    assert_eq!(linked, ids[..1]);
}
