//! The settings of the HTTP interface, and what it shares between requests.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use ipnet::IpNet;
use tokio::sync::{Semaphore, watch};

use super::{
    admission::{Admission, Network, Party, Slots},
    documents::Documents,
    tls::Tls,
};

use crate::graphql::{GraphqlService, Introspection, limits::Limits};

/// How the HTTP interface behaves.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// What one request may ask for.
    pub limits: Limits,
    /// Who may ask for the schema's description.
    pub introspection: Introspection,
    /// Documents that are known by their hashes.
    pub documents: Documents,
    /// Bytes of a request's body.
    pub body_limit_bytes: usize,
    /// Bytes of a file to import.
    pub import_limit_bytes: usize,
    /// How long reading a body may take, and then how long answering may take.
    pub request_timeout: Duration,
    /// Origins, such as `https://app.example.com`, whose pages may ask and open WebSockets beside the server's own.
    pub allowed_origins: Vec<String>,
    /// The built playground: a directory with `index.html`.
    pub assets: PathBuf,
    /// What `GET /playground.json` answers.
    pub playground: serde_json::Value,
    /// Networks of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// TLS, unless it ends elsewhere.
    pub tls: Option<Tls>,
    /// Connections.
    pub connection: ConnectionSettings,
    /// How much is done at once.
    pub admission: AdmissionSettings,
    /// WebSockets.
    pub socket: SocketSettings,
}

/// How connections behave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// Connections that are open at once.
    pub max_connections: usize,
    /// Of which one address may have so many; those of proxies are not counted.
    pub max_per_address: usize,
    /// How long a TLS handshake, or a request's line and headers, may take; also how long a connection may be idle.
    pub header_timeout: Duration,
    /// How long the other end may read nothing of what is sent to it.
    pub stall_timeout: Duration,
    /// How long the sender of a file may pause.
    pub pause_timeout: Duration,
}

/// How much is done at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmissionSettings {
    /// Requests and operations on WebSockets that are executed at once; of which one tenant has at most three quarters.
    pub max_concurrent: usize,
    /// Of one tenant: those that are executed, those that wait and those that are still being sent.
    pub max_per_tenant: usize,
    /// The same of one address: an IPv4 address, or a /64 of IPv6.
    pub max_per_address: usize,
    /// Requests that wait until they are executed.
    pub max_waiting: usize,
    /// For how long.
    pub max_wait: Duration,
    /// Files that are imported at once; of which one tenant has at most half.
    pub max_imports: usize,
}

/// How WebSockets behave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketSettings {
    /// How long a client may take to say who it is.
    pub init_timeout: Duration,
    /// Operations that run at once on one socket.
    pub max_operations: usize,
    /// Sockets that are open at once.
    pub max_connections: usize,
    /// Of which so many of one tenant.
    pub max_per_tenant: usize,
    /// And so many of one address.
    pub max_per_address: usize,
    /// Bytes of one message.
    pub max_message_bytes: usize,
    /// How often a client is asked whether it is still there, and the server whether its token still counts; a client that does
    /// not answer twice is let go.
    pub ping_interval: Duration,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            introspection: Introspection::Everyone,
            documents: Documents::default(),
            body_limit_bytes: 2 * 1024 * 1024,
            import_limit_bytes: 25 * 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            allowed_origins: Vec::new(),
            assets: PathBuf::from("web/dist"),
            playground: serde_json::Value::Object(serde_json::Map::new()),
            trusted_proxies: Vec::new(),
            tls: None,
            connection: ConnectionSettings::default(),
            admission: AdmissionSettings::default(),
            socket: SocketSettings::default(),
        }
    }
}

impl Default for SocketSettings {
    fn default() -> Self {
        Self {
            init_timeout: Duration::from_secs(10),
            max_operations: 20,
            max_connections: 1_000,
            max_per_tenant: 200,
            max_per_address: 100,
            max_message_bytes: 256 * 1024,
            ping_interval: Duration::from_secs(30),
        }
    }
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            max_connections: 2_000,
            max_per_address: 200,
            header_timeout: Duration::from_secs(15),
            stall_timeout: Duration::from_secs(30),
            pause_timeout: Duration::from_secs(10),
        }
    }
}

impl Default for AdmissionSettings {
    fn default() -> Self {
        Self {
            max_concurrent: 12,
            max_per_tenant: 64,
            max_per_address: 64,
            max_waiting: 256,
            max_wait: Duration::from_secs(1),
            max_imports: 4,
        }
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
    pub admission: Admission,
    pub sockets: Arc<Semaphore>,
    pub sockets_of_address: Slots<Network>,
    pub sockets_of_party: Slots<Party>,
}

impl Shared {
    pub fn new(
        service: Arc<dyn GraphqlService>,
        settings: HttpSettings,
        runtime: Runtime,
        draining: watch::Receiver<bool>,
    ) -> Self {
        let socket = &settings.socket;
        Self {
            admission: Admission::new(&settings.admission),
            sockets: Arc::new(Semaphore::new(socket.max_connections)),
            sockets_of_address: Slots::new(socket.max_per_address),
            sockets_of_party: Slots::new(socket.max_per_tenant),
            service,
            settings,
            runtime,
            draining,
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        (self.runtime.now)()
    }

    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }
}
