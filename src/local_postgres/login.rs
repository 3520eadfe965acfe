//! How to connect: names that are safe in SQL, and logins with their addresses.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::LocalPostgresError;

/// A name of a role or database. SQL cannot bind names, so only what needs no quoting is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlName(String);

impl SqlName {
    /// Accepts `[a-z_][a-z0-9_]*` of at most 63 bytes that PostgreSQL does not reserve.
    ///
    /// # Errors
    /// Any other text.
    pub fn new(text: impl Into<String>) -> Result<Self, LocalPostgresError> {
        let text = text.into();
        let first = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        let valid = text.len() <= 63
            && text.bytes().next().is_some_and(first)
            && text.bytes().all(|byte| first(byte) || byte.is_ascii_digit())
            && !text.starts_with("pg_");
        if valid { Ok(Self(text)) } else { Err(LocalPostgresError::Name(text)) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SqlName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A user, its password, and the database it is for.
#[derive(Clone, Debug)]
pub struct Login {
    /// Always the loopback address.
    pub host: String,
    /// The server's port.
    pub port: u16,
    /// The role.
    pub user: String,
    /// Its password.
    pub password: SecretString,
    /// The database.
    pub database: String,
}

impl Login {
    /// The login as a URL, with its password.
    #[must_use]
    pub fn url(&self) -> SecretString {
        let Self { host, port, user, password, database } = self;
        let password = password.expose_secret();
        // The server listens on the loopback address only and has no certificate.
        format!("postgres://{user}:{password}@{host}:{port}/{database}?sslmode=disable").into()
    }

    /// The same login to another database.
    #[must_use]
    pub fn on(&self, database: &SqlName) -> Self {
        Self { database: database.to_string(), ..self.clone() }
    }

    /// The login as the driver takes it.
    #[must_use]
    pub fn connect_options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host(&self.host)
            .port(self.port)
            .username(&self.user)
            .password(self.password.expose_secret())
            .database(&self.database)
            .ssl_mode(PgSslMode::Disable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_pass() {
        for good in ["app", "_x9", "t_0a"] {
            assert_eq!(SqlName::new(good).expect("plain").as_str(), good);
        }
        for bad in ["", "9a", "A", "a-b", "a\"; drop", "pg_x", "é", &"a".repeat(64)] {
            assert!(SqlName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_login_prints_no_password() {
        let login = Login {
            host: "127.0.0.1".to_owned(),
            port: 5432,
            user: "app".to_owned(),
            password: "s3cret".to_owned().into(),
            database: "app".to_owned(),
        };
        assert!(!format!("{login:?}").contains("s3cret"));
        assert_eq!(login.url().expose_secret(), "postgres://app:s3cret@127.0.0.1:5432/app?sslmode=disable");
    }
}
