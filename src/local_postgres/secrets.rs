//! The passwords of the roles that this module makes, in one file that only its owner reads.

use std::{collections::BTreeMap, fs, io, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{LocalPostgresError, directory::write_private};

/// The content of `secrets.toml`.
#[derive(Debug, Default)]
pub(super) struct Passwords {
    path: PathBuf,
    by_role: BTreeMap<String, SecretString>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    passwords: BTreeMap<String, String>,
}

impl Passwords {
    /// Reads the file; one that is not there holds no passwords yet.
    pub(super) fn read(path: PathBuf) -> Result<Self, LocalPostgresError> {
        let stored = match fs::read_to_string(&path) {
            Ok(text) => toml::from_str::<Stored>(&text).map_err(|_| LocalPostgresError::SecretsLost(path.clone()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Stored::default(),
            Err(error) => return Err(LocalPostgresError::file("read", path)(error)),
        };
        let by_role = stored.passwords.into_iter().map(|(role, password)| (role, password.into())).collect();
        Ok(Self { path, by_role })
    }

    /// The password of a role that must have one.
    pub(super) fn existing(&self, role: &str) -> Result<SecretString, LocalPostgresError> {
        self.by_role.get(role).cloned().ok_or_else(|| LocalPostgresError::SecretsLost(self.path.clone()))
    }

    /// The password of a role; a new one is on disk before it is returned.
    pub(super) fn existing_or_new(&mut self, role: &str) -> Result<SecretString, LocalPostgresError> {
        if let Some(password) = self.by_role.get(role) {
            return Ok(password.clone());
        }
        let password = generate()?;
        self.by_role.insert(role.to_owned(), password.clone());
        self.write()?;
        Ok(password)
    }

    fn write(&self) -> Result<(), LocalPostgresError> {
        let plain = |(role, password): (&String, &SecretString)| (role.clone(), password.expose_secret().to_owned());
        let stored = Stored { passwords: self.by_role.iter().map(plain).collect() };
        let text = toml::to_string(&stored).map_err(|_| LocalPostgresError::SecretsLost(self.path.clone()))?;
        write_private(&self.path, &text)
    }
}

/// 256 random bits in hexadecimal: nothing in it needs quoting in SQL or a URL.
fn generate() -> Result<SecretString, LocalPostgresError> {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| LocalPostgresError::Randomness)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_made_once_and_outlives_the_process() {
        let temporary = tempfile::tempdir().expect("a directory");
        let path = temporary.path().join("secrets.toml");
        let mut passwords = Passwords::read(path.clone()).expect("none yet");
        assert!(passwords.existing("owner").is_err());
        let made = passwords.existing_or_new("owner").expect("made");
        let again = Passwords::read(path).expect("read").existing("owner").expect("kept");
        assert_eq!(made.expose_secret(), again.expose_secret());
        assert_eq!(made.expose_secret().len(), 64);
        assert!(!format!("{passwords:?}").contains(made.expose_secret()));
    }

    #[test]
    fn a_damaged_file_is_not_taken_for_an_empty_one() {
        let temporary = tempfile::tempdir().expect("a directory");
        let path = temporary.path().join("secrets.toml");
        fs::write(&path, "passwords = 5").expect("written");
        assert!(matches!(Passwords::read(path), Err(LocalPostgresError::SecretsLost(_))));
    }
}
