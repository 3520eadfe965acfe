//! Stored figures: the same as computed ones and as `analytics`, and never shown where anything that they rest on has changed.

use chrono::TimeDelta;
use portfolio_analyzer::jobs::Drained;
use serde_json::{Value, json};

use super::analytics::mixed;
use crate::jobs::daily_values::traded;
use crate::market::load;
use crate::support::{App, Book, Client, Superuser};

const RANGES: [&str; 10] = [
    "MTD",
    "YTD",
    "ONE_MONTH",
    "THREE_MONTHS",
    "SIX_MONTHS",
    "ONE_YEAR",
    "THREE_YEARS",
    "FIVE_YEARS",
    "TEN_YEARS",
    "SINCE_INCEPTION",
];
const METRIC: &str = "{ value unit method conventions reasons { code message } }";
const COMPUTE: &str =
    "mutation($id: ID!) { performanceMetricsCompute(portfolioId: $id) { portfolio { id } userErrors { code } } }";

/// Figures that both fields have, all of them.
fn shared() -> String {
    let returns = ["twr", "annualizedReturn", "xirr", "modifiedDietz", "simpleReturn"];
    let risk = [
        "volatility",
        "downsideDeviation",
        "sharpe",
        "sortino",
        "calmar",
        "omega",
        "ulcerIndex",
        "skewness",
        "excessKurtosis",
    ];
    let all = |names: &[&str]| names.iter().map(|name| format!("{name} {METRIC} ")).collect::<String>();
    format!(
        "openingDate endDate days currency status returns {{ {} }} risk {{ observations {} }}",
        all(&returns),
        all(&risk)
    )
}

/// Everything of `performance` that does not say how it came to be.
fn of_performance() -> String {
    format!(
        "{} openingValue {{ amount }} endValue {{ amount }} netFlow {{ amount }} gain {{ amount }} coverage calculationVersion \
         maxDrawdown {{ depth {METRIC} peak trough recovery }}",
        shared()
    )
}

async fn shown(book: &Book, day: &str, currency: Option<&str>, field: &str, arguments: &str, fields: &str) -> Value {
    let aliased =
        RANGES.iter().map(|range| format!("{range}: {field}({}) {{ {fields} }} ", arguments.replace("$", range)));
    book.show(day, currency, &aliased.collect::<String>()).await
}

async fn performance(book: &Book, day: &str) -> Value {
    shown(book, day, None, "performance", "range: $", &of_performance()).await
}

/// Which of the ranges are stored and hold.
async fn stored_on(book: &Book, day: &str) -> Vec<bool> {
    let shown = shown(book, day, None, "performance", "range: $", "isStored").await;
    RANGES.iter().map(|range| shown[range]["isStored"].as_bool().expect("a flag")).collect()
}

async fn all_stored(book: &Book) -> bool {
    let stored = stored_on(book, "2024-03-14").await;
    assert!(stored.iter().all(|one| *one == stored[0]), "some ranges hold and some do not: {stored:?}");
    stored[0]
}

/// Has the figures of a portfolio stored.
async fn store(app: &App, book: &Book) {
    compute(&book.client, &book.portfolio).await;
    assert_eq!(app.work().await.failed, 0);
    assert!(all_stored(book).await);
}

async fn compute(client: &Client, portfolio: &str) {
    let asked = client.run_with(COMPUTE, json!({ "id": portfolio })).await;
    assert_eq!(asked.user_errors("performanceMetricsCompute"), [""; 0], "{}", asked.body);
}

/// Units that are brought in and taken out again, an instrument without a price for a while, dollars, and a stand of days without capital.
async fn unpriced(app: &App) -> Book {
    let book = Book::open(app, "EUR").await;
    book.deposit("2023-01-04", "20000", "USD").await;
    book.buy("2023-01-20", "COIN", "10", "100").await;
    book.price("2023-11-02", "COIN", "120").await;
    book.buy("2023-02-01", "ACME", "12", "150").await;
    let (note, globex) = (book.instrument("NOTE").to_owned(), book.instrument("GLOBEX").to_owned());
    let note = json!({ "instrumentId": note, "quantity": "1000", "total": "990", "currency": "EUR" });
    book.record("2023-03-01", json!({ "transferIn": note })).await;
    let globex = json!({ "instrumentId": globex, "quantity": "30", "total": "2000", "currency": "USD" });
    book.record("2024-01-17", json!({ "transferIn": globex })).await;
    let out = json!({ "instrumentId": globex["instrumentId"], "quantity": "30", "currency": "USD" });
    book.record("2024-02-20", json!({ "transferOut": out })).await;
    book
}

#[tokio::test]
async fn stored_figures_are_those_that_are_computed_and_those_of_analytics() {
    let app = App::start().await;
    for book in [traded(&app, "USD").await, traded(&app, "GBP").await, mixed(&app).await, unpriced(&app).await] {
        let analytics = shown(&book, "2024-03-14", None, "analytics", "range: { preset: $ }", &shared()).await;
        let gains =
            shown(&book, "2024-03-14", None, "analytics", "range: { preset: $ }", "gain { total { amount } }").await;
        assert!(!all_stored(&book).await);
        let computed = performance(&book, "2024-03-14").await;
        store(&app, &book).await;
        let stored = performance(&book, "2024-03-14").await;
        assert_eq!(stored, computed);
        for range in RANGES {
            let (one, other) = (&stored[range], &analytics[range]);
            for name in other.as_object().expect("figures").keys() {
                assert_eq!(one[name], other[name], "{range} {name}");
            }
            assert_eq!(one["gain"], gains[range]["gain"]["total"], "{range}");
        }
        // Nothing is stored in another currency, and what is computed there is the same as analytics too.
        let fields = shared();
        let in_francs = shown(&book, "2024-03-14", Some("CHF"), "performance", "range: $", &fields).await;
        assert_eq!(
            in_francs,
            shown(&book, "2024-03-14", Some("CHF"), "analytics", "range: { preset: $ }", &fields).await
        );
    }
}

/// What is shown is what `analytics` computes at the same moment, whether it was stored or not.
async fn is_what_analytics_shows(book: &Book, what: &str) {
    let fields = shared();
    let performance = shown(book, "2024-03-14", None, "performance", "range: $", &fields).await;
    let analytics = shown(book, "2024-03-14", None, "analytics", "range: { preset: $ }", &fields).await;
    assert_eq!(performance, analytics, "{what}");
}

/// After a change nothing that was stored is shown, neither at once nor after the daily values are up to date again; what is computed anew is
/// stored and shown.
async fn has_outdated(app: &App, book: &Book, before: &Value, what: &str) -> Value {
    assert!(!all_stored(book).await, "{what}");
    is_what_analytics_shows(book, what).await;
    assert_eq!(app.work().await.failed, 0, "{what}");
    assert!(!all_stored(book).await, "{what}, valued since");
    is_what_analytics_shows(book, what).await;
    store(app, book).await;
    is_what_analytics_shows(book, what).await;
    let after = performance(book, "2024-03-14").await;
    assert_ne!(after, *before, "{what} changes nothing");
    after
}

/// After a change that has nothing to do with the figures they are shown as they were stored.
async fn has_left(book: &Book, before: &Value, what: &str) {
    assert!(all_stored(book).await, "{what}");
    assert_eq!(performance(book, "2024-03-14").await, *before, "{what}");
}

#[tokio::test]
async fn what_changes_in_the_ledger_outdates_what_is_stored_of_it() {
    let app = App::start().await;
    let book = traded(&app, "USD").await;
    let other = traded(&app, "USD").await;
    store(&app, &book).await;
    let stored = performance(&book, "2024-03-14").await;
    other.deposit("2023-03-03", "50", "USD").await;
    has_left(&book, &stored, "a deposit in another portfolio").await;
    app.work().await;
    has_left(&book, &stored, "its values").await;

    let bought = book.buy("2023-11-01", "ACME", "1", "200").await;
    let stored = has_outdated(&app, &book, &stored, "a purchase").await;
    book.client.run_with(crate::support::REVERSE, json!({ "id": bought })).await.at("/transactionReverse/transaction");
    let stored = has_outdated(&app, &book, &stored, "its reversal").await;
    // After the last complete day: the portfolio's version rules, whatever the day.
    book.deposit("2024-03-15", "10", "USD").await;
    assert!(!all_stored(&book).await);
    app.work().await;
    store(&app, &book).await;
    has_left(&book, &stored, "what comes later").await;
    let version = book.show("2024-03-14", None, "version").await["version"].clone();
    let update = "mutation($id: ID!, $version: Int!, $input: PortfolioUpdateInput!) {
        portfolioUpdate(id: $id, expectedVersion: $version, input: $input) { userErrors { code message } } }";
    let input = json!({ "bookkeeping": { "lotMethod": "HIFO", "tradeCharges": "EXPENSED" } });
    let updated =
        book.client.run_with(update, json!({ "id": book.portfolio, "version": version, "input": input })).await;
    assert_eq!(updated.user_errors("portfolioUpdate"), [""; 0], "{}", updated.body);
    assert!(!all_stored(&book).await, "other decisions about the books");
    is_what_analytics_shows(&book, "other decisions about the books").await;
}

#[tokio::test]
async fn what_the_market_corrects_outdates_what_is_stored_and_what_comes_after_does_not() {
    let app = App::start().await;
    let book = traded(&app, "EUR").await;
    store(&app, &book).await;
    let stored = performance(&book, "2024-03-14").await;
    let prices = |rows: &str| format!("symbol,date,close\n{rows}\n");
    load(&app, &[("prices.csv", &prices("ACME,2024-03-15,257.5"))]).await.expect("loaded");
    has_left(&book, &stored, "a price after the last day").await;
    load(&app, &[("prices.csv", &prices("ACME,2024-02-06,244"))]).await.expect("loaded");
    let stored = has_outdated(&app, &book, &stored, "a corrected price").await;
    load(&app, &[("fx.csv.gz", "base,quote,date,rate\nEUR,USD,2024-02-06,1.13\n")]).await.expect("loaded");
    let stored = has_outdated(&app, &book, &stored, "a corrected rate").await;
    // Until the books have a split, figures are of books without it, stored or not.
    let splits = "symbol,ex_date,numerator,denominator\nGLOBEX,2024-02-01,2,1\nACME,2023-06-15,3,1\n";
    load(&app, &[("splits.csv", splits)]).await.expect("loaded");
    is_what_analytics_shows(&book, "a split that is not booked").await;
    app.work().await;
    let stored = has_outdated(&app, &book, &stored, "a split").await;
    // Another hour of closing is another calendar: whatever of it concerns, it is computed anew.
    let sessions = "mic,date,opens_at,closes_at,early_close,break_starts_at,break_ends_at,late_open\n\
        XNYS,2024-02-06,2024-02-06T14:30:00Z,2024-02-06T18:00:00Z,1,,,0\n";
    load(&app, &[("sessions.csv.gz", sessions)]).await.expect("loaded");
    assert!(!all_stored(&book).await, "a calendar");
    is_what_analytics_shows(&book, "a calendar").await;
    // A version of which nobody noted what differs may differ anywhere.
    store(&app, &book).await;
    has_left(&book, &stored, "the same computed again").await;
    let mut inside = Superuser::of(&app).await;
    inside.run("UPDATE market.meta_market_version SET version = version + 1").await;
    assert!(!all_stored(&book).await, "a version without a note");
}

#[tokio::test]
async fn prices_by_hand_outdate_what_is_stored_of_their_holders() {
    let app = App::start().await;
    let book = traded(&app, "USD").await;
    book.buy("2023-06-01", "COIN", "3", "100").await;
    book.price("2023-06-01", "COIN", "100").await;
    let bystander = traded(&app, "USD").await;
    for book in [&book, &bystander] {
        store(&app, book).await;
    }
    let (stored, beside) = (performance(&book, "2024-03-14").await, performance(&bystander, "2024-03-14").await);
    book.price("2024-01-10", "COIN", "130").await;
    assert!(!all_stored(&bystander).await, "who holds it is not known yet");
    app.work().await;
    has_left(&bystander, &beside, "a price of what others hold").await;
    let stored = has_outdated(&app, &book, &stored, "a price by hand").await;
    book.price("2024-03-15", "COIN", "131").await;
    has_left(&book, &stored, "a price after the last day").await;
    app.work().await;
    has_left(&book, &stored, "a price after the last day").await;
    let set =
        "mutation($input: PriceOverrideSetInput!) { priceOverrideSet(input: $input) { userErrors { code message } } }";
    let input = json!({ "instrumentId": book.instrument("ACME"), "from": "2023-07-03", "to": "2023-07-10", "price": "120",
        "reason": "halted" });
    let set = app.client("alpha", "admin").await.run_with(set, json!({ "input": input })).await;
    assert_eq!(set.user_errors("priceOverrideSet"), [""; 0], "{}", set.body);
    let stored = has_outdated(&app, &book, &stored, "a price in place of the market's").await;
    // Values that another release computes: what is stored is not its.
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    inside
        .run(&format!(
            "UPDATE {schema}.fact_performance_metrics SET calculation_version = calculation_version - 1, twr = 7"
        ))
        .await;
    assert!(!all_stored(&book).await);
    assert_eq!(performance(&book, "2024-03-14").await, stored);
    // The daily calculation, at six the next morning, stores all anew and clears the old away.
    app.clock.advance(TimeDelta::hours(18));
    assert_eq!(app.work().await.failed, 0);
    let client = app.client("alpha", "investor1").await;
    let (book, bystander) = (book.with_client(client.clone()), bystander.with_client(client));
    assert!(all_stored(&book).await && all_stored(&bystander).await);
    let kept =
        format!("SELECT count(*) || ' ' || count(*) FILTER (WHERE twr = 7) FROM {schema}.fact_performance_metrics");
    assert_eq!(inside.text(&kept).await, "20 0");
    assert_eq!(performance(&book, "2024-03-14").await, stored);
}

#[tokio::test]
async fn figures_of_many_portfolios_cost_the_statements_of_one() {
    let app = App::start().await;
    let query = "{ portfolios(first: 100) { nodes { name performance(range: SINCE_INCEPTION) { isStored returns { twr { value } }
        risk { volatility { value } } gain { amount } } year: performance(range: YTD) { isStored returns { twr { value } } } } } }";
    let book = traded(&app, "USD").await;
    let statements = async || {
        let client = app.client("alpha", "investor1").await;
        client.run(query).await.at("/portfolios/nodes");
        let before = app.services.gateway.statements();
        let answer = client.run(query).await;
        let nodes = answer.at("/portfolios/nodes").as_array().expect("portfolios").clone();
        let stored =
            nodes.iter().filter(|node| node["performance"]["isStored"] == true && node["year"]["isStored"] == true);
        (nodes.len(), stored.count(), app.services.gateway.statements() - before)
    };
    let (_, _, one_computed) = statements().await;
    store(&app, &book).await;
    let (_, _, one_stored) = statements().await;
    for base in ["EUR", "USD", "GBP", "USD"] {
        let other = Book::open(&app, base).await;
        other.deposit("2023-02-01", "1000", "USD").await;
        other.buy("2023-03-01", "GLOBEX", "2", "90").await;
    }
    // Of one stored and four not.
    let (many, stored, some_stored) = statements().await;
    assert_eq!((many, stored), (5, 1));
    assert!(some_stored <= one_stored + one_computed, "{some_stored}, {one_computed} and {one_stored} for one");
    app.clock.advance(TimeDelta::hours(18));
    assert_eq!(app.work().await.failed, 0);
    let (many, stored, all_stored) = statements().await;
    assert_eq!((many, stored), (5, 5));
    // All may fall in one batch or in two; a statement a portfolio would be four more.
    assert!(all_stored < one_stored + 4, "{all_stored}, {one_stored} for one");
    assert!(one_stored <= 6, "{one_stored}");
}

/// Of portfolios that others may not see.
#[tokio::test]
async fn who_may_read_a_portfolio_may_have_its_figures_stored() {
    let app = App::start().await;
    let book = traded(&app, "USD").await;
    app.work().await;
    let stranger = app.client("alpha", "investor2").await;
    let refused = stranger.run_with(COMPUTE, json!({ "id": book.portfolio })).await;
    assert_eq!(refused.user_errors("performanceMetricsCompute"), ["NOT_FOUND"]);
    assert!(app.queued().await.is_empty());
    compute(&app.client("alpha", "auditor").await, &book.portfolio).await;
    compute(&book.client, &book.portfolio).await;
    assert_eq!(app.work().await, Drained { done: 1, failed: 0 }, "two requests come to one run");
    assert!(all_stored(&book).await);
    let log = app.client("alpha", "admin").await;
    let log = log
        .run(r#"{ auditLog(first: 10, filter: { action: "performanceMetricsCompute" }) { nodes { actor } } }"#)
        .await;
    assert_eq!(log.at("/auditLog/nodes").as_array().map(Vec::len), Some(2), "{}", log.body);
}
