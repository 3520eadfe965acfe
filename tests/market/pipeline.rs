//! From delivery to clean price: basis, units, revisions, what was known when, runs.

use portfolio_analyzer::market_data::delivery::{Basis, Delivery, PriceRow};
use portfolio_analyzer::market_data::pipeline;
use portfolio_analyzer::storage::pipeline::{Dataset, Outcome};
use serde_json::json;
use uuid::Uuid;

use super::{administration, findings, load};
use crate::support::{App, Superuser};

pub(super) fn row(symbol: &str, date: &str, close: &str) -> PriceRow {
    let none = String::new;
    PriceRow {
        instrument: None,
        symbol: symbol.to_owned(),
        mic: none(),
        date: date.to_owned(),
        open: none(),
        high: none(),
        low: none(),
        close: close.to_owned(),
        adjusted_close: none(),
        volume: none(),
        currency: none(),
        basis: Basis::Raw,
    }
}

/// Has a provider deliver rows at an instant.
pub(super) async fn deliver(app: &App, provider: &str, fetched_at: &str, rows: Vec<PriceRow>) -> Outcome {
    let administration = administration(app).await;
    let environment = &app.services.environment;
    let run = pipeline::begin(&administration, environment, Dataset::Prices, provider, "some").await.expect("a run");
    let fetched_at = fetched_at.parse().expect("an instant");
    let delivery = Delivery { provider: provider.to_owned(), asked: "some".to_owned(), fetched_at, rows };
    let outcome = pipeline::prices(&administration, environment, run, &delivery).await.expect("taken in");
    administration.close().await;
    outcome
}

fn came(delivered: u64, promoted: u64, held: u64, revised: u64) -> Outcome {
    Outcome { delivered, promoted, held, revised }
}

async fn stored(app: &App, symbol: &str, day: &str) -> Vec<String> {
    let close = format!(
        "SELECT trim_scale(f.close) || ' ' || f.status FROM market.fact_stock_price f \
         JOIN market.dim_stock i ON i.id = f.instrument_id WHERE i.symbol = '{symbol}' AND f.date = '{day}'"
    );
    Superuser::of(app).await.texts(&close).await
}

const NOON: &str = "2024-03-15T12:00:00Z";

#[tokio::test]
async fn a_close_of_another_unit_is_converted_exactly_and_of_another_currency_is_held() {
    let app = App::start().await;
    let listed = "symbol,name,asset_type,mic,currency,isin,sector,price_multiplier,price_source\n\
                  PENNY,In pounds,STOCK,24X7,GBP,,,1,EXCHANGE\nPENCE,In pence,STOCK,24X7,GBP,,,1,EXCHANGE\nNAMED,In pence,STOCK,24X7,GBP,,,1,EXCHANGE\n";
    load(&app, &[("instruments.csv", listed)]).await.expect("loaded");
    Superuser::of(&app)
        .await
        .run("UPDATE market.dim_stock SET quote_unit = 'GBX' WHERE symbol IN ('PENCE', 'NAMED')")
        .await;
    let of = |symbol: &str, close: &str, currency: &str| PriceRow {
        currency: currency.to_owned(),
        ..row(symbol, "2024-03-14", close)
    };
    let rows = vec![
        of("PENNY", "250.5", "GBp"),
        of("PENCE", "250.5", ""),
        of("NAMED", "2.505", "GBP"),
        of("ACME", "256.5", "EUR"),
    ];
    assert_eq!(deliver(&app, "one", NOON, rows).await, came(4, 3, 1, 0));
    for symbol in ["PENNY", "PENCE", "NAMED"] {
        assert_eq!(stored(&app, symbol, "2024-03-14").await, ["2.505 F"], "{symbol}");
    }
    assert_eq!(findings(&app, "prices").await, ["4 CURRENCY_MISMATCH"]);
}

#[tokio::test]
async fn prices_that_are_divided_by_splits_are_stored_as_traded() {
    let app = App::start().await;
    // GLOBEX splits 2 for 1 on 2024-02-01: what traded at 103.2 the day before is delivered as 51.6.
    let day = "2024-01-31";
    let before = stored(&app, "GLOBEX", day).await;
    let close: f64 = before[0].split(' ').next().expect("a close").parse().expect("a number");
    let adjusted = PriceRow {
        basis: Basis::SplitAdjusted { as_of: "2024-03-15".parse().expect("a day") },
        ..row("GLOBEX", day, &((close + 1.0) / 2.0).to_string())
    };
    assert_eq!(deliver(&app, "directory", NOON, vec![adjusted]).await, came(1, 1, 0, 1));
    assert_eq!(stored(&app, "GLOBEX", day).await, [format!("{} F", close + 1.0)]);
}

#[tokio::test]
async fn a_revision_keeps_what_was_known_and_another_provider_is_not_believed() {
    let app = App::start().await;
    app.clock.advance(chrono::TimeDelta::hours(1));
    let (day, client) = ("2024-03-14", app.client("alpha", "investor1").await);
    let acme = client.run("{ instruments(search: \"ACME\") { nodes { id symbol } } }").await;
    let acme = acme.at("/instruments/nodes").as_array().expect("rows").iter().find(|row| row["symbol"] == "ACME");
    let acme = acme.expect("ACME")["id"].clone();
    let asked = "query($id: ID!, $at: DateTime) { prices(instrumentId: $id, from: \"2024-03-14\", knownAt: $at) { closes } \
                 instrument(id: $id) { priceRevisions { date close provider isEstimated } } }";
    let read = |at: Option<&'static str>| {
        let (client, variables) = (&client, json!({ "id": acme, "at": at }));
        async move { client.run_with(asked, variables).await }
    };
    let revised = deliver(&app, "directory", NOON, vec![row("ACME", day, "257")]).await;
    assert_eq!(revised, came(1, 1, 0, 1));
    // The same again is nothing, nearly the same of another provider neither; what differs from it is held.
    assert_eq!(deliver(&app, "directory", NOON, vec![row("ACME", day, "257.0")]).await, came(1, 0, 0, 0));
    assert_eq!(deliver(&app, "other", NOON, vec![row("ACME", day, "257.1")]).await, came(1, 0, 0, 0));
    assert_eq!(deliver(&app, "other", NOON, vec![row("ACME", day, "270")]).await, came(1, 0, 1, 0));
    assert_eq!(findings(&app, "prices").await, ["1 PROVIDER_DIFFERS"]);
    let now = read(None).await;
    assert_eq!(now.at("/prices/closes"), &json!(["257"]));
    let known = json!([{ "date": day, "close": "256.5", "provider": "directory", "isEstimated": false }]);
    assert_eq!(now.at("/instrument/priceRevisions"), &known);
    assert_eq!(read(Some("2024-03-15T12:30:00Z")).await.at("/prices/closes"), &json!(["256.5"]));
    assert_eq!(read(Some("2024-03-15T13:00:00Z")).await.at("/prices/closes"), &json!(["257"]));
    let ahead = read(Some("2024-03-15T13:00:01Z")).await;
    assert_eq!(ahead.error_code(), "BAD_USER_INPUT");
}

#[tokio::test]
async fn a_price_before_the_close_is_provisional_and_is_replaced_without_a_revision() {
    let app = App::start().await;
    let today = "2024-03-15";
    let complete = "SELECT last_complete_day::text FROM market.meta_market_version";
    let mut inside = Superuser::of(&app).await;
    assert_eq!(inside.text(complete).await, "2024-03-14");
    for (at, close, status) in [("15:00", "258", "P"), ("15:01", "259", "P"), ("21:30", "260", "F")] {
        let rows = ["ACME", "GLOBEX"].map(|symbol| {
            let close = if symbol == "ACME" { close } else { "97" };
            row(symbol, today, close)
        });
        deliver(&app, "one", &format!("{today}T{at}:00Z"), rows.into()).await;
        assert_eq!(stored(&app, "ACME", today).await, [format!("{close} {status}")]);
        let expected = if status == "P" { "2024-03-14" } else { today };
        assert_eq!(inside.text(complete).await, expected, "{at}");
    }
    assert_eq!(inside.text("SELECT count(*)::text FROM market.fact_price_revision").await, "0");
}

#[tokio::test]
async fn steps_that_a_split_would_make_other_symbols_and_rows_that_contradict_each_other_are_held() {
    let app = App::start().await;
    let mut inside = Superuser::of(&app).await;
    let id = inside.text("SELECT id::text FROM market.dim_stock WHERE symbol = 'ACME'").await;
    let asked = PriceRow { instrument: Some(id.parse::<Uuid>().expect("an id")), ..row("GLOBEX", "2024-03-15", "256") };
    let crossed = PriceRow {
        open: "97".to_owned(),
        high: "96".to_owned(),
        low: "98".to_owned(),
        ..row("GLOBEX", "2024-03-15", "97")
    };
    let halved = row("ACME", "2024-03-15", "128.2");
    let evening = "2024-03-15T21:00:00Z";
    assert_eq!(deliver(&app, "one", evening, vec![asked, crossed]).await, came(2, 0, 2, 0));
    assert_eq!(deliver(&app, "two", evening, vec![halved]).await, came(1, 0, 1, 0));
    assert_eq!(deliver(&app, "four", evening, vec![row("ACME", "2024-03-15", "430")]).await, came(1, 0, 1, 0));
    let differing = vec![row("GLOBEX", "2024-03-15", "97"), row("GLOBEX", "2024-03-15", "98")];
    assert_eq!(deliver(&app, "three", evening, differing).await, came(2, 0, 2, 0));
    let codes = "SELECT finding FROM market.meta_data_quality WHERE severity = 'ERROR' ORDER BY finding";
    let expected = ["DUPLICATE", "DUPLICATE", "OHLC_INCONSISTENT", "OUTLIER", "SPLIT_WRONG", "WRONG_SYMBOL"];
    assert_eq!(inside.texts(codes).await, expected);
    assert_eq!(stored(&app, "ACME", "2024-03-15").await, [""; 0]);
    // What its provider says better takes the place of what is held of it.
    assert_eq!(deliver(&app, "two", evening, vec![row("ACME", "2024-03-15", "257")]).await, came(1, 1, 0, 0));
    let state = "SELECT state FROM market.stg_held_row WHERE provider = 'two'";
    assert_eq!(inside.text(state).await, "SUPERSEDED");
}

#[tokio::test]
async fn a_hundredfold_level_within_a_longer_delivery_is_held_and_the_rest_is_stored() {
    let app = App::start().await;
    let mut inside = Superuser::of(&app).await;
    let days = "SELECT date::text FROM market.dim_exchange_session WHERE mic = 'XNYS' AND date >= '2023-01-02' \
                AND date < '2023-04-01' ORDER BY date";
    let days = inside.texts(days).await;
    assert!(days.len() > 40, "{} sessions", days.len());
    let close = |place: usize| {
        let close = 90.0 + f64::from(u32::try_from(place % 7).expect("small")) / 4.0;
        if place == 20 { close * 100.0 } else { close }
    };
    let rows = days.iter().enumerate().map(|(place, day)| row("INDX", day, &close(place).to_string())).collect();
    let outcome = deliver(&app, "directory", NOON, rows).await;
    let count = u64::try_from(days.len()).expect("a count");
    assert_eq!(outcome, came(count, count - 1, 1, 0));
    let held = "SELECT findings[1] || ' ' || date FROM market.stg_held_row";
    assert_eq!(inside.texts(held).await, [format!("UNIT_ERROR {}", days[20])]);
    assert_eq!(stored(&app, "INDX", &days[20]).await, [""; 0]);
}

#[tokio::test]
async fn a_run_that_was_ended_with_its_process_is_seen() {
    let app = App::start().await;
    let administration = administration(&app).await;
    let environment = &app.services.environment;
    let run = pipeline::begin(&administration, environment, Dataset::Prices, "slow", "all of it").await.expect("a run");
    administration.close().await;
    let state = async || {
        let runs =
            app.operator().await.run("{ refreshRuns(first: 1) { nodes { provider asked state finishedAt } } }").await;
        runs.at("/refreshRuns/nodes/0").clone()
    };
    let expected =
        |state: &str| json!({ "provider": "slow", "asked": "all of it", "state": state, "finishedAt": null });
    assert_eq!(state().await, expected("RUNNING"));
    app.clock.advance(chrono::TimeDelta::hours(7));
    assert_eq!(state().await, expected("INTERRUPTED"));
    assert_eq!(run.provider, "slow");
}

#[tokio::test]
async fn a_symbol_of_two_markets_is_held_unless_the_market_is_given() {
    let app = App::start().await;
    let listed = "symbol,name,asset_type,mic,currency,isin,sector,price_multiplier,price_source\n\
                  ACME,Another Acme,STOCK,24X7,USD,,,1,EXCHANGE\n";
    load(&app, &[("instruments.csv", listed)]).await.expect("loaded");
    let there = PriceRow { mic: "XNYS".to_owned(), ..row("ACME", "2024-03-14", "256.6") };
    let outcome = deliver(&app, "directory", NOON, vec![row("ACME", "2024-03-14", "256.7"), there]).await;
    assert_eq!(outcome, came(2, 1, 1, 1));
    assert_eq!(findings(&app, "prices").await, ["1 AMBIGUOUS_SYMBOL"]);
    assert_eq!(stored(&app, "ACME", "2024-03-14").await, ["256.6 F"]);
}

#[tokio::test]
async fn a_split_of_a_symbol_that_is_used_again_is_of_what_is_traded() {
    let app = App::start().await;
    let listed = "symbol,name,asset_type,mic,currency,isin,sector,price_multiplier,price_source\n\
                  AGAIN,The first,STOCK,24X7,USD,,,1,EXCHANGE\nAGAIN,The second,STOCK,XNYS,USD,,,1,EXCHANGE\n";
    let split = "symbol,ex_date,numerator,denominator\nAGAIN,2024-03-14,2,1\n";
    let both = load(&app, &[("instruments.csv", listed), ("splits.csv", split)]).await.expect("loaded");
    assert_eq!(both.splits, came(1, 0, 1, 0), "two are traded");
    let ended = "symbol,mic,listed_on,delisted_on\nAGAIN,24X7,1990-01-02,2020-01-02\n";
    load(&app, &[("listings.csv", ended)]).await.expect("loaded");
    let again = "symbol,ex_date,numerator,denominator\nAGAIN,2024-03-13,3,1\n";
    let one = load(&app, &[("splits.csv", again)]).await.expect("loaded");
    assert_eq!(one.splits, came(1, 1, 0, 0));
    let of = "SELECT i.mic || ' ' || a.ex_date FROM market.fact_corporate_action a JOIN market.dim_stock i ON i.id = a.instrument_id \
              WHERE i.symbol = 'AGAIN'";
    assert_eq!(Superuser::of(&app).await.texts(of).await, ["XNYS 2024-03-13"]);
}

/// What a load leaves behind: clean rows with their status, revisions, what is held, and the version in force.
async fn left_behind(app: &App) -> Vec<String> {
    let mut inside = Superuser::of(app).await;
    let mut left = Vec::new();
    for rows in [
        "SELECT i.symbol || ' ' || f.date || ' ' || trim_scale(f.close) || f.status FROM market.fact_stock_price f \
         JOIN market.dim_stock i ON i.id = f.instrument_id WHERE f.date >= '2024-03-13' ORDER BY 1",
        "SELECT base || quote || ' ' || date || ' ' || trim_scale(rate) FROM market.fact_fx_rate WHERE date >= '2024-03-13' ORDER BY 1",
        "SELECT type || ' ' || ex_date || ' ' || coalesce(numerator::text, amount::text) FROM market.fact_corporate_action ORDER BY 1",
        "SELECT trim_scale(close)::text FROM market.fact_price_revision ORDER BY 1",
        "SELECT finding FROM market.meta_data_quality WHERE severity = 'ERROR' ORDER BY 1",
    ] {
        left.extend(inside.texts(rows).await);
    }
    left
}

#[tokio::test]
async fn a_load_that_is_cut_off_anywhere_leaves_all_or_nothing_and_is_made_up_for() {
    let files = [
        ("prices.csv", "symbol,date,close\nACME,2024-03-14,258\nGLOBEX,2024-03-14,97.5\nACME,2024-03-13,25600\n"),
        ("fx.csv.gz", "base,quote,date,rate\nEUR,USD,2024-03-14,1.1345\n"),
        ("dividends.csv", "symbol,type,ex_date,pay_date,amount,currency\nACME,CASH_DIVIDEND,2024-03-13,,0.75,USD\n"),
    ];
    let app = App::start().await;
    let before = left_behind(&app).await;
    load(&app, &files).await.expect("loaded");
    let whole = left_behind(&app).await;
    assert_ne!(before, whole);
    let directory = tempfile::tempdir().expect("a directory");
    super::write(directory.path(), &files);
    let mut cut = 0;
    loop {
        let app = App::start().await;
        let (told, mut hear) = tokio::sync::mpsc::unbounded_channel();
        let administration = administration(&app).await;
        let progress = |step: &str| _ = told.send(step.to_owned());
        let ended = {
            let loading = portfolio_analyzer::market_data::load_directory(
                &administration,
                directory.path(),
                &app.services.environment,
                &progress,
            );
            let cut_off = async {
                for _ in 0..=cut {
                    hear.recv().await;
                }
            };
            tokio::select! {
                biased;
                () = cut_off => false,
                loaded = loading => loaded.is_ok(),
            }
        };
        drop(administration);
        let there = left_behind(&app).await;
        assert!(there == before || there == whole, "cut off at {cut}: {there:?}");
        load(&app, &files).await.expect("loaded again");
        assert_eq!(left_behind(&app).await, whole, "cut off at {cut}");
        if ended {
            break;
        }
        cut += 1;
    }
    assert!(cut >= 2, "it was cut off {cut} times");
}
