//! A server on this machine that answers as it is told and notes what it was asked; and a clock that waits no time.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};
use portfolio_analyzer::clock::Clock;
use portfolio_analyzer::config::{MarketDataConfig, ProviderConfig, Secret};
use portfolio_analyzer::market_data::providers::{Provider, Registry, Span, Timer, Times, Wanted};
use uuid::Uuid;

/// A key that must be found nowhere but in requests.
pub const KEY: &str = "k3y-that-nobody-may-read";

/// What the server answers to one request.
#[derive(Clone, Debug)]
pub enum Act {
    /// A whole answer.
    Say(u16, &'static [(&'static str, &'static str)], Bytes),
    /// Sends elsewhere.
    Redirect(String),
    /// Ends in the middle of what it announced.
    BreakOff(&'static str),
    /// A byte now and then, without end.
    Drip,
    /// A gigabyte.
    Flood,
}

impl Act {
    pub fn ok(body: impl Into<Bytes>) -> Self {
        Self::Say(200, &[], body.into())
    }

    pub fn status(status: u16) -> Self {
        Self::Say(status, &[], Bytes::from_static(b"{}"))
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub address: String,
    pub headers: HeaderMap,
    pub body: String,
}

#[derive(Debug, Default)]
struct Inside {
    acts: Mutex<VecDeque<Act>>,
    asked: Mutex<Vec<Asked>>,
}

/// The server. The last act is repeated.
#[derive(Debug)]
pub struct Replay {
    address: SocketAddr,
    inside: Arc<Inside>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Replay {
    pub async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        let inside = Arc::new(Inside { acts: Mutex::new(acts.into_iter().collect()), ..Inside::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(answer).with_state(Arc::clone(&inside));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("served") });
        Self { address, inside, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.inside.asked.lock().expect("a lock").clone()
    }

    /// Adds acts once the address of the server is known.
    pub fn then(&self, acts: impl IntoIterator<Item = Act>) {
        self.inside.acts.lock().expect("a lock").extend(acts);
    }
}

async fn answer(State(inside): State<Arc<Inside>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let body = String::from_utf8(body.to_vec()).expect("text");
    inside.asked.lock().expect("a lock").push(Asked { address: parts.uri.to_string(), headers: parts.headers, body });
    let act = {
        let mut acts = inside.acts.lock().expect("a lock");
        let act = acts.pop_front().expect("an act");
        if acts.is_empty() {
            acts.push_back(act.clone());
        }
        act
    };
    let response = Response::builder();
    match act {
        Act::Say(status, headers, body) => {
            let response =
                headers.iter().fold(response.status(status), |made, (name, value)| made.header(*name, *value));
            response.body(Body::from(body)).expect("a response")
        }
        Act::Redirect(target) => {
            response.status(StatusCode::FOUND).header("location", target).body(Body::empty()).expect("a response")
        }
        Act::BreakOff(part) => {
            let pieces = stream::iter([Ok(Bytes::from_static(part.as_bytes())), Err("the line is cut")]);
            response.body(Body::from_stream(pieces)).expect("a response")
        }
        Act::Drip => {
            let drops = stream::unfold((), |()| async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), ()))
            });
            response.body(Body::from_stream(drops)).expect("a response")
        }
        Act::Flood => {
            let piece = Bytes::from(vec![b'x'; 1 << 20]);
            let pieces = stream::repeat_with(move || Ok::<_, Infallible>(piece.clone())).take(1 << 10);
            response.body(Body::from_stream(pieces)).expect("a response")
        }
    }
}

/// Time that passes when somebody waits for it.
#[derive(Debug, Default)]
pub struct TestTimer {
    elapsed: Mutex<Duration>,
    waits: Mutex<Vec<Duration>>,
}

impl TestTimer {
    pub fn waits(&self) -> Vec<Duration> {
        self.waits.lock().expect("a lock").clone()
    }

    pub fn pass(&self, time: Duration) {
        *self.elapsed.lock().expect("a lock") += time;
    }
}

#[async_trait]
impl Timer for TestTimer {
    fn elapsed(&self) -> Duration {
        *self.elapsed.lock().expect("a lock")
    }

    async fn sleep(&self, wait: Duration) {
        self.waits.lock().expect("a lock").push(wait);
        self.pass(wait);
    }

    fn seed(&self) -> Option<u64> {
        Some(7)
    }
}

/// Noon of 6 March 2024, a Wednesday.
#[derive(Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339("2024-03-06T12:00:00Z").expect("an instant").to_utc()
    }
}

/// The providers of a configuration, and the timer that they wait by.
pub fn registry(config: &MarketDataConfig) -> (Registry, Arc<TestTimer>) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let timer = Arc::new(TestTimer::default());
    let times = Times { clock: Arc::new(Noon), timer: Arc::clone(&timer) as Arc<dyn Timer> };
    (Registry::from_config(config, &times).expect("providers"), timer)
}

/// A configuration in which the providers of these names are this server.
pub fn config(server: &Replay, names: &[&str]) -> MarketDataConfig {
    let mut config = MarketDataConfig::default();
    for name in names {
        let provider = match *name {
            "ecb" => &mut config.ecb,
            "yahoo" => &mut config.yahoo,
            "stooq" => &mut config.stooq,
            "alpha_vantage" => &mut config.alpha_vantage,
            "tiingo" => &mut config.tiingo,
            "coingecko" => &mut config.coingecko,
            "openfigi" => &mut config.openfigi,
            "fred" => &mut config.fred,
            other => panic!("no provider is built in that is called {other}"),
        };
        *provider = ProviderConfig {
            enabled: true,
            base_url: server.url(),
            key: Some(Secret::from(KEY)),
            allowed_addresses: vec!["127.0.0.1/32".parse().expect("a network")],
            requests_per_minute: 6_000,
            ..ProviderConfig::default()
        };
    }
    config
}

/// One provider at a server.
pub fn provider(server: &Replay, name: &str) -> (Arc<dyn Provider>, Arc<TestTimer>) {
    let (registry, timer) = registry(&config(server, &[name]));
    (Arc::clone(registry.get(name).expect("enabled")), timer)
}

/// A span from the text of its first known day.
pub fn since(day: &str) -> Span {
    Span { since: Some(day.parse().expect("a day")), until: None }
}

pub fn wanted(symbol: &str, span: Span) -> Wanted {
    Wanted {
        instrument: Uuid::from_u128(1),
        symbol: symbol.to_owned(),
        currency: "USD".to_owned(),
        mic: "XNAS".to_owned(),
        span,
    }
}
