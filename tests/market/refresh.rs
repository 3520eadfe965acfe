//! From a provider's answer to what people see, by the program's own schedules.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use chrono::TimeDelta;
use portfolio_analyzer::clock::Clock;
use portfolio_analyzer::config::{
    AnswerFormat, BasisName, MarketDataConfig, ReaderColumns, ReaderConfig, ReaderKind, SeriesConfig,
};
use portfolio_analyzer::jobs::{self, Drained, Worker};
use portfolio_analyzer::market_data::providers::{Registry, Timer, Times};
use portfolio_analyzer::services::Services;
use serde_json::{Value, json};

use super::load;
use crate::jobs::schedules::schedules;
use crate::providers::replay::TestTimer;
use crate::support::working::SETTINGS;
use crate::support::{App, Book, Superuser};

/// A status, headers and a body.
type Say = (u16, &'static [(&'static str, &'static str)], String);

#[derive(Default)]
struct Inside {
    says: Mutex<HashMap<String, VecDeque<Say>>>,
    asked: Mutex<Vec<String>>,
}

/// A provider on this machine, which answers for each path what it was told, the last one again and again.
struct House {
    address: SocketAddr,
    inside: Arc<Inside>,
    task: tokio::task::JoinHandle<()>,
    timer: Arc<TestTimer>,
}

impl Drop for House {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl House {
    async fn start() -> Self {
        let inside = Arc::new(Inside::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(answer).with_state(Arc::clone(&inside));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("served") });
        Self { address, inside, task, timer: Arc::new(TestTimer::default()) }
    }

    fn says(&self, path: &str, says: impl IntoIterator<Item = Say>) {
        self.inside.says.lock().expect("a lock").insert(path.to_owned(), says.into_iter().collect());
    }

    /// Prices of a symbol, as `DAY CLOSE`.
    fn prices(&self, symbol: &str, prices: &[&str]) {
        self.says(&format!("/{symbol}"), [prices_of(symbol, "USD", prices)]);
    }

    fn asked(&self) -> Vec<String> {
        self.inside.asked.lock().expect("a lock").drain(..).collect()
    }

    fn reader(&self, name: &str, kind: ReaderKind) -> ReaderConfig {
        let of = |name: &str| Some(name.to_owned());
        let is_price = kind == ReaderKind::Prices;
        ReaderConfig {
            name: name.to_owned(),
            kind,
            url: format!("http://{}/{}", self.address, if is_price { "{symbol}" } else { name }),
            format: AnswerFormat::Csv,
            delimiter: ',',
            date_format: "%Y-%m-%d".to_owned(),
            decimal_comma: false,
            basis: BasisName::Raw,
            currency: None,
            base: None,
            rows: String::new(),
            columns: match kind {
                ReaderKind::Prices => ReaderColumns {
                    date: "date".to_owned(),
                    symbol: of("symbol"),
                    close: of("close"),
                    currency: of("currency"),
                    ..ReaderColumns::default()
                },
                _ => ReaderColumns {
                    date: "date".to_owned(),
                    base: of("base"),
                    quote: of("quote"),
                    value: of("value"),
                    ..ReaderColumns::default()
                },
            },
            key_header: None,
            batch: 1,
            intraday: false,
            requests_per_minute: 6_000,
            deadline_seconds: 120,
            allowed_addresses: vec!["127.0.0.1/32".parse().expect("a network")],
        }
    }

    /// A server's services that ask these readers.
    fn services(&self, app: &App, readers: Vec<ReaderConfig>) -> Services {
        let series = readers.iter().filter(|reader| reader.kind == ReaderKind::Indicators);
        let series = series.map(|reader| SeriesConfig {
            code: "VIX".to_owned(),
            provider: reader.name.clone(),
            series: "VIX".to_owned(),
        });
        let mut config = MarketDataConfig { series: series.collect(), readers, ..MarketDataConfig::default() };
        config.ecb.enabled = false;
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let clock = Arc::clone(&app.clock) as Arc<dyn Clock>;
        let times = Times { clock, timer: Arc::clone(&self.timer) as Arc<dyn Timer> };
        app.services.clone().with_providers(Registry::from_config(&config, &times).expect("providers"))
    }
}

async fn answer(State(inside): State<Arc<Inside>>, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let mut says = inside.says.lock().expect("a lock");
    let say = says.get_mut(&path).and_then(|says| {
        let first = says.pop_front()?;
        if says.is_empty() {
            says.push_back(first.clone());
        }
        Some(first)
    });
    inside.asked.lock().expect("a lock").push(path);
    let (status, headers, body) = say.unwrap_or((404, &[], String::new()));
    let response =
        headers.iter().fold(Response::builder().status(status), |made, (name, value)| made.header(*name, *value));
    response.body(Body::from(body)).expect("a response")
}

fn prices_of(symbol: &str, currency: &str, prices: &[&str]) -> Say {
    let row = |price: &&str| {
        let (day, close) = price.split_once(' ').expect("a day and a close");
        format!("{symbol},{day},{close},{currency}\n")
    };
    (200, &[], format!("symbol,date,close,currency\n{}", prices.iter().map(row).collect::<String>()))
}

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
