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
mod options;
mod owner;
mod ports;
mod programs;
mod recovery;
mod secrets;
mod start;
mod supervisor;
mod sweep;

use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::Mutex;

pub use account::Account;
pub use error::LocalPostgresError;
pub use login::{Login, SqlName};
pub use options::{Durability, Progress, StartOptions};
pub use programs::{MINIMUM_MAJOR, Programs, Version};

use cluster::SUPERUSER;
use directory::{DataDirectory, Log};
use secrets::Passwords;
use start::{Start, passes_by_itself};
use supervisor::Supervisor;

/// How long `stop` waits.
const STOPPED_WITHIN: Duration = Duration::from_secs(60);
/// How often a start is tried again when the obstacle goes away by itself.
const ATTEMPTS: usize = 20;
/// The supervisor removes only directories of this name.
const EPHEMERAL_PREFIX: &str = "portfolio-postgres-";

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
    pub async fn ephemeral(durability: Durability) -> Result<Self, LocalPostgresError> {
        let mut attempt = 1;
        loop {
            match Self::ephemeral_once(durability).await {
                // The supervisor has removed the directory with the server, so all of it is done again.
                Err(LocalPostgresError::Exited { tail, .. }) if attempt < ATTEMPTS && passes_by_itself(&tail) => {
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn ephemeral_once(durability: Durability) -> Result<Self, LocalPostgresError> {
        let account = Account::for_server()?;
        let parent = std::env::temp_dir();
        sweep::temporary_directories(&parent);
        let temporary = tempfile::Builder::new()
            .prefix(EPHEMERAL_PREFIX)
            .tempdir_in(&parent)
            .map_err(LocalPostgresError::file("create a temporary directory in", &parent))?;
        // The supervisor runs as the server's user and must be able to remove the directory.
        account.give(temporary.path())?;
        let options = StartOptions { durability, max_connections: 200, ..StartOptions::new(temporary.path()) };
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
                cluster::initialise(&directory, &programs, &account, &mut passwords, options.durability).await?;
                programs
            }
        };
        let start = Start { options, account: &account, directory: &directory, programs: &programs, progress };
        let password = passwords.existing(SUPERUSER)?;
        let (supervisor, superuser, log) = start.until_ready(&password, temporary).await?;
        let passwords = Mutex::new(passwords);
        Ok(Self { supervisor, superuser, passwords, log, programs, _directory: directory })
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
    pub async fn ensure_owner(&self, name: &SqlName, database: &SqlName) -> Result<Login, LocalPostgresError> {
        let mut passwords = self.passwords.lock().await;
        let password = passwords.existing_or_new(name.as_str())?;
        let owner = Login { user: name.to_string(), password, ..self.superuser.on(database) };
        owner::ensure(&self.superuser, &owner, database).await?;
        Ok(owner)
    }

    /// Stops the server and waits until it has ended and, if it was ephemeral, its directory is gone.
    ///
    /// # Errors
    /// When it does not end in time, although its supervisor goes on trying.
    pub async fn stop(self) -> Result<(), LocalPostgresError> {
        let Self { supervisor, log, _directory, .. } = self;
        match supervisor.stop(STOPPED_WITHIN).await {
            Some(_) => Ok(()),
            None => Err(LocalPostgresError::DidNotStop { seconds: STOPPED_WITHIN.as_secs(), log: log.path }),
        }
    }
}

#[cfg(test)]
mod tests;
