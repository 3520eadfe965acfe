//! A provider on this machine whose answers tests write.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use portfolio_analyzer::clock::Clock;
use portfolio_analyzer::config::{
    AnswerFormat, BasisName, MarketDataConfig, ReaderColumns, ReaderConfig, ReaderKind, SeriesConfig,
};
use portfolio_analyzer::market_data::providers::{Registry, Timer, Times};
use portfolio_analyzer::services::Services;

use crate::providers::replay::TestTimer;
use crate::support::App;

/// A status, headers and a body.
pub type Say = (u16, &'static [(&'static str, &'static str)], String);

#[derive(Default)]
struct Inside {
    says: Mutex<HashMap<String, VecDeque<Say>>>,
    asked: Mutex<Vec<String>>,
}

/// A provider on this machine, which answers for each path what it was told, the last one again and again.
pub struct House {
    address: SocketAddr,
    inside: Arc<Inside>,
    task: tokio::task::JoinHandle<()>,
    pub timer: Arc<TestTimer>,
}

impl Drop for House {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl House {
    pub async fn start() -> Self {
        let inside = Arc::new(Inside::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(answer).with_state(Arc::clone(&inside));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("served") });
        Self { address, inside, task, timer: Arc::new(TestTimer::default()) }
    }

    pub fn says<const N: usize>(&self, path: &str, says: [Say; N]) {
        self.inside.says.lock().expect("a lock").insert(path.to_owned(), says.into_iter().collect());
    }

    /// Prices of a symbol, as `DAY CLOSE`.
    pub fn prices(&self, symbol: &str, prices: &[&str]) {
        self.says(&format!("/{symbol}"), [prices_of(symbol, "USD", prices)]);
    }

    pub fn asked(&self) -> Vec<String> {
        self.inside.asked.lock().expect("a lock").drain(..).collect()
    }

    pub fn reader(&self, name: &str, kind: ReaderKind) -> ReaderConfig {
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
                ReaderKind::Indicators => {
                    ReaderColumns { date: "date".to_owned(), value: of("value"), ..ReaderColumns::default() }
                }
                ReaderKind::Rates => ReaderColumns {
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

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// A server's services that ask these readers.
    pub fn services(&self, app: &App, readers: Vec<ReaderConfig>) -> Services {
        self.services_of(app, MarketDataConfig { readers, ..MarketDataConfig::default() })
    }

    /// A server's services with this configuration, in which the reader of indicators has a series.
    pub fn services_of(&self, app: &App, mut config: MarketDataConfig) -> Services {
        let series = config.readers.iter().filter(|reader| reader.kind == ReaderKind::Indicators);
        let series = series.map(|reader| SeriesConfig {
            code: "GBP_ON".to_owned(),
            provider: reader.name.clone(),
            series: "GBP_ON".to_owned(),
        });
        config.series = series.collect();
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

pub fn prices_of(symbol: &str, currency: &str, prices: &[&str]) -> Say {
    let row = |price: &&str| {
        let (day, close) = price.split_once(' ').expect("a day and a close");
        format!("{symbol},{day},{close},{currency}\n")
    };
    (200, &[], format!("symbol,date,close,currency\n{}", prices.iter().map(row).collect::<String>()))
}
