//! How a server is started, and what is told meanwhile.

use std::{fmt, path::PathBuf};

use super::Version;

/// Whether the data matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A committed transaction survives a power failure.
    Durable,
    /// Nothing is flushed to disk: fast, and the last of it lost when the server is killed, all of it when the
    /// machine stops.
    Volatile,
}

/// How a server is started.
#[derive(Clone, Debug)]
pub struct StartOptions {
    /// Holds the cluster, its passwords and its log; created when missing.
    pub data_dir: PathBuf,
    /// Whether the data matters.
    pub durability: Durability,
    /// The port to listen on; `None` takes that of the last run, or any free one.
    pub port: Option<u16>,
    /// The most connections at a time.
    pub max_connections: u32,
    /// Memory for the server's own page cache, in MiB.
    pub shared_buffers_mb: u32,
    /// Further settings of `postgresql.conf`; they win over those above.
    pub settings: Vec<(String, String)>,
}

impl StartOptions {
    /// A durable server with modest memory in `data_dir`.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            durability: Durability::Durable,
            port: None,
            max_connections: 100,
            shared_buffers_mb: 128,
            settings: Vec::new(),
        }
    }
}

/// What a start is doing, for someone who waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The first start makes the cluster, which takes some seconds.
    Initialising(Version),
    /// A server of an earlier run is still there.
    StoppingLeftOver {
        /// Its postmaster.
        pid: i32,
    },
    /// The server is being started.
    Starting {
        /// On this port.
        port: u16,
    },
    /// The server accepts connections.
    Ready {
        /// On this port.
        port: u16,
    },
}

impl fmt::Display for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Initialising(version) => {
                write!(formatter, "creating a PostgreSQL {version} cluster")
            }
            Self::StoppingLeftOver { pid } => {
                write!(formatter, "stopping the server of an earlier run (process {pid})")
            }
            Self::Starting { port } => write!(formatter, "starting PostgreSQL on port {port}"),
            Self::Ready { port } => write!(formatter, "PostgreSQL is ready on port {port}"),
        }
    }
}
