//! The listener and the limits of one request.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Problem, out_of_range};

/// `[http]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Address and port to accept connections on.
    #[serde(deserialize_with = "socket_address")]
    pub listen: SocketAddr,
    /// Proxies, such as 10.0.0.0/8, whose `X-Forwarded-For` says where a request comes from. Others are not believed.
    pub trusted_proxies: Vec<IpNet>,
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
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            trusted_proxies: Vec::new(),
            playground_dir: PathBuf::from("web/dist"),
            request_timeout_ms: 10_000,
            body_limit_bytes: 1_048_576,
            import_limit_bytes: 26_214_400,
            shutdown_grace_ms: 10_000,
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

    pub(super) fn validate(&self) -> Vec<Problem> {
        out_of_range(&[
            ("http.request_timeout_ms", self.request_timeout_ms, 100, 600_000),
            ("http.body_limit_bytes", self.body_limit_bytes as u64, 1_024, 1 << 30),
            ("http.import_limit_bytes", self.import_limit_bytes as u64, 1_024, 1 << 32),
            ("http.shutdown_grace_ms", self.shutdown_grace_ms, 0, 600_000),
        ])
    }
}

/// Figment's deserialiser claims not to be human readable every other time it is asked, which makes the
/// standard implementation expect a binary address; the text is parsed here instead.
fn socket_address<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        serde::de::Error::custom(format!("`{text}` is not an address with a port, such as 127.0.0.1:8080"))
    })
}
