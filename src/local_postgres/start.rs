//! One start of a server on a finished cluster: as many attempts as can help, until it lets us in.

use std::{
    io,
    time::{Duration, Instant},
};

use secrecy::SecretString;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

use super::{
    ATTEMPTS, LocalPostgresError, Login, Programs, Progress, StartOptions,
    account::Account,
    cluster::{self, SUPERUSER},
    directory::{DataDirectory, Log},
    ports, recovery,
    supervisor::Supervisor,
};

/// How long a server may take to accept connections; after a crash it replays its log first.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// What the attempts of one start have in common.
pub(super) struct Start<'a> {
    pub(super) options: &'a StartOptions,
    pub(super) account: &'a Account,
    pub(super) directory: &'a DataDirectory,
    pub(super) programs: &'a Programs,
    pub(super) progress: &'a (dyn Fn(&Progress) + Send + Sync),
}

impl Start<'_> {
    /// Starts the server, again where that can help: a port may be taken between being chosen and being
    /// used, and the processes of a killed server need a moment to notice.
    pub(super) async fn until_ready(
        &self,
        password: &SecretString,
        mut temporary: Option<TempDir>,
    ) -> Result<(Supervisor, Login, Log), LocalPostgresError> {
        let attempts = if temporary.is_some() { 1 } else { ATTEMPTS };
        let mut attempt = 1;
        loop {
            match self.attempt(password, temporary.take()).await {
                Err(LocalPostgresError::Exited { tail, .. }) if attempt < attempts && passes_by_itself(&tail) => {
                    attempt += 1;
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
                result => return result,
            }
        }
    }

    async fn attempt(
        &self,
        password: &SecretString,
        temporary: Option<TempDir>,
    ) -> Result<(Supervisor, Login, Log), LocalPostgresError> {
        let cluster = self.directory.cluster();
        let found = |pid| (self.progress)(&Progress::StoppingLeftOver { pid });
        recovery::stop_left_over(&cluster, found).await?;
        let port = match self.options.port {
            Some(port) => port,
            None => {
                let chosen = ports::choose(self.directory.last_port());
                chosen.map_err(LocalPostgresError::NoPort)?
            }
        };
        let superuser = Login {
            host: "127.0.0.1".to_owned(),
            port,
            user: SUPERUSER.to_owned(),
            password: password.clone(),
            database: "postgres".to_owned(),
        };
        (self.progress)(&Progress::Starting { port });
        let log = self.directory.open_log()?;
        let server = cluster::server(self.programs, &cluster, port, self.options);
        let shell = self.account.command("/bin/sh");
        let remove = temporary.as_ref().map(TempDir::path);
        let mut supervisor = Supervisor::start(shell, &server, remove, &log)?;
        // From here on the supervisor removes it, which also happens when we are killed.
        temporary.map(TempDir::keep);
        ready(&mut supervisor, &superuser, &log).await?;
        self.directory.remember_port(port)?;
        (self.progress)(&Progress::Ready { port });
        Ok((supervisor, superuser, log))
    }
}

/// Waits until the server lets the superuser in.
async fn ready(supervisor: &mut Supervisor, superuser: &Login, log: &Log) -> Result<(), LocalPostgresError> {
    let deadline = Instant::now() + READY_WITHIN;
    let options = superuser.connect_options();
    loop {
        if supervisor.has_exited() {
            return Err(LocalPostgresError::Exited { log: log.path.clone(), tail: log.tail() });
        }
        let connecting = tokio::time::timeout(Duration::from_secs(5), PgConnection::connect_with(&options));
        let source = match connecting.await {
            Ok(Ok(connection)) => {
                // Being let in is the answer; how the connection ends is not.
                let _ = connection.close().await;
                return Ok(());
            }
            Ok(Err(error)) => error,
            Err(_) => sqlx::Error::Io(io::Error::from(io::ErrorKind::TimedOut)),
        };
        if Instant::now() >= deadline {
            let (log, tail) = (log.path.clone(), log.tail());
            return Err(LocalPostgresError::NotReady { seconds: READY_WITHIN.as_secs(), log, tail, source });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether the log tells of an obstacle that the next attempt does not meet: a port that was taken just now,
/// a server that was not far enough to be noticed, processes that have not noticed their server's death.
pub(super) fn passes_by_itself(log: &str) -> bool {
    [
        "could not bind",
        "could not create any TCP/IP sockets",
        "\"postmaster.pid\" already exists",
        "\"postmaster.pid\" is empty",
        "pre-existing shared memory block",
    ]
    .iter()
    .any(|text| log.contains(text))
}
