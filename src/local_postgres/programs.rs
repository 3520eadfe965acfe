//! Finds PostgreSQL's programs on this machine.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::LocalPostgresError;

/// The oldest major version whose features the schema uses.
pub const MINIMUM_MAJOR: u32 = 15;

/// A version of PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Versions with the same major number share a data format.
    pub major: u32,
    /// Zero for a beta.
    pub minor: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

impl Version {
    /// Reads `postgres (PostgreSQL) 15.8 (Debian …)`, `… 17beta1`, `… 9.6.24`.
    fn parse(output: &str) -> Option<Self> {
        let text = output.split(')').nth(1)?.split_whitespace().next()?;
        let mut numbers = text.split(|c: char| !c.is_ascii_digit());
        let major = numbers.next()?.parse().ok()?;
        let minor = if text.contains('.') { numbers.next()?.parse().ok()? } else { 0 };
        Some(Self { major, minor })
    }
}

/// A directory with the programs of one version.
#[derive(Clone, Debug)]
pub struct Programs {
    /// What `postgres --version` says.
    pub version: Version,
    /// Where `initdb` and `postgres` lie.
    pub directory: PathBuf,
}

impl Programs {
    /// The newest installed version.
    ///
    /// # Errors
    /// When none is installed, or none that is new enough; the message holds the command to install it.
    pub fn find() -> Result<Self, LocalPostgresError> {
        choose(installed())
    }

    /// The newest installed version that can open a cluster of the given major version.
    pub(super) fn find_for(cluster: &Path, major: u32) -> Result<Self, LocalPostgresError> {
        let same_major = installed().into_iter().filter(|programs| programs.version.major == major);
        same_major
            .max_by_key(|programs| programs.version)
            .ok_or_else(|| LocalPostgresError::OtherMajorVersion { cluster: cluster.to_owned(), made_by: major })
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.directory.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }
}

fn choose(installed: Vec<Programs>) -> Result<Programs, LocalPostgresError> {
    let install = install_command();
    match installed.into_iter().max_by_key(|programs| programs.version) {
        None => Err(LocalPostgresError::ProgramsMissing { minimum: MINIMUM_MAJOR, install }),
        Some(Programs { version, directory }) if version.major < MINIMUM_MAJOR => {
            Err(LocalPostgresError::ProgramsTooOld { version, directory, minimum: MINIMUM_MAJOR, install })
        }
        Some(newest) => Ok(newest),
    }
}

fn installed() -> Vec<Programs> {
    let mut directories: Vec<PathBuf> = candidates()
        .into_iter()
        // A link in PATH leads to the directory that also holds the server's other files.
        .filter_map(|directory| directory.join("postgres").canonicalize().ok()?.parent().map(Path::to_owned))
        .filter(|directory| directory.join("initdb").is_file())
        .collect();
    directories.sort();
    directories.dedup();
    directories.into_iter().filter_map(with_version).collect()
}

fn with_version(directory: PathBuf) -> Option<Programs> {
    let output = Command::new(directory.join("postgres")).arg("--version").output().ok()?;
    let version = Version::parse(&String::from_utf8_lossy(&output.stdout))?;
    Some(Programs { version, directory })
}

#[expect(clippy::disallowed_methods, reason = "where programs are is no setting of this one")]
fn candidates() -> Vec<PathBuf> {
    let mut directories: Vec<_> = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    directories.extend(pg_config_bindir());
    for (parent, prefix, below) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/usr/libexec", "postgresql", ""),
        ("/opt/homebrew/opt", "postgresql", "bin"),
        ("/usr/local/opt", "postgresql", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ] {
        directories.extend(children(Path::new(parent), prefix).map(|child| child.join(below)));
    }
    directories
}

fn pg_config_bindir() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (!text.trim().is_empty()).then(|| PathBuf::from(text.trim()))
}

fn children(parent: &Path, prefix: &'static str) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries.filter(move |entry| entry.file_name().to_string_lossy().starts_with(prefix)).map(|entry| entry.path())
}

/// How PostgreSQL is installed on this system.
fn install_command() -> &'static str {
    if cfg!(target_os = "macos") {
        return "brew install postgresql@16 (or Postgres.app from https://postgresapp.com)";
    }
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let family = release.lines().filter(|line| line.starts_with("ID=") || line.starts_with("ID_LIKE="));
    let family = family.collect::<Vec<_>>().join(" ");
    if ["fedora", "rhel"].iter().any(|name| family.contains(name)) {
        "dnf install postgresql-server"
    } else if family.contains("arch") {
        "pacman -S postgresql"
    } else if family.contains("alpine") {
        "apk add postgresql"
    } else {
        "apt-get install postgresql"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(major: u32, minor: u32) -> Programs {
        Programs { version: Version { major, minor }, directory: PathBuf::from(format!("/opt/{major}.{minor}")) }
    }

    #[test]
    fn versions_are_read_in_every_form() {
        for (output, version) in [
            ("postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)\n", Some((15, 8))),
            ("postgres (PostgreSQL) 16.4 (Homebrew)\n", Some((16, 4))),
            ("postgres (PostgreSQL) 18beta1\n", Some((18, 0))),
            ("postgres (PostgreSQL) 9.6.24\n", Some((9, 6))),
            ("", None),
        ] {
            assert_eq!(Version::parse(output).map(|v| (v.major, v.minor)), version, "{output}");
        }
    }

    #[test]
    fn the_newest_is_chosen() {
        let chosen = choose(vec![programs(15, 8), programs(17, 0), programs(16, 4)]).expect("found");
        assert_eq!(chosen.version.major, 17);
    }

    #[test]
    fn what_is_missing_or_too_old_is_said() {
        let missing = choose(Vec::new()).expect_err("none").to_string();
        assert!(missing.contains("install"), "{missing}");
        let old = choose(vec![programs(13, 1)]).expect_err("too old").to_string();
        assert!(old.contains("13.1") && old.contains("/opt/13.1"), "{old}");
    }
}
