//! The settings of the HTTP interface, and what it shares between requests.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use ipnet::IpNet;
use tokio::sync::{Semaphore, watch};

use crate::graphql::GraphqlService;
use crate::graphql::limits::Limits;

/// How the HTTP interface behaves.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// What one request may ask for.
    pub limits: Limits,
    /// Bytes of a request's body, and of a WebSocket message.
    pub body_limit_bytes: usize,
    /// Bytes of a file to import.
    pub import_limit_bytes: usize,
    /// How long reading a body may take, and then how long answering may take.
    pub request_timeout: Duration,
    /// Origins, such as `https://app.example.com`, whose pages may open WebSockets beside the server's own.
    pub allowed_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The built playground: a directory with `index.html`.
    pub assets: PathBuf,
    /// What `GET /playground.json` answers.
    pub playground: serde_json::Value,
    /// WebSockets.
    pub socket: SocketSettings,
}

/// How WebSockets behave.
#[derive(Debug, Clone)]
pub struct SocketSettings {
    /// How long a client may take to say who it is.
    pub init_timeout: Duration,
    /// Operations that run at once on one socket.
    pub max_operations: usize,
    /// Sockets that are open at once.
    pub max_connections: usize,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            body_limit_bytes: 2 * 1024 * 1024,
            import_limit_bytes: 25 * 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            assets: PathBuf::from("web/dist"),
            playground: serde_json::Value::Object(serde_json::Map::new()),
            socket: SocketSettings::default(),
        }
    }
}

impl Default for SocketSettings {
    fn default() -> Self {
        Self { init_timeout: Duration::from_secs(10), max_operations: 20, max_connections: 1_000 }
    }
}

/// Time and identity, injected.
#[derive(Clone)]
pub struct Runtime {
    /// The current time.
    pub now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    /// A new id for a request, of letters, digits, `-`, `_` and `.`.
    pub new_request_id: Arc<dyn Fn() -> String + Send + Sync>,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Runtime(..)")
    }
}

/// What all requests share.
pub(super) struct Shared {
    pub service: Arc<dyn GraphqlService>,
    pub settings: HttpSettings,
    pub runtime: Runtime,
    /// Becomes true when the server is to stop.
    pub draining: watch::Receiver<bool>,
    pub sockets: Arc<Semaphore>,
}

impl Shared {
    pub fn now(&self) -> DateTime<Utc> {
        (self.runtime.now)()
    }

    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }
}
