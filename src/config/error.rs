//! Why a configuration cannot be used.

use std::{io, path::PathBuf};

/// Each variant names the file, variable or flag to change.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// `--config` names a file that is not there.
    #[error("the configuration file {path} given with --config does not exist", path = .0.display())]
    FileMissing(PathBuf),
    /// The file is there but cannot be read.
    #[error("the configuration file {path} cannot be read", path = path.display())]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is no TOML.
    #[error("the configuration file {path} is not valid TOML at line {line}: {message}", path = path.display())]
    FileSyntax {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// The parser's explanation, without the text of the line, which may be a secret.
        message: String,
    },
    /// An environment variable is not UTF-8.
    #[error("the environment variable {0} is not valid UTF-8")]
    NotUnicode(String),
    /// A secret is given both by itself and in a file.
    #[error("the environment variables {0} and {0}_FILE are both set; unset one of them")]
    SecretTwice(String),
    /// A file that is to hold a secret cannot be read.
    #[error("the file {path} that the environment variable {variable} names cannot be read", path = path.display())]
    SecretUnreadable {
        /// The variable.
        variable: String,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file with a secret that others than its owner and group may read, or others than its owner write.
    #[error(
        "the file {path} that the environment variable {variable} names has mode {mode:03o}; it holds a secret, so run \
         `chmod 600` on it, or `chmod 640` where a group has to read it", path = path.display()
    )]
    SecretExposed {
        /// The variable.
        variable: String,
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Keys that no section has.
    #[error("{}", keys.join("; "))]
    UnknownKeys {
        /// One sentence a key, with its source and the closest key there is.
        keys: Vec<String>,
    },
    /// A value of the wrong kind.
    #[error("{place}: {message}")]
    WrongValue {
        /// The key and its source.
        place: String,
        /// What was expected.
        message: String,
    },
    /// Values that can be read but make no sense.
    #[error("{}", problems.join("; "))]
    Invalid {
        /// One sentence a value, with its source.
        problems: Vec<String>,
    },
    /// The defaults and the sources could not be merged, which is a defect of this program.
    #[error("the configuration cannot be merged: {0}")]
    Merge(String),
}
