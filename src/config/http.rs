//! The listener and the limits of one request.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Problem, out_of_range};

/// `[http]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Address and port to accept connections on.
    #[serde(deserialize_with = "socket_address")]
    pub listen: SocketAddr,
    /// Where the built playground lies, relative to the working directory.
    pub playground_dir: PathBuf,
    /// A request that takes longer is answered with `REQUEST_TIMEOUT`.
    pub request_timeout_ms: u64,
    /// The largest body of a GraphQL request.
    pub body_limit_bytes: usize,
    /// The largest file that `POST /portfolios/{id}/transactions.csv` imports; it is held while it is.
    pub import_limit_bytes: usize,
    /// How long running requests may take to finish when the server is told to stop.
    pub shutdown_grace_ms: u64,
    /// Origins, `https://app.example.com`, whose pages may ask and open WebSockets beside the server's own.
    pub allowed_origins: Vec<String>,
    /// Networks, `10.0.0.0/8`, of proxies that end TLS in front; their `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Connections that are open at once; further ones wait in the system's queue.
    pub max_connections: usize,
    /// Of which one address may have so many; those of proxies are not counted.
    pub max_connections_per_address: usize,
    /// How long a TLS handshake, or a request's line and headers, may take; also how long a connection may be idle.
    pub header_timeout_ms: u64,
    /// A client that reads nothing of its answer for so long is cut off.
    pub stall_timeout_ms: u64,
    /// How long the sender of a file may pause.
    pub pause_timeout_ms: u64,
    /// Requests and operations on WebSockets that are executed at once, of which one tenant has at most three quarters; some less
    /// than `database.max_connections`, which serve log-ins and jobs too, so that requests wait where tenants take turns.
    pub max_concurrent: usize,
    /// Requests of one tenant at once, those that wait included.
    pub max_per_tenant: usize,
    /// Requests of one address at once: an IPv4 address, or a /64 of IPv6.
    pub max_per_address: usize,
    /// Requests that wait until they are executed.
    pub max_waiting: usize,
    /// For how long, before they are answered with 503.
    pub max_wait_ms: u64,
    /// Files that are imported at once, of which one tenant has at most half.
    pub max_imports: usize,
    /// TLS of the server itself.
    pub tls: TlsConfig,
    /// WebSockets.
    pub socket: SocketConfig,
}

/// `[http.tls]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// The chain of certificates in PEM, the server's own first. It is read again on SIGHUP and when it changes.
    pub certificate: Option<PathBuf>,
    /// Its key in PEM.
    pub key: Option<PathBuf>,
    /// The oldest version that is spoken.
    pub minimum: TlsVersion,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub enum TlsVersion {
    /// TLS 1.2.
    #[default]
    #[serde(rename = "1.2")]
    V12,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    V13,
}

/// `[http.socket]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SocketConfig {
    /// How long a client may take to show its token.
    pub init_timeout_ms: u64,
    /// How often a client is asked whether it is there, and its token whether it counts; two pings may go unanswered.
    pub ping_interval_ms: u64,
    /// Operations that run at once on one socket.
    pub max_operations: usize,
    /// Sockets that are open at once.
    pub max_connections: usize,
    /// Of which so many of one tenant.
    pub max_per_tenant: usize,
    /// And so many of one address.
    pub max_per_address: usize,
    /// The largest message.
    pub max_message_bytes: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            playground_dir: PathBuf::from("web/dist"),
            request_timeout_ms: 10_000,
            body_limit_bytes: 1_048_576,
            import_limit_bytes: 26_214_400,
            shutdown_grace_ms: 10_000,
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            max_connections: 2_000,
            max_connections_per_address: 200,
            header_timeout_ms: 15_000,
            stall_timeout_ms: 30_000,
            pause_timeout_ms: 10_000,
            max_concurrent: 12,
            max_per_tenant: 64,
            max_per_address: 64,
            max_waiting: 256,
            max_wait_ms: 1_000,
            max_imports: 4,
            tls: TlsConfig::default(),
            socket: SocketConfig::default(),
        }
    }
}

impl Default for SocketConfig {
    fn default() -> Self {
        Self {
            init_timeout_ms: 10_000,
            ping_interval_ms: 30_000,
            max_operations: 20,
            max_connections: 1_000,
            max_per_tenant: 200,
            max_per_address: 100,
            max_message_bytes: 262_144,
        }
    }
}

impl HttpConfig {
    /// `request_timeout_ms` as a duration.
    #[must_use]
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    /// `shutdown_grace_ms` as a duration.
    #[must_use]
    pub fn shutdown_grace(&self) -> Duration {
        Duration::from_millis(self.shutdown_grace_ms)
    }

    /// Whether what travels is encrypted outside of this machine: here, by a proxy, or because nothing leaves it.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.tls.certificate.is_some() || !self.trusted_proxies.is_empty() || self.listen.ip().is_loopback()
    }

    pub(super) fn validate(&self) -> Vec<Problem> {
        let socket = &self.socket;
        let mut problems = out_of_range(&[
            ("http.request_timeout_ms", self.request_timeout_ms, 100, 600_000),
            ("http.body_limit_bytes", self.body_limit_bytes as u64, 1_024, 1 << 30),
            ("http.import_limit_bytes", self.import_limit_bytes as u64, 1_024, 1 << 32),
            ("http.shutdown_grace_ms", self.shutdown_grace_ms, 0, 600_000),
            ("http.max_connections", self.max_connections as u64, 1, 1_000_000),
            ("http.max_connections_per_address", self.max_connections_per_address as u64, 1, 1_000_000),
            ("http.header_timeout_ms", self.header_timeout_ms, 100, 600_000),
            ("http.stall_timeout_ms", self.stall_timeout_ms, 100, 600_000),
            ("http.pause_timeout_ms", self.pause_timeout_ms, 100, 600_000),
            ("http.max_concurrent", self.max_concurrent as u64, 1, 100_000),
            ("http.max_per_tenant", self.max_per_tenant as u64, 1, 100_000),
            ("http.max_per_address", self.max_per_address as u64, 1, 100_000),
            ("http.max_waiting", self.max_waiting as u64, 0, 100_000),
            ("http.max_wait_ms", self.max_wait_ms, 0, 60_000),
            ("http.max_imports", self.max_imports as u64, 1, 1_000),
            ("http.socket.init_timeout_ms", socket.init_timeout_ms, 100, 600_000),
            ("http.socket.ping_interval_ms", socket.ping_interval_ms, 100, 3_600_000),
            ("http.socket.max_operations", socket.max_operations as u64, 1, 10_000),
            ("http.socket.max_connections", socket.max_connections as u64, 0, 1_000_000),
            ("http.socket.max_per_tenant", socket.max_per_tenant as u64, 0, 1_000_000),
            ("http.socket.max_per_address", socket.max_per_address as u64, 0, 1_000_000),
            ("http.socket.max_message_bytes", socket.max_message_bytes as u64, 1_024, 1 << 26),
        ]);
        let wrong = self.allowed_origins.iter().filter(|origin| !is_origin(origin));
        problems.extend(wrong.map(|origin| Problem {
            key: "http.allowed_origins".to_owned(),
            message: format!(
                "has `{origin}`, which is no origin; write it as https://app.example.com, with a port where it has one"
            ),
        }));
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            let missing = if self.tls.key.is_none() { "http.tls.key" } else { "http.tls.certificate" };
            problems.push(Problem {
                key: missing.to_owned(),
                message: "is missing; TLS needs both http.tls.certificate and http.tls.key".to_owned(),
            });
        }
        problems
    }
}

/// Whether a text is what a browser sends as `Origin`: a scheme, a host, a port where it is not the scheme's own. No `*`.
fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text && !text.contains('*')
    })
}

/// Figment's deserialiser claims not to be human readable every other time it is asked, which makes the
/// standard implementation expect a binary address; the text is parsed here instead.
fn socket_address<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        serde::de::Error::custom(format!("`{text}` is not an address with a port, such as 127.0.0.1:8080"))
    })
}
