//! From a provider's answer to what people see, by the program's own schedules.

use chrono::TimeDelta;
use portfolio_analyzer::config::{FeedConfig, MarketDataConfig, ProviderConfig, ReaderConfig, ReaderKind};
use portfolio_analyzer::jobs::{self, Drained, Worker};
use portfolio_analyzer::services::Services;
use serde_json::{Value, json};

use super::house::{House, Say, prices_of};
use super::load;
use crate::jobs::schedules::schedules;
use crate::support::working::SETTINGS;
use crate::support::{App, Book, Superuser};

async fn work(services: &Services) -> Drained {
    Worker::new(services.clone(), jobs::handlers(), SETTINGS).drain().await.expect("the queue")
}

/// What is stored of a day.
async fn stored(app: &App, day: &str) -> Vec<String> {
    let closes = format!(
        "SELECT i.symbol || ' ' || trim_scale(f.close) || ' ' || f.status FROM market.fact_stock_price f \
         JOIN market.dim_stock i ON i.id = f.instrument_id WHERE f.date = '{day}' ORDER BY 1"
    );
    Superuser::of(app).await.texts(&closes).await
}

/// Runs, the latest first, without those of the files that the test began with.
async fn runs(app: &App) -> Vec<Value> {
    let operator = app.operator().await;
    let answer =
        operator.run("{ refreshRuns(first: 50) { nodes { dataset provider asked state error promoted held startedAt finishedAt } } }");
    let nodes = answer.await.at("/refreshRuns/nodes").as_array().expect("runs").clone();
    nodes.into_iter().filter(|run| run["provider"] != "directory").collect()
}

/// A portfolio that holds ten of ACME and ten of GLOBEX, whose figures are stored.
async fn held(app: &App) -> Book {
    let book = Book::open(app, "USD").await;
    book.deposit("2024-03-01", "10000", "USD").await;
    book.buy("2024-03-04", "ACME", "10", "250").await;
    book.buy("2024-03-04", "GLOBEX", "10", "97").await;
    app.work().await;
    book
}

/// Symbols, values and days of prices of what it holds, as a person sees them who logs in now.
async fn seen(app: &App, book: &Book, as_of: Option<&str>) -> Vec<String> {
    let query = "query($id: ID!, $asOf: Date) { portfolio(id: $id, asOf: $asOf) { holdings { nodes {
        instrument { symbol } marketValue { amount } price { date } } } } }";
    let client = app.client("alpha", "investor1").await;
    let answer = client.run_with(query, json!({ "id": book.portfolio, "asOf": as_of })).await;
    let holdings = answer.at("/portfolio/holdings/nodes").as_array().expect("holdings").clone();
    let line = |holding: &Value| {
        let text = |pointer: &str| holding.pointer(pointer).and_then(Value::as_str).unwrap_or("none").to_owned();
        format!("{} {} {}", text("/instrument/symbol"), text("/marketValue/amount"), text("/price/date"))
    };
    holdings.iter().map(line).collect()
}

/// How often the job of daily facts has run.
async fn daily_facts(app: &App) -> String {
    Superuser::of(app).await.text("SELECT count(*)::text FROM platform.job_run WHERE kind = 'daily_facts'").await
}

#[tokio::test]
async fn a_new_price_is_seen_with_the_next_full_hour_and_facts_follow_when_the_day_is_complete() {
    let app = App::start().await;
    let book = held(&app).await;
    let house = House::start().await;
    let services = house.services(&app, vec![house.reader("house", ReaderKind::Prices)]);
    house.prices("ACME", &["2024-03-14 256.50", "2024-03-15 260"]);
    house.prices("GLOBEX", &["2024-03-14 101.00", "2024-03-15 102"]);
    // Nothing is asked for before its time.
    work(&services).await;
    assert!(house.asked().is_empty() && runs(&app).await.is_empty());
    let before = daily_facts(&app).await;

    // The exchange opened at 14:30, and it is 15:06: the price of the day is provisional.
    app.clock.advance(TimeDelta::minutes(186));
    assert_eq!(work(&services).await.failed, 0);
    assert_eq!(house.asked().len(), 2);
    assert_eq!(stored(&app, "2024-03-15").await, ["ACME 260 P", "GLOBEX 102 P"]);
    let today = Some("2024-03-15");
    assert_eq!(seen(&app, &book, today).await, ["ACME 2600 2024-03-15", "GLOBEX 1020 2024-03-15"]);
    let done = runs(&app).await;
    assert_eq!(done.len(), 1, "{done:?}");
    assert_eq!((&done[0]["state"], &done[0]["promoted"]), (&json!("DONE"), &json!(2)));
    assert!(done[0]["finishedAt"].as_str().expect("an end") < "2024-03-15T15:10:00Z");
    // What is stored ends with the last complete day: nothing of it is computed anew, and it is not said to be out of date.
    assert_eq!(daily_facts(&app).await, before);
    assert_eq!(seen(&app, &book, None).await, ["ACME 2565 2024-03-14", "GLOBEX 1010 2024-03-14"]);
    let book = book.with_client(app.client("alpha", "investor1").await);
    let facts = "dailyFacts { state computedUntil dirtyFrom }";
    let fresh = |until: &str| json!({ "state": "FRESH", "computedUntil": until, "dirtyFrom": null });
    assert_eq!(book.show("2024-03-14", None, facts).await["dailyFacts"], fresh("2024-03-14"));

    // It closed at 21:00: the next answer is final, the day complete, and the facts follow by themselves.
    house.prices("ACME", &["2024-03-15 261"]);
    app.clock.advance(TimeDelta::hours(6));
    assert_eq!(work(&services).await.failed, 0);
    assert_eq!(stored(&app, "2024-03-15").await, ["ACME 261 F", "GLOBEX 102 F"]);
    assert_eq!(seen(&app, &book, None).await, ["ACME 2610 2024-03-15", "GLOBEX 1020 2024-03-15"]);
    assert_ne!(daily_facts(&app).await, before);
    // All is known until another session opens: nobody is asked.
    house.asked();
    app.clock.advance(TimeDelta::hours(20));
    assert_eq!(work(&services).await.failed, 0);
    assert!(house.asked().is_empty());
    let book = book.with_client(app.client("alpha", "investor1").await);
    assert_eq!(book.show("2024-03-15", None, facts).await["dailyFacts"], fresh("2024-03-15"));
}

#[tokio::test]
async fn the_minute_is_for_those_who_allow_it_while_the_exchange_is_open() {
    let app = App::start().await;
    held(&app).await;
    let house = House::start().await;
    house.prices("ACME", &["2024-03-15 260"]);
    house.prices("GLOBEX", &["2024-03-15 102"]);
    let hourly = house.reader("house", ReaderKind::Prices);
    let by_minute = ReaderConfig { intraday: true, ..hourly.clone() };
    let name = "Prices while exchanges are open";
    work(&house.services(&app, vec![hourly])).await;
    assert!(schedules(&app).await.iter().all(|one| one.name != name), "nobody may be asked every minute");

    let services = house.services(&app, vec![by_minute]);
    work(&services).await;
    assert!(schedules(&app).await.iter().any(|one| one.name == name));
    app.clock.advance(TimeDelta::minutes(2));
    work(&services).await;
    assert!(house.asked().is_empty() && runs(&app).await.is_empty(), "the exchange opens at 14:30");
    app.clock.advance(TimeDelta::minutes(149));
    work(&services).await;
    house.asked();
    house.prices("ACME", &["2024-03-15 260.5"]);
    app.clock.advance(TimeDelta::minutes(1));
    work(&services).await;
    assert_eq!(house.asked().len(), 2);
    assert_eq!(stored(&app, "2024-03-15").await, ["ACME 260.5 P", "GLOBEX 102 P"]);
}

#[tokio::test]
async fn a_provider_that_asks_to_wait_is_asked_again_and_one_that_does_not_answer_is_a_line() {
    let app = App::start().await;
    held(&app).await;
    let house = House::start().await;
    let services = house.services(&app, vec![house.reader("house", ReaderKind::Prices)]);
    work(&services).await;
    let busy: Say = (429, &[("retry-after", "30")], String::new());
    house.says("/ACME", [busy, prices_of("ACME", "USD", &["2024-03-15 260"])]);
    house.says("/GLOBEX", [(429, &[("retry-after", "3000")], String::new())]);
    app.clock.advance(TimeDelta::minutes(186));
    assert_eq!(work(&services).await.failed, 0, "that a provider fails is no failure of the job");
    assert!(house.timer.waits().iter().any(|wait| wait.as_secs() >= 30), "{:?}", house.timer.waits());
    assert_eq!(stored(&app, "2024-03-15").await, ["ACME 260 P"]);
    let noted = runs(&app).await;
    assert_eq!(noted.len(), 2, "{noted:?}");
    assert_eq!(
        (&noted[0]["state"], &noted[0]["asked"]),
        (&json!("FAILED"), &json!("1 of 2 instruments, nobody answered for GLOBEX"))
    );
    let error = noted[0]["error"].as_str().expect("an error");
    assert!(error.starts_with("RATE_LIMITED 1; the first: too many requests"), "{error}");
    assert_eq!((&noted[1]["state"], &noted[1]["asked"]), (&json!("DONE"), &json!("1 instruments")));
}

#[tokio::test]
async fn a_provider_that_lies_about_some_gives_the_others() {
    let app = App::start().await;
    let listed = "symbol,name,asset_type,mic,currency,isin,sector,price_multiplier,price_source\n\
                  FRANC,In francs,STOCK,XNYS,USD,,,1,EXCHANGE\nOTHER,Another,STOCK,XNYS,USD,,,1,EXCHANGE\n\
                  PAGE,A page,STOCK,XNYS,USD,,,1,EXCHANGE\n";
    load(&app, &[("instruments.csv", listed)]).await.expect("loaded");
    let hold =
        "INSERT INTO market.meta_tracked_instrument SELECT id, '2024-03-15' FROM market.dim_stock WHERE mic = 'XNYS'";
    Superuser::of(&app).await.run(hold).await;
    let house = House::start().await;
    let services = house.services(&app, vec![house.reader("house", ReaderKind::Prices)]);
    work(&services).await;
    house.prices("ACME", &["2024-03-15 260"]);
    house.prices("INDX", &["2024-03-15 5000"]);
    house.prices("GLOBEX", &["2024-03-15 NaN"]);
    house.says("/FRANC", [prices_of("FRANC", "CHF", &["2024-03-15 50"])]);
    house.says("/OTHER", [prices_of("ACME", "USD", &["2024-03-15 260"])]);
    house.says("/PAGE", [(200, &[("content-type", "text/html")], "<html><body>Please log in".to_owned())]);
    app.clock.advance(TimeDelta::minutes(186));
    assert_eq!(work(&services).await.failed, 0);
    assert_eq!(stored(&app, "2024-03-15").await, ["ACME 260 P", "INDX 5000 P"]);

    let operator = app.operator().await;
    let query = "{ heldMarketRows(filter: { state: OPEN }) { nodes { findings cells provider } } }";
    let answer = operator.run(query).await;
    let mut held: Vec<String> = answer
        .at("/heldMarketRows/nodes")
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| format!("{} {}", row["findings"], row["cells"]))
        .collect();
    held.sort();
    assert_eq!(held.len(), 2, "{held:?}");
    assert!(held[0].contains("CURRENCY_MISMATCH") && held[0].contains("CHF"), "{held:?}");
    assert!(held[1].contains("NaN"), "{held:?}");
    let noted = runs(&app).await;
    let told: String =
        noted.iter().map(|run| format!("{} {} {}\n", run["state"], run["asked"], run["error"])).collect();
    for part in ["OTHER_SYMBOL 1", "UNREADABLE 1", "nobody answered for OTHER, PAGE"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_ask_once() {
    let app = App::start().await;
    held(&app).await;
    let house = House::start().await;
    house.prices("ACME", &["2024-03-15 260"]);
    house.prices("GLOBEX", &["2024-03-15 102"]);
    let one = house.services(&app, vec![house.reader("house", ReaderKind::Prices)]);
    let other = app.another().await;
    let other = house.services(&other, vec![house.reader("house", ReaderKind::Prices)]);
    work(&one).await;
    app.clock.advance(TimeDelta::minutes(186));
    let (one, other) = tokio::join!(work(&one), work(&other));
    assert_eq!(one.failed + other.failed, 0);
    assert_eq!((house.asked().len(), runs(&app).await.len()), (2, 1));
}

#[tokio::test]
async fn rates_are_of_the_first_who_answers_and_come_after_the_fixing() {
    let app = App::start().await;
    let house = House::start().await;
    let readers = vec![house.reader("silent", ReaderKind::Rates), house.reader("spare", ReaderKind::Rates)];
    let services = house.services(&app, readers);
    work(&services).await;
    house.says("/silent", [(500, &[], String::new())]);
    house.says("/spare", [(200, &[], "date,base,quote,value\n2024-03-15,EUR,USD,1.0892\n".to_owned())]);
    // 15:10 in Berlin, and 16:16.
    app.clock.advance(TimeDelta::minutes(130));
    work(&services).await;
    assert!(house.asked().is_empty());
    app.clock.advance(TimeDelta::minutes(66));
    assert_eq!(work(&services).await.failed, 0);
    let rate = "SELECT trim_scale(rate)::text FROM market.fact_fx_rate WHERE (base, quote, date) = ('EUR', 'USD', '2024-03-15')";
    assert_eq!(Superuser::of(&app).await.texts(rate).await, ["1.0892"]);
    let noted: Vec<String> =
        runs(&app).await.iter().map(|run| format!("{} {}", run["provider"], run["state"])).collect();
    assert_eq!(noted, ["\"spare\" \"DONE\"", "\"silent\" \"FAILED\""]);
    // The last time of the day is 20:15 in Berlin; a Saturday has none.
    app.clock.advance(TimeDelta::hours(5));
    work(&services).await;
    assert!(house.asked().contains(&"/spare".to_owned()));
    app.clock.advance(TimeDelta::days(1));
    work(&services).await;
    assert!(house.asked().is_empty());
}

#[tokio::test]
async fn headlines_series_and_identifiers_come_at_their_own_times() {
    let app = App::start().await;
    let listed = "symbol,name,asset_type,mic,currency,isin,sector,price_multiplier,price_source\n\
                  APPLE,Apple,STOCK,XNYS,USD,US0378331005,,1,EXCHANGE\n";
    load(&app, &[("instruments.csv", listed)]).await.expect("loaded");
    let hold = "INSERT INTO market.meta_tracked_instrument SELECT id, '2024-03-15' FROM market.dim_stock WHERE symbol = 'APPLE'";
    let mut inside = Superuser::of(&app).await;
    inside.run(hold).await;
    let house = House::start().await;
    let local = vec!["127.0.0.1/32".parse().expect("a network")];
    let feed = FeedConfig { name: "wire".to_owned(), url: house.url("feed"), allowed_addresses: local.clone() };
    let openfigi = ProviderConfig {
        enabled: true,
        base_url: house.url(""),
        allowed_addresses: local,
        ..MarketDataConfig::default().openfigi
    };
    let config = MarketDataConfig {
        feeds: vec![feed],
        readers: vec![house.reader("bank", ReaderKind::Indicators)],
        openfigi,
        ..MarketDataConfig::default()
    };
    let services = house.services_of(&app, config);
    work(&services).await;
    let entry = "<rss><channel><item><title>Apple grows</title><link>https://news.example/1</link><guid>1</guid>\
                 <pubDate>Fri, 15 Mar 2024 11:00:00 GMT</pubDate></item></channel></rss>";
    house.says("/feed", [(200, &[], entry.to_owned())]);
    house.says("/bank", [(200, &[], "date,value\n2024-03-15,5.19\n".to_owned())]);
    let figi = r#"[{"data":[{"figi":"BBG000B9XRY4","ticker":"AAPL","exchCode":"UN","name":"APPLE INC"}]}]"#;
    house.says("/v3/mapping", [(200, &[], figi.to_owned())]);

    app.clock.advance(TimeDelta::minutes(16));
    assert_eq!(work(&services).await.failed, 0);
    assert_eq!(house.asked(), ["/feed"]);
    app.clock.advance(TimeDelta::hours(11));
    assert_eq!(work(&services).await.failed, 0);
    assert_eq!(house.asked(), ["/feed", "/bank"], "at 22:30");
    // The next Sunday.
    app.clock.advance(TimeDelta::days(1) + TimeDelta::hours(6));
    assert_eq!(work(&services).await.failed, 0);
    assert!(house.asked().contains(&"/v3/mapping".to_owned()));
    let known = "SELECT value FROM market.dim_identifier WHERE scheme = 'FIGI'";
    assert_eq!(inside.texts(known).await, ["BBG000B9XRY4"]);
    let headline = "SELECT headline FROM market.fact_news";
    assert_eq!(inside.texts(headline).await, ["Apple grows"]);
    let value = "SELECT trim_scale(value)::text FROM market.fact_market_indicator WHERE date = '2024-03-15'";
    assert_eq!(inside.texts(value).await, ["5.19"], "{:?}", runs(&app).await);
    assert!(runs(&app).await.iter().all(|run| run["state"] == "DONE"));

    // What is known is not asked for again.
    app.clock.advance(TimeDelta::days(7));
    work(&services).await;
    assert!(!house.asked().contains(&"/v3/mapping".to_owned()));
}
