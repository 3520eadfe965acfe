//! Why a private PostgreSQL server cannot be had.

use std::{io, path::PathBuf};

use super::programs::Version;

/// Each message says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum LocalPostgresError {
    /// No PostgreSQL on this machine.
    #[error("PostgreSQL was not found (initdb and postgres, version {minimum} or newer); install it: {install}")]
    ProgramsMissing {
        /// The oldest major version that will do.
        minimum: u32,
        /// The command for this system.
        install: &'static str,
    },
    /// Only old ones.
    #[error("PostgreSQL {version} in {path} is too old, version {minimum} or newer is needed; install it: {install}", path = directory.display())]
    ProgramsTooOld {
        /// The newest that was found.
        version: Version,
        /// Where it was found.
        directory: PathBuf,
        /// The oldest major version that will do.
        minimum: u32,
        /// The command for this system.
        install: &'static str,
    },
    /// The data was made by a major version that is not installed (any more).
    #[error("the data in {path} was made by PostgreSQL {made_by}, which is not installed; install that version, or remove the directory to start afresh", path = cluster.display())]
    OtherMajorVersion {
        /// The cluster's directory.
        cluster: PathBuf,
        /// Its major version.
        made_by: u32,
    },
    /// PostgreSQL refuses to run as root and there is no one to run it as.
    #[error(
        "PostgreSQL does not run as root and this system has no user `postgres`; create it (`useradd --system postgres`) or run as another user"
    )]
    NoServerUser,
    /// The server's user cannot get to its data.
    #[error("the user `{user}`, who runs PostgreSQL, cannot enter {directory}; choose a place it can reach with --data-dir (for example /var/lib/portfolio), or do not run as root", directory = directory.display())]
    Unreachable {
        /// Who runs the server.
        user: String,
        /// The first directory that is closed.
        directory: PathBuf,
    },
    /// Two owners would corrupt each other's view of the server.
    #[error("another instance{pid} is using {directory}; stop it, or choose another directory with --data-dir", directory = directory.display(), pid = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    InUse {
        /// The data directory.
        directory: PathBuf,
        /// The owner, if it has written its number yet.
        pid: Option<u32>,
    },
    /// A server without an owner does not go away.
    #[error(
        "a PostgreSQL server left over from an earlier run (process {pid}) does not stop; end it with `kill -QUIT {pid}` and start again"
    )]
    LeftOverStays {
        /// The postmaster.
        pid: i32,
    },
    /// The cluster is there and its passwords are not.
    #[error("{path} is missing or damaged, so nobody can log in to the server beside it; restore it, or remove the directory to start afresh", path = .0.display())]
    SecretsLost(PathBuf),
    /// The data directory belongs to someone else, or cannot be.
    #[error("{path} cannot be used for a database; choose another place with --data-dir, or give it to the current user", path = path.display())]
    DirectoryUnusable {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing on the loopback address can be listened on.
    #[error("no free port was found on 127.0.0.1")]
    NoPort(#[source] io::Error),
    /// A system call failed.
    #[error("cannot {action} {path}", path = path.display())]
    File {
        /// What was tried, such as "create".
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A program cannot be started.
    #[error("cannot run {program}", program = program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The system's user table cannot be read.
    #[error("cannot look up the user `postgres`")]
    Lookup(#[source] io::Error),
    /// `initdb` failed.
    #[error("initdb could not create the database cluster:\n{output}")]
    Initdb {
        /// The end of what it printed.
        output: String,
    },
    /// The server ended before it accepted a connection.
    #[error("PostgreSQL did not start; the end of {log} says:\n{tail}", log = log.display())]
    Exited {
        /// The log file.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// The server runs and accepts no connection.
    #[error("PostgreSQL accepted no connection within {seconds} seconds; the end of {log} says:\n{tail}", log = log.display())]
    NotReady {
        /// How long was waited.
        seconds: u64,
        /// The log file.
        log: PathBuf,
        /// Its last lines.
        tail: String,
        /// The last refusal.
        source: sqlx::Error,
    },
    /// The server did not end when told to.
    #[error("PostgreSQL did not stop within {seconds} seconds; see {log}", log = log.display())]
    DidNotStop {
        /// How long was waited.
        seconds: u64,
        /// The log file.
        log: PathBuf,
    },
    /// The system has no randomness to make a password from.
    #[error("the system's random number generator failed; a password cannot be generated")]
    Randomness,
    /// A statement of an administrative kind failed.
    #[error("PostgreSQL refused to {action}")]
    Sql {
        /// What was tried.
        action: String,
        /// The server's answer.
        source: sqlx::Error,
    },
    /// A text that cannot be an identifier.
    #[error(
        "`{0}` cannot name a role or database; use lower-case letters, digits and underscores, at most 63, not starting with a digit or `pg_`"
    )]
    Name(String),
}

impl LocalPostgresError {
    /// For `map_err`: names the action and the path.
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }

    /// For `map_err`: names the data directory.
    pub(super) fn unusable(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::DirectoryUnusable { path, source }
    }

    /// For `map_err`: names what the statement was for.
    pub(super) fn sql(action: impl Into<String>) -> impl FnOnce(sqlx::Error) -> Self {
        let action = action.into();
        move |source| Self::Sql { action, source }
    }
}
