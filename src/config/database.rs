//! The two logins of the database and the pool of connections.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use secrecy::ExposeSecret;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::form_urlencoded;

use super::{Problem, Secret, out_of_range};

/// `[database]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// The owner's login: migrates and provisions tenants. Never used to answer a request.
    pub url: Option<DatabaseUrl>,
    /// The API's own login: owns nothing, and reads a tenant only inside that tenant's role.
    pub api_url: Option<DatabaseUrl>,
    /// The certificate authority of the server, in PEM; added to both URLs as `sslrootcert`. Otherwise the public ones count.
    pub root_certificate: Option<PathBuf>,
    /// The most connections the API's pool opens.
    pub max_connections: u32,
    /// How long a request waits for a connection before it is refused.
    pub acquire_timeout_ms: u64,
    /// A statement that takes longer is cancelled by the database.
    pub statement_timeout_ms: u64,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: None,
            api_url: None,
            root_certificate: None,
            max_connections: 16,
            acquire_timeout_ms: 3_000,
            statement_timeout_ms: 8_000,
        }
    }
}

impl DatabaseConfig {
    /// `acquire_timeout_ms` as a duration.
    #[must_use]
    pub fn acquire_timeout(&self) -> Duration {
        Duration::from_millis(self.acquire_timeout_ms)
    }

    /// `statement_timeout_ms` as a duration.
    #[must_use]
    pub fn statement_timeout(&self) -> Duration {
        Duration::from_millis(self.statement_timeout_ms)
    }

    /// Both logins ask for the authority that is configured, unless they name one themselves.
    pub(super) fn apply_root_certificate(&mut self) {
        let Some(path) = &self.root_certificate else { return };
        for url in [&mut self.url, &mut self.api_url].into_iter().flatten() {
            *url = url.with_root_certificate(path);
        }
    }

    pub(super) fn validate(&self) -> Vec<Problem> {
        out_of_range(&[
            ("database.max_connections", self.max_connections.into(), 1, 1_000),
            ("database.acquire_timeout_ms", self.acquire_timeout_ms, 10, 600_000),
            ("database.statement_timeout_ms", self.statement_timeout_ms, 10, 600_000),
        ])
    }
}

/// A PostgreSQL URL; everything but its password may be printed.
#[derive(Clone)]
pub struct DatabaseUrl(Secret);

/// Why a text is no PostgreSQL URL. The text itself is not repeated, since it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// Another scheme, or none.
    #[error("is not a PostgreSQL URL; write it as postgres://user:password@host:port/database")]
    Scheme,
    /// Without a name, the driver would silently choose the user's.
    #[error("names no database; write it as postgres://user:password@host:port/database")]
    Database,
}

impl DatabaseUrl {
    /// The URL with its password.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The user as written in the URL; none means the driver's default.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        let user = self.parts().userinfo?.split(':').next()?;
        (!user.is_empty()).then_some(user)
    }

    /// The database as written in the URL.
    #[must_use]
    pub fn database(&self) -> &str {
        self.parts().database
    }

    /// Whether nobody on the way can read or answer: the server's name and certificate are checked, or there is no way.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        let parts = self.parts();
        let host = parts.parameter("host").unwrap_or_else(|| parts.host.to_owned());
        let is_socket = host.starts_with('/') || host.starts_with("%2F") || host.starts_with("%2f");
        let mode = parts.parameter("sslmode").or_else(|| parts.parameter("ssl-mode"));
        is_socket || mode.as_deref() == Some("verify-full")
    }

    fn with_root_certificate(&self, path: &Path) -> Self {
        let parts = self.parts();
        if ["sslrootcert", "ssl-root-cert", "ssl-ca"].iter().any(|name| parts.parameter(name).is_some()) {
            return self.clone();
        }
        let encoded: String = form_urlencoded::byte_serialize(path.as_os_str().as_encoded_bytes()).collect();
        let (text, joint) = (self.expose(), if parts.query.is_some() { '&' } else { '?' });
        // A space in a query is `+` in forms only.
        Self(Secret::from(format!("{text}{joint}sslrootcert={}", encoded.replace('+', "%20")).as_str()))
    }

    /// The URL with every password replaced.
    #[must_use]
    pub fn masked(&self) -> String {
        let parts = self.parts();
        let userinfo = match parts.userinfo.map(|info| info.split_once(':')) {
            None => String::new(),
            Some(None) => format!("{}@", parts.userinfo.unwrap_or_default()),
            Some(Some((user, _))) => format!("{user}:****@"),
        };
        let query = parts.query.map(masked_query).unwrap_or_default();
        format!("{}://{userinfo}{}/{}{query}", parts.scheme, parts.host, parts.database)
    }

    fn parts(&self) -> Parts<'_> {
        Parts::of(self.expose())
    }
}

/// The query may carry a password too; other parameters (`sslmode`) are worth seeing.
fn masked_query(query: &str) -> String {
    let shown: Vec<_> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((key, _)) if key.contains("pass") => format!("{key}=****"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("?{}", shown.join("&"))
}

struct Parts<'a> {
    scheme: &'a str,
    userinfo: Option<&'a str>,
    host: &'a str,
    database: &'a str,
    query: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// The last value of a parameter, as the driver has it.
    fn parameter(&self, name: &str) -> Option<String> {
        let pairs = form_urlencoded::parse(self.query?.as_bytes());
        pairs.filter(|(key, _)| key == name).last().map(|(_, value)| value.into_owned())
    }

    fn of(url: &'a str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        // The last `@` ends the user part even when a password holds an unescaped `/`, `?` or `@`: taking
        // too much for the password hides too much, taking too little would print a piece of it.
        let (userinfo, rest) = match rest.rsplit_once('@') {
            Some((userinfo, rest)) => (Some(userinfo), rest),
            None => (None, rest),
        };
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        let (host, database) = rest.split_once('/').unwrap_or((rest, ""));
        Self { scheme, userinfo, host, database, query }
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = Parts::of(text);
        if !matches!(parts.scheme, "postgres" | "postgresql") {
            return Err(DatabaseUrlError::Scheme);
        }
        if parts.database.is_empty() {
            return Err(DatabaseUrlError::Database);
        }
        Ok(Self(Secret::from(text)))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.masked())
    }
}

/// Serialises masked: the only reader is `config show`.
impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.masked())
    }
}

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Secret::deserialize(deserializer)?;
        text.expose_secret().parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> DatabaseUrl {
        text.parse().expect("a PostgreSQL URL")
    }

    #[test]
    fn only_the_password_is_masked() {
        for (given, shown) in [
            ("postgres://api:s3cret@db:5432/app?sslmode=require", "postgres://api:****@db:5432/app?sslmode=require"),
            ("postgresql://api@db/app", "postgresql://api@db/app"),
            ("postgres://db/app?user=api&password=s3cret", "postgres://db/app?user=api&password=****"),
            ("postgres://api:a/b?c@d@db/app", "postgres://api:****@db/app"),
        ] {
            assert_eq!(url(given).masked(), shown);
            assert_eq!(format!("{:?}", url(given)), shown);
        }
    }

    #[test]
    fn a_url_that_is_none_is_refused_without_repeating_it() {
        for (given, error) in [
            ("mysql://a:s3cret@b/c", DatabaseUrlError::Scheme),
            ("s3cret", DatabaseUrlError::Scheme),
            ("postgres://a:s3cret@b", DatabaseUrlError::Database),
        ] {
            assert_eq!(given.parse::<DatabaseUrl>().expect_err("refused"), error);
            assert!(!error.to_string().contains("s3cret"));
        }
    }

    #[test]
    fn a_way_is_safe_where_the_name_is_checked_or_the_machine_is_not_left() {
        for (safe, text) in [
            (true, "postgres://api:x@db/app?sslmode=verify-full"),
            (true, "postgres://api:x@db/app?sslmode=disable&ssl-mode=x&sslmode=verify-full"),
            (true, "postgres://api:x@%2Fvar%2Frun%2Fpostgresql/app"),
            (true, "postgres://api:x@localhost/app?host=/var/run/postgresql"),
            (false, "postgres://api:x@db/app"),
            (false, "postgres://api:x@db/app?sslmode=verify-ca"),
            (false, "postgres://api:x@db/app?sslmode=require"),
            (false, "postgres://api:x@db/app?sslmode=verify-full&sslmode=prefer"),
            (false, "postgres://api:x@127.0.0.1/app"),
        ] {
            assert_eq!(url(text).is_verified(), safe, "{text}");
        }
    }

    #[test]
    fn the_authority_is_added_unless_the_url_has_one() {
        let with = |text: &str| url(text).with_root_certificate(Path::new("/etc/a b/ca.pem")).expose().to_owned();
        assert_eq!(with("postgres://a@b/c"), "postgres://a@b/c?sslrootcert=%2Fetc%2Fa%20b%2Fca.pem");
        assert_eq!(
            with("postgres://a@b/c?sslmode=verify-full"),
            "postgres://a@b/c?sslmode=verify-full&sslrootcert=%2Fetc%2Fa%20b%2Fca.pem"
        );
        assert_eq!(with("postgres://a@b/c?sslrootcert=x"), "postgres://a@b/c?sslrootcert=x");
    }

    #[test]
    fn user_and_database_are_read() {
        assert_eq!(url("postgres://api:x@db/app").user(), Some("api"));
        assert_eq!(url("postgres://db/app?sslmode=disable").user(), None);
        assert_eq!(url("postgres://db/app?sslmode=disable").database(), "app");
    }
}
