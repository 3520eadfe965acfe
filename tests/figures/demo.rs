//! The sample data's seven portfolios against `demo/expected.json`, which shares no code with the server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use portfolio_analyzer::auth::Role;
use portfolio_analyzer::clock::{Clock, CountingIds, Environment};
use portfolio_analyzer::market_data::load_directory;
use portfolio_analyzer::services::user::NewUser;
use portfolio_analyzer::tenancy::{Administration, InstallationTag, NewTenant};
use serde_json::{Value, json};

use crate::support::{self, App, Client, PASSWORD};

#[derive(Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> chrono::DateTime<Utc> {
        support::NOW.parse().expect("an instant")
    }
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("demo").join(name)
}

fn records(name: &str) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_path(file(name)).expect("a file");
    reader.records().map(|record| record.expect("a row")).collect()
}

/// Market data, the two firms, an administrator each; what they enter goes through the API.
async fn start() -> App {
    let database = support::empty(4).await;
    let environment = Environment { clock: Arc::new(Noon), ids: Arc::new(CountingIds::new(2)) };
    let administration = Administration::connect(&database.owner, &database.api).await.expect("an owner's connection");
    let tag = InstallationTag::new("figures").expect("a tag");
    administration.migrate(&database.api, tag, true).await.expect("a migration");
    load_directory(&administration, &file("market"), &environment, &|_| {}).await.expect("market data");
    for slug in ["alpine", "borealis"] {
        let new = NewTenant { id: environment.ids.next(), slug: slug.to_owned(), name: slug.to_owned() };
        administration.create_tenant(&new, environment.clock.now()).await.expect("a tenant");
    }
    administration.close().await;
    let app = App::on(database).await;
    for slug in ["alpine", "borealis"] {
        let tenant = app.services.gateway.tenant_by_slug(slug).await.expect("a read").expect("a tenant");
        let admin = NewUser {
            email: format!("admin@{slug}.example"),
            name: "admin".to_owned(),
            role: Role::Admin,
            password: PASSWORD.into(),
            currency: domain::money::Currency::EUR,
        };
        let made = app.services.users_create(&app.services.system(tenant, "test"), vec![admin], None).await;
        assert!(made.expect("people").iter().all(Result::is_ok));
    }
    app
}

async fn enter_prices(client: &Client) {
    let found = client.run("{ instruments(first: 100) { nodes { id symbol } } }").await;
    let nodes = found.at("/instruments/nodes").as_array().expect("a list").clone();
    let id = |symbol: &str| nodes.iter().find(|node| node["symbol"] == symbol).expect("an instrument")["id"].clone();
    let rows = records("market/manual_prices.csv");
    let input: Vec<Value> =
        rows.iter().map(|row| json!({ "instrumentId": id(&row[0]), "date": &row[1], "price": &row[2] })).collect();
    let record =
        "mutation($input: [ManualPriceInput!]!) { manualPricesRecord(input: $input) { count userErrors { message } } }";
    let answer = client.run_with(record, json!({ "input": input })).await;
    assert_eq!(*answer.at("/manualPricesRecord/count"), rows.len(), "{}", answer.body);
}

/// Makes the portfolio and imports its file; gives its id.
async fn import(client: &Client, row: &csv::StringRecord) -> String {
    let create = "mutation($input: PortfolioCreateInput!) { portfolioCreate(input: $input) { portfolio { id } userErrors { message } } }";
    let input = json!({ "name": &row[3], "baseCurrency": &row[4], "accounts": [&row[5]] });
    let made = client.run_with(create, json!({ "input": input })).await;
    let id = made.text("/portfolioCreate/portfolio/id");
    let csv = std::fs::read_to_string(file("portfolios").join(&row[6])).expect("a file");
    let import = r"mutation($input: TransactionsImportInput!) { transactionsImport(input: $input) {
        rowsRecorded rowErrors { line column message } userErrors { message } } }";
    let done = client.run_with(import, json!({ "input": { "portfolioId": id, "csv": csv } })).await;
    assert_eq!(done.at("/transactionsImport")["rowsRecorded"], csv.lines().count() - 1, "{}", done.body);
    id
}

const FIGURES: &str = r"query($id: ID!, $asOf: Date, $currency: Currency) { portfolio(id: $id, asOf: $asOf, currency: $currency) {
    transactions(first: 1) { totalCount }
    holdings(first: 100) { totalCount nodes { instrument { symbol } quantity cost { amount } costLocal { amount }
        marketValue { amount } unrealizedGain { amount } weight status } }
    cash { currency amount { amount } value { amount } weight }
    totals { totalValue { value { amount } } cash { value { amount } } marketValue { value { amount } } cost { amount }
        unrealizedGain { value { amount } } realizedGain { amount } income { amount } known { coverage missing } }
    metrics { days openingDate endDate twr { value } annualizedReturn { value } xirr { value } } } }";

fn number(value: &Value) -> f64 {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no amount"));
    text.parse().expect("a number")
}

/// Within so many minor units of the currency.
#[track_caller]
fn close(what: &str, shown: &Value, expected: &Value, tolerance: f64) {
    let (shown, expected) = (number(shown), number(expected));
    assert!((shown - expected).abs() <= tolerance, "{what}: {shown}, expected {expected} within {tolerance}");
}

#[track_caller]
fn close_rate(what: &str, shown: &Value, expected: &Value) {
    let (shown, expected) = (shown.as_f64().expect("a rate"), expected.as_f64().expect("a rate"));
    assert!((shown - expected).abs() <= 1e-6, "{what}: {shown}, expected {expected}");
}

fn compare(expected: &Value, shown: &Value) {
    let name = expected["name"].as_str().expect("a name");
    let base = expected["base_currency"].as_str().expect("a currency");
    // The README allows a unit or two of the minor unit where lots were split, per holding; sums of many, some more.
    let unit = if base == "JPY" { 1.0 } else { 0.01 };
    // A cent of foreign cash, in the base currency.
    let cent = match base {
        "JPY" => 2.5,
        "INR" => 1.5,
        _ => 0.02,
    };
    let totals = &shown["totals"];
    assert_eq!(shown["transactions"]["totalCount"], expected["transactions"], "{name}");
    assert_eq!(shown["holdings"]["totalCount"], expected["open_positions"], "{name}");
    for (position, holding) in expected["positions"]
        .as_array()
        .expect("a list")
        .iter()
        .zip(shown["holdings"]["nodes"].as_array().expect("a list"))
    {
        let what = format!("{name} {}", position["symbol"]);
        assert_eq!(holding["instrument"]["symbol"], position["symbol"], "{name}");
        close(&format!("{what} quantity"), &holding["quantity"], &position["quantity"], 1e-12);
        close(&format!("{what} local cost"), &holding["costLocal"]["amount"], &position["cost_local"], 0.02);
        close(&format!("{what} cost"), &holding["cost"]["amount"], &position["cost_base"], cent);
        close(&format!("{what} value"), &holding["marketValue"]["amount"], &position["market_value_base"], unit);
        close(&format!("{what} gain"), &holding["unrealizedGain"]["amount"], &position["unrealised_base"], unit + cent);
        assert_eq!(holding["status"], "COMPLETE", "{what}");
    }
    let balances: Vec<(&str, f64)> = shown["cash"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|line| (line["currency"].as_str().expect("a currency"), number(&line["amount"]["amount"])))
        .filter(|(_, amount)| *amount != 0.0)
        .collect();
    let wanted: Vec<(&str, f64)> = expected["cash"]
        .as_object()
        .expect("an object")
        .iter()
        .map(|(currency, amount)| (currency.as_str(), number(amount)))
        .filter(|(_, amount)| *amount != 0.0)
        .collect();
    assert_eq!(balances.len(), wanted.len(), "{name}: {balances:?}");
    for ((currency, amount), (wanted_currency, wanted)) in balances.iter().zip(&wanted) {
        assert_eq!(currency, wanted_currency, "{name}");
        // The server rounds what moves, amount and fee together; the expected file rounds the amount before the fee.
        let unit = if *currency == "JPY" { 1.0 } else { 0.01 };
        assert!((amount - wanted).abs() < 1.01 * unit, "{name}: {amount} {currency}, expected {wanted}");
    }
    close(&format!("{name} cash"), &totals["cash"]["value"]["amount"], &expected["cash_base"], cent);
    close(&format!("{name} cost"), &totals["cost"]["amount"], &expected["cost_base"], 5.0 * cent);
    close(&format!("{name} value"), &totals["marketValue"]["value"]["amount"], &expected["market_value_base"], unit);
    close(
        &format!("{name} total"),
        &totals["totalValue"]["value"]["amount"],
        &expected["total_value_base"],
        unit + cent,
    );
    close(
        &format!("{name} unrealised"),
        &totals["unrealizedGain"]["value"]["amount"],
        &expected["unrealised_base"],
        5.0 * cent,
    );
    close(&format!("{name} realised"), &totals["realizedGain"]["amount"], &expected["realised_base"], 5.0 * cent);
    // Coupons are income too; only this portfolio has any, and the file counts them with interest.
    if name != "Private wealth" {
        close(&format!("{name} income"), &totals["income"]["amount"], &expected["dividends_gross_base"], cent);
    }
    let metrics = &shown["metrics"];
    let inception = &expected["returns"][0];
    for (shown, wanted) in [("days", "days"), ("openingDate", "opening_date"), ("endDate", "end_date")] {
        assert_eq!(metrics[shown], inception[wanted], "{name}: {shown}");
    }
    close_rate(&format!("{name} XIRR"), &metrics["xirr"]["value"], &expected["xirr"]);
    let weights: f64 = shown["holdings"]["nodes"]
        .as_array()
        .expect("a list")
        .iter()
        .chain(shown["cash"].as_array().expect("a list"))
        .map(|line| line["weight"].as_f64().expect("a weight"))
        .sum();
    assert!((weights - 1.0).abs() < 1e-9, "{name}: weights sum to {weights}");
}

/// What the expected file calls the return over the days that this server links.
fn compare_return(expected: &Value, shown: &Value) {
    let name = expected["name"].as_str().expect("a name");
    let inception = &expected["returns"][0];
    close_rate(&format!("{name} TWR"), &shown["metrics"]["twr"]["value"], &inception["twr"]);
    close_rate(
        &format!("{name} annualised"),
        &shown["metrics"]["annualizedReturn"]["value"],
        &inception["twr_annualised"],
    );
}

/// Booked again in another currency, what is not a matter of trade dates is the same at the day's rate, and what was
/// neither bought nor sold is the same to the digit.
async fn compare_rebooked(client: &Client, id: &str, as_of: &Value, base: &Value, shown: &Value) {
    let other = if *base == "CHF" { "GBP" } else { "CHF" };
    let rebooked = client.run_with(FIGURES, json!({ "id": id, "asOf": as_of, "currency": other })).await;
    let rebooked = rebooked.at("/portfolio");
    let rates = "query($base: Currency!, $quote: Currency!, $day: Date) { exchangeRates(base: $base, quote: $quote, from: $day, to: $day) { rates } }";
    let rate = client.run_with(rates, json!({ "base": base, "quote": other, "day": as_of })).await;
    let rate = number(rate.at("/exchangeRates/rates/0"));
    for path in ["/totals/totalValue/value/amount", "/totals/marketValue/value/amount", "/totals/cash/value/amount"] {
        let (ours, theirs) =
            (number(shown.pointer(path).expect("a figure")), number(rebooked.pointer(path).expect("a figure")));
        assert!(
            (ours * rate - theirs).abs() <= 1e-6 * theirs.abs().max(1.0),
            "{path}: {ours} × {rate} is not {theirs}"
        );
    }
    let local = |value: &Value| -> Vec<Value> {
        let nodes = value["holdings"]["nodes"].as_array().expect("a list");
        nodes
            .iter()
            .map(|node| {
                json!([
                    node["quantity"],
                    node["costLocal"],
                    node["weight"].as_f64().map(|weight| (weight * 1e9).round())
                ])
            })
            .collect()
    };
    assert_eq!(local(rebooked), local(shown));
    assert_ne!(rebooked["totals"]["cost"], shown["totals"]["cost"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_seven_portfolios_are_worth_what_was_computed_elsewhere() {
    let app = start().await;
    let expected: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(file("expected.json")).expect("a file")).expect("JSON");
    let portfolios = records("portfolios/portfolios.csv");
    assert_eq!((expected.len(), portfolios.len()), (7, 7));
    enter_prices(&app.client("alpine", "admin").await).await;
    for (expected, row) in expected.iter().zip(&portfolios) {
        // An access token lasts for minutes of a clock that stands; the test moves it for nothing else.
        app.clock.advance(TimeDelta::seconds(1));
        let client = app.client(&row[0], "admin").await;
        assert_eq!((&expected["tenant"], &expected["name"]), (&json!(&row[0]), &json!(&row[3])));
        let id = import(&client, row).await;
        let shown = client.run_with(FIGURES, json!({ "id": id, "asOf": expected["as_of"] })).await;
        let shown = shown.at("/portfolio");
        compare(expected, shown);
        compare_return(expected, shown);
        compare_rebooked(&client, &id, &expected["as_of"], &expected["base_currency"], shown).await;
    }
}
