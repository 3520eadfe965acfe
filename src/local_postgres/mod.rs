//! A private PostgreSQL server for the demo, the benchmark and the tests.
//!
//! It belongs to one process: it listens on the loopback address only, its passwords are generated, and it
//! ends when its owner ends, however that happens. Production uses a server that somebody operates.
//! Unix only.

mod account;
mod cluster;
mod directory;
mod error;
mod login;
mod owner;
mod ports;
mod programs;
mod recovery;
mod secrets;
mod supervisor;
mod sweep;

use std::{
    fmt, io,
    path::PathBuf,
    time::{Duration, Instant},
};

use secrecy::SecretString;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tokio::sync::Mutex;

pub use account::Account;
pub use error::LocalPostgresError;
pub use login::{Login, SqlName};
pub use programs::{MINIMUM_MAJOR, Programs, Version};

use cluster::SUPERUSER;
use directory::{DataDirectory, Log};
use secrets::Passwords;
use supervisor::Supervisor;

/// How long a server may take to accept connections; after a crash it replays its log first.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long `stop` waits.
const STOPPED_WITHIN: Duration = Duration::from_secs(60);
/// How often a start is tried again when the obstacle goes away by itself.
const ATTEMPTS: usize = 20;
/// The supervisor removes only directories of this name.
const EPHEMERAL_PREFIX: &str = "portfolio-postgres-";

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
            Self::StoppingLeftOver { pid } => write!(
                formatter,
                "stopping the server of an earlier run (process {pid})"
            ),
            Self::Starting { port } => write!(formatter, "starting PostgreSQL on port {port}"),
            Self::Ready { port } => write!(formatter, "PostgreSQL is ready on port {port}"),
        }
    }
}

/// A running server. Dropping it stops the server without waiting for the end; [`LocalPostgres::stop`] waits.
#[derive(Debug)]
pub struct LocalPostgres {
    supervisor: Supervisor,
    superuser: Login,
    /// Locked while roles are made, since PostgreSQL answers a race between two with an error.
    passwords: Mutex<Passwords>,
    log: Log,
    programs: Programs,
    /// Last, so that the lock is given up only after the server was told to stop.
    _directory: DataDirectory,
}

impl LocalPostgres {
    /// Starts a server, making its cluster first when there is none, and waits until it accepts connections.
    ///
    /// # Errors
    /// Everything that can be missing or in the way, each with what to do about it.
    pub async fn start(
        options: StartOptions,
        progress: impl Fn(&Progress) + Send + Sync,
    ) -> Result<Self, LocalPostgresError> {
        Self::start_in(&options, None, &progress).await
    }

    /// Starts an empty, volatile server in a temporary directory that vanishes with it.
    ///
    /// # Errors
    /// As [`LocalPostgres::start`].
    pub async fn ephemeral() -> Result<Self, LocalPostgresError> {
        let mut attempt = 1;
        loop {
            match Self::ephemeral_once().await {
                // The supervisor has removed the directory with the server, so all of it is done again.
                Err(LocalPostgresError::Exited { tail, .. })
                    if attempt < ATTEMPTS && passes_by_itself(&tail) =>
                {
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn ephemeral_once() -> Result<Self, LocalPostgresError> {
        let account = Account::for_server()?;
        let parent = std::env::temp_dir();
        sweep::temporary_directories(&parent);
        let temporary = tempfile::Builder::new()
            .prefix(EPHEMERAL_PREFIX)
            .tempdir_in(&parent)
            .map_err(LocalPostgresError::file(
                "create a temporary directory in",
                &parent,
            ))?;
        // The supervisor runs as the server's user and must be able to remove the directory.
        account.give(temporary.path())?;
        let options = StartOptions {
            durability: Durability::Volatile,
            max_connections: 200,
            ..StartOptions::new(temporary.path())
        };
        Self::start_in(&options, Some(temporary), &|_| {}).await
    }

    async fn start_in(
        options: &StartOptions,
        temporary: Option<TempDir>,
        progress: &(dyn Fn(&Progress) + Send + Sync),
    ) -> Result<Self, LocalPostgresError> {
        let account = Account::for_server()?;
        let directory = DataDirectory::open(&options.data_dir, &account).await?;
        let mut passwords = Passwords::read(directory.secrets())?;
        directory.remove_unfinished()?;
        let programs = match directory.cluster_major()? {
            Some(major) => Programs::find_for(&directory.cluster(), major)?,
            None => {
                let programs = Programs::find()?;
                progress(&Progress::Initialising(programs.version));
                cluster::initialise(
                    &directory,
                    &programs,
                    &account,
                    &mut passwords,
                    options.durability,
                )
                .await?;
                programs
            }
        };
        let start = Start {
            options,
            account: &account,
            directory: &directory,
            programs: &programs,
            progress,
        };
        let password = passwords.existing(SUPERUSER)?;
        let (supervisor, superuser, log) = start.until_ready(&password, temporary).await?;
        let passwords = Mutex::new(passwords);
        Ok(Self {
            supervisor,
            superuser,
            passwords,
            log,
            programs,
            _directory: directory,
        })
    }

    /// The superuser's login to a database. For making databases and for tests; the application never uses it.
    #[must_use]
    pub fn superuser(&self, database: &SqlName) -> Login {
        self.superuser.on(database)
    }

    /// The port the server listens on, at 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.superuser.port
    }

    /// The version that runs.
    #[must_use]
    pub fn version(&self) -> Version {
        self.programs.version
    }

    /// Makes sure that `database` exists and belongs to the login role `name`, which may make roles but is
    /// no superuser and bypasses no row security. The role's generated password is kept.
    ///
    /// # Errors
    /// When the server refuses, or the password cannot be kept.
    pub async fn ensure_owner(
        &self,
        name: &SqlName,
        database: &SqlName,
    ) -> Result<Login, LocalPostgresError> {
        let mut passwords = self.passwords.lock().await;
        let password = passwords.existing_or_new(name.as_str())?;
        let owner = Login {
            user: name.to_string(),
            password,
            ..self.superuser.on(database)
        };
        owner::ensure(&self.superuser, &owner, database).await?;
        Ok(owner)
    }

    /// Stops the server and waits until it has ended and, if it was ephemeral, its directory is gone.
    ///
    /// # Errors
    /// When it does not end in time, although its supervisor goes on trying.
    pub async fn stop(self) -> Result<(), LocalPostgresError> {
        let Self {
            supervisor,
            log,
            _directory,
            ..
        } = self;
        match supervisor.stop(STOPPED_WITHIN).await {
            Some(_) => Ok(()),
            None => Err(LocalPostgresError::DidNotStop {
                seconds: STOPPED_WITHIN.as_secs(),
                log: log.path,
            }),
        }
    }
}

/// What the attempts of one start have in common.
struct Start<'a> {
    options: &'a StartOptions,
    account: &'a Account,
    directory: &'a DataDirectory,
    programs: &'a Programs,
    progress: &'a (dyn Fn(&Progress) + Send + Sync),
}

impl Start<'_> {
    /// Starts the server, again where that can help: a port may be taken between being chosen and being
    /// used, and the processes of a killed server need a moment to notice.
    async fn until_ready(
        &self,
        password: &SecretString,
        mut temporary: Option<TempDir>,
    ) -> Result<(Supervisor, Login, Log), LocalPostgresError> {
        let attempts = if temporary.is_some() { 1 } else { ATTEMPTS };
        let mut attempt = 1;
        loop {
            match self.attempt(password, temporary.take()).await {
                Err(LocalPostgresError::Exited { tail, .. })
                    if attempt < attempts && passes_by_itself(&tail) =>
                {
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
async fn ready(
    supervisor: &mut Supervisor,
    superuser: &Login,
    log: &Log,
) -> Result<(), LocalPostgresError> {
    let deadline = Instant::now() + READY_WITHIN;
    let options = superuser.connect_options();
    loop {
        if supervisor.has_exited() {
            return Err(LocalPostgresError::Exited {
                log: log.path.clone(),
                tail: log.tail(),
            });
        }
        let connecting =
            tokio::time::timeout(Duration::from_secs(5), PgConnection::connect_with(&options));
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
            return Err(LocalPostgresError::NotReady {
                seconds: READY_WITHIN.as_secs(),
                log,
                tail,
                source,
            });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether the log tells of an obstacle that the next attempt does not meet: a port that was taken just now,
/// a server that was not far enough to be noticed, processes that have not noticed their server's death.
fn passes_by_itself(log: &str) -> bool {
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

#[cfg(test)]
mod tests;
