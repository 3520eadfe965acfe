//! The server in a process of its own, so that its memory is its own too.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::cli::database::Database;

/// How long the server may take until it listens.
const STARTED_WITHIN: Duration = Duration::from_secs(10);

/// A `serve` on the benchmark's database, with settings of its own. Ends with this process.
pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Server {
    pub(super) async fn start(database: &Database, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let free = std::net::TcpListener::bind("127.0.0.1:0")?;
        let address = free.local_addr()?;
        drop(free);
        let api = database.api.as_ref().context("the benchmark's database has no login for the API")?;
        let child = Command::new(std::env::current_exe()?)
            .args(["serve", "--listen", &address.to_string()])
            .env("PORTFOLIO__PROFILE", "demo")
            .env("PORTFOLIO__DATABASE__API_URL", api.expose_secret())
            .env("PORTFOLIO__LOG__LEVEL", "error")
            .envs(settings.iter().copied())
            .env_remove("DATABASE_URL")
            .env_remove("PORTFOLIO__DATABASE__URL")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("the server could not be started")?;
        let mut server = Self { child, address };
        server.wait().await?;
        Ok(server)
    }

    async fn wait(&mut self) -> anyhow::Result<()> {
        let deadline = tokio::time::Instant::now() + STARTED_WITHIN;
        while TcpStream::connect(self.address).await.is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended while it started: {status}");
            }
            if tokio::time::Instant::now() > deadline {
                bail!("the server did not listen on {} within {STARTED_WITHIN:?}", self.address);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Resident memory in bytes; nothing where the system does not tell.
    pub(super) fn resident_memory(&self) -> Option<u64> {
        memory(self.child.id()?, "VmRSS:")
    }

    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        self.child.kill().await?;
        Ok(())
    }
}

/// A figure of a process's memory in bytes; nothing where the system does not tell.
pub(super) fn memory(process: u32, figure: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(figure))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}
