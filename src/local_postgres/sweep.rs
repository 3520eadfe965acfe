//! Removes temporary directories whose owner was killed before there was a supervisor to do it.

use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::Path,
    time::Duration,
};

use super::{EPHEMERAL_PREFIX, directory::LOCK_FILE};

/// A directory younger than this may belong to someone who is about to take its lock.
const SETTLED: Duration = Duration::from_secs(60);

/// Removes what nobody owns any more. It is a courtesy: whatever fails is left to the next time.
pub(super) fn temporary_directories(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(EPHEMERAL_PREFIX) && is_abandoned(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether `directory` is one of ours, has been there for a while, and its lock is free.
fn is_abandoned(directory: &Path) -> bool {
    let settled = || {
        // Not following links: the place is one where others can make files too.
        let metadata = fs::symlink_metadata(directory).ok()?;
        let lock = fs::symlink_metadata(directory.join(LOCK_FILE)).ok()?;
        let ours = lock.is_file() && lock.uid() == nix::unistd::geteuid().as_raw();
        Some(metadata.is_dir() && ours && lock.modified().ok()?.elapsed().ok()? > SETTLED)
    };
    settled() == Some(true) && File::open(directory.join(LOCK_FILE)).is_ok_and(|lock| lock.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn only_an_old_directory_with_a_free_lock_goes() {
        let parent = tempfile::tempdir().expect("a directory");
        let make = |name: &str, age: Duration| {
            let directory = parent.path().join(name);
            fs::create_dir(&directory).expect("made");
            let lock = File::create(directory.join(LOCK_FILE)).expect("made");
            lock.set_modified(SystemTime::now() - age).expect("set");
            (directory, lock)
        };
        let old = SETTLED * 2;
        let (abandoned, _) = make("portfolio-postgres-a", old);
        let (young, _) = make("portfolio-postgres-b", Duration::ZERO);
        let (foreign, _) = make("something-else", old);
        let (owned, lock) = make("portfolio-postgres-c", old);
        lock.try_lock().expect("free");
        temporary_directories(parent.path());
        assert!(!abandoned.exists());
        assert!(young.exists() && foreign.exists() && owned.exists());
    }
}
