//! What lies in the data directory, and the lock that gives it one owner.
//!
//! ```text
//! owner.lock     held while this process lives; says its number
//! secrets.toml   0600: the superuser's password and those of the owners
//! port           the port of the last run
//! postgres.log   what the server prints
//! cluster/       PostgreSQL's own directory
//! ```

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{LocalPostgresError, account::Account};

/// An unfinished cluster has this name and the number of the process that makes it: only a finished one is
/// ever called `cluster`, so whatever bears this name can be removed.
const UNFINISHED: &str = "cluster.unfinished-";

/// The file whose lock makes its holder the owner of the directory.
pub(super) const LOCK_FILE: &str = "owner.lock";
/// A process that was just killed, or is about to run another program, holds the lock for a moment longer.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// Past this the log of earlier runs is set aside.
const LOG_ROTATION_BYTES: u64 = 10 * 1024 * 1024;

/// A data directory that this process owns.
#[derive(Debug)]
pub(super) struct DataDirectory {
    path: PathBuf,
    /// The lock ends with the file.
    _lock: File,
}

impl DataDirectory {
    /// Creates the directory where needed and takes its lock.
    pub(super) async fn open(path: &Path, account: &Account) -> Result<Self, LocalPostgresError> {
        account.create_directory(path)?;
        let path = path.canonicalize().map_err(LocalPostgresError::file("resolve", path))?;
        let lock = lock(&path).await?;
        Ok(Self { path, _lock: lock })
    }

    pub(super) fn cluster(&self) -> PathBuf {
        self.path.join("cluster")
    }

    pub(super) fn secrets(&self) -> PathBuf {
        self.path.join("secrets.toml")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join("postgres.log")
    }

    pub(super) fn password_file(&self) -> PathBuf {
        self.path.join("initdb.password")
    }

    /// The path an unfinished cluster is made at.
    pub(super) fn unfinished_cluster(&self) -> PathBuf {
        self.path.join(format!("{UNFINISHED}{}", std::process::id()))
    }

    /// Removes what an interrupted first start has left.
    pub(super) fn remove_unfinished(&self) -> Result<(), LocalPostgresError> {
        let entries = fs::read_dir(&self.path).map_err(LocalPostgresError::file("list", &self.path))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(UNFINISHED) {
                fs::remove_dir_all(&path).map_err(LocalPostgresError::file("remove", &path))?;
            } else if path == self.password_file() {
                fs::remove_file(&path).map_err(LocalPostgresError::file("remove", &path))?;
            }
        }
        Ok(())
    }

    /// The major version that made the cluster, when there is one.
    pub(super) fn cluster_major(&self) -> Result<Option<u32>, LocalPostgresError> {
        let cluster = self.cluster();
        if !cluster.exists() {
            return Ok(None);
        }
        let file = cluster.join("PG_VERSION");
        let text = fs::read_to_string(&file).map_err(LocalPostgresError::file("read", &file))?;
        // Before version 10 the file held two numbers; 0 makes such a cluster fail as "not installed".
        Ok(Some(text.trim().parse().unwrap_or(0)))
    }

    /// The port of the last run, if there was one.
    pub(super) fn last_port(&self) -> Option<u16> {
        let text = fs::read_to_string(self.path.join("port")).ok()?;
        text.trim().parse().ok()
    }

    pub(super) fn remember_port(&self, port: u16) -> Result<(), LocalPostgresError> {
        let file = self.path.join("port");
        fs::write(&file, format!("{port}\n")).map_err(LocalPostgresError::file("write", &file))
    }

    /// Opens the log for appending; the handle also reads, even after the file is removed.
    pub(super) fn open_log(&self) -> Result<Log, LocalPostgresError> {
        let path = self.log();
        if fs::metadata(&path).is_ok_and(|metadata| metadata.len() > LOG_ROTATION_BYTES) {
            let older = path.with_extension("log.1");
            fs::rename(&path, &older).map_err(LocalPostgresError::file("rename", &path))?;
        }
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).read(true).mode(0o600).open(&path);
        let file = file.map_err(LocalPostgresError::file("open", &path))?;
        let start = file.metadata().map(|metadata| metadata.len()).unwrap_or(0);
        Ok(Log { path, file, start })
    }
}

/// The server's log, from this start on.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) path: PathBuf,
    pub(super) file: File,
    start: u64,
}

impl Log {
    /// The last lines since the start, for an error message.
    pub(super) fn tail(&self) -> String {
        let mut text = Vec::new();
        let mut file = &self.file;
        // Nothing better can be done about a log that cannot be read than to show what there is.
        let _ = file.seek(SeekFrom::Start(self.start)).and_then(|_| file.read_to_end(&mut text));
        last_lines(&String::from_utf8_lossy(&text), 20)
    }
}

/// The last `count` lines of a text.
pub(super) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join("\n")
}

/// Takes the lock and writes our number into the file for whoever comes second.
async fn lock(directory: &Path) -> Result<File, LocalPostgresError> {
    let path = directory.join(LOCK_FILE);
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true).mode(0o600);
    let mut file = options.open(&path).map_err(LocalPostgresError::unusable(directory))?;
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let read = file.read_to_string(&mut text);
                let pid = read.ok().and_then(|_| text.trim().parse().ok());
                let directory = directory.to_owned();
                return Err(LocalPostgresError::InUse { directory, pid });
            }
            Err(TryLockError::Error(error)) => {
                return Err(LocalPostgresError::file("lock", path)(error));
            }
        }
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(LocalPostgresError::file("write", path))?;
    Ok(file)
}

/// Writes a file that only its owner can read, in one step, so that a crash leaves the old one.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), LocalPostgresError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let write = || {
        // A temporary file is made with mode 0600; saying so keeps it true.
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.as_file().set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    };
    write().map(drop).map_err(LocalPostgresError::file("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn open(path: &Path) -> Result<DataDirectory, LocalPostgresError> {
        // The tests of this file start no server, so the user that would run it does not matter.
        DataDirectory::open(path, &Account::of_this_process()).await
    }

    #[tokio::test]
    async fn a_second_owner_is_refused_by_number() {
        let temporary = tempfile::tempdir().expect("a directory");
        let first = open(temporary.path()).await.expect("free");
        let refused = open(temporary.path()).await.expect_err("taken").to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(first);
        open(temporary.path()).await.expect("free again");
    }

    #[tokio::test]
    async fn the_port_is_remembered() {
        let temporary = tempfile::tempdir().expect("a directory");
        let directory = open(temporary.path()).await.expect("free");
        assert_eq!(directory.last_port(), None);
        directory.remember_port(20_001).expect("written");
        assert_eq!(directory.last_port(), Some(20_001));
    }

    #[tokio::test]
    async fn private_files_are_closed_to_others_and_unfinished_clusters_go() {
        let temporary = tempfile::tempdir().expect("a directory");
        let directory = open(temporary.path()).await.expect("free");
        write_private(&directory.secrets(), "x").expect("written");
        let mode = fs::metadata(directory.secrets()).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::create_dir(directory.unfinished_cluster()).expect("made");
        fs::create_dir(directory.cluster()).expect("made");
        directory.remove_unfinished().expect("removed");
        assert!(!directory.unfinished_cluster().exists() && directory.cluster().exists());
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("a", 2), "a");
    }
}
