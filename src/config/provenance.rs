//! Where each value came from.

use std::{collections::BTreeMap, fmt, path::PathBuf};

/// The source of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A configuration file.
    File(PathBuf),
    /// An environment variable, by name.
    Environment(String),
    /// A file that holds one secret, named by an environment variable.
    SecretFile(PathBuf),
    /// A command-line flag, by name.
    Flag(&'static str),
    /// Computed by the program; the text says from what.
    Derived(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File(path) => write!(formatter, "file {}", path.display()),
            Self::Environment(name) => write!(formatter, "environment variable {name}"),
            Self::SecretFile(path) => write!(formatter, "secret file {}", path.display()),
            Self::Flag(name) => write!(formatter, "flag {name}"),
            Self::Derived(what) => formatter.write_str(what),
        }
    }
}

/// The origin of every key that somebody set, by dotted key (`http.listen`).
#[derive(Clone, Debug, Default)]
pub struct Provenance(BTreeMap<String, Origin>);

impl Provenance {
    /// Where the value of `key` came from; a value within a list came from where the list did.
    #[must_use]
    pub fn origin(&self, key: &str) -> &Origin {
        match (self.0.get(key), key.rsplit_once('.')) {
            (Some(origin), _) => origin,
            (None, Some((parent, _))) => self.origin(parent),
            (None, None) => &Origin::Default,
        }
    }

    /// Notes that `key` was set, for a command that fills in values of its own.
    pub fn record(&mut self, key: &str, origin: Origin) {
        self.0.insert(key.to_owned(), origin);
    }

    /// The key with its source, as the start of a sentence.
    pub(super) fn describe(&self, key: &str) -> String {
        format!("{key} ({})", self.origin(key))
    }
}
