//! Who runs the server: PostgreSQL refuses root, so as root it runs as the user `postgres`.

use std::{
    fs, io,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
};

use nix::unistd::{User, geteuid};

use super::LocalPostgresError;

const SERVER_USER: &str = "postgres";

/// The user that the server's processes run as.
#[derive(Clone, Debug)]
pub struct Account {
    /// `None` when it is the user of this process.
    switch_to: Option<User>,
}

impl Account {
    /// This process's user, or `postgres` when that is root.
    ///
    /// # Errors
    /// When this is root and there is no user `postgres`.
    pub fn for_server() -> Result<Self, LocalPostgresError> {
        if !geteuid().is_root() {
            return Ok(Self { switch_to: None });
        }
        let user = User::from_name(SERVER_USER).map_err(|errno| LocalPostgresError::Lookup(errno.into()))?;
        match user {
            Some(user) => Ok(Self { switch_to: Some(user) }),
            None => Err(LocalPostgresError::NoServerUser),
        }
    }

    #[cfg(test)]
    pub(super) fn of_this_process() -> Self {
        Self { switch_to: None }
    }

    /// The user that is switched to, if any.
    #[must_use]
    pub fn switched_to(&self) -> Option<&str> {
        self.switch_to.as_ref().map(|user| user.name.as_str())
    }

    /// A command that runs as this user, free of the settings that PostgreSQL takes from the environment.
    #[expect(clippy::disallowed_methods, reason = "names are read in order to be removed")]
    pub(super) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        // The working directory of this process may be closed to the other user.
        command.current_dir("/").env("LC_ALL", "C");
        let ours = std::env::vars_os().map(|(name, _)| name);
        for name in ours.filter(|name| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        if let Some(user) = &self.switch_to {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw()).env("HOME", &user.dir);
        }
        command
    }

    /// Gives a file or an (empty) directory to this user.
    pub(super) fn give(&self, path: &Path) -> Result<(), LocalPostgresError> {
        match &self.switch_to {
            None => Ok(()),
            Some(user) => chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
                .map_err(LocalPostgresError::file("give to the user `postgres`", path)),
        }
    }

    /// Checks that this user can enter `directory`, or as much of its path as exists already.
    ///
    /// # Errors
    /// Names the first directory that is closed to the user.
    pub fn check_reach(&self, directory: &Path) -> Result<(), LocalPostgresError> {
        let Some(user) = &self.switch_to else {
            return Ok(());
        };
        let directory = std::path::absolute(directory).map_err(LocalPostgresError::file("resolve", directory))?;
        let mut existing: Vec<_> = directory.ancestors().filter(|path| path.is_dir()).collect();
        existing.reverse();
        // Asking as the user itself covers groups and access lists, which mode bits alone would not.
        let script = r#"for d; do [ -x "$d" ] || { printf %s "$d"; exit 1; }; done"#;
        let mut command = self.command("/bin/sh");
        command.args(["-c", script, "sh"]).args(existing);
        let output = command.output().map_err(spawn_error("/bin/sh"))?;
        if output.status.success() {
            return Ok(());
        }
        let closed = String::from_utf8_lossy(&output.stdout).into_owned();
        Err(LocalPostgresError::Unreachable { user: user.name.clone(), directory: PathBuf::from(closed) })
    }

    /// Creates a directory, with its parents, that this user can enter.
    pub(super) fn create_directory(&self, directory: &Path) -> Result<(), LocalPostgresError> {
        // Checked first, so that nothing is left where it can be of no use.
        self.check_reach(directory)?;
        fs::create_dir_all(directory).map_err(LocalPostgresError::unusable(directory))?;
        // A strict umask closes even what was made just now.
        self.check_reach(directory)
    }
}

pub(super) fn spawn_error(program: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> LocalPostgresError {
    let program = program.into();
    move |source| LocalPostgresError::Spawn { program, source }
}
