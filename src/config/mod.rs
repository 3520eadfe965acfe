//! What an operator can set: one struct per concern, and where each value came from.
//!
//! Later wins: defaults, then the file (`--config`, else `portfolio.toml` in the working directory), then
//! the environment (`PORTFOLIO__SECTION__KEY`; `DATABASE_URL` stands for `database.url`), then flags.
//! This module knows no database driver and no web framework; it only says what they shall do.

mod auth;
mod database;
mod error;
mod graphql;
mod http;
mod jobs;
mod log;
mod mail;
mod market_data;
mod production;
mod provenance;
mod secret;
mod sources;

use serde::{Deserialize, Serialize};

pub use auth::{AuthConfig, DEMO_SECRET, MINIMUM_SECRET_BYTES};
pub use database::{DatabaseConfig, DatabaseUrl, DatabaseUrlError};
pub use error::ConfigError;
pub use graphql::{DocumentsMode, GraphqlConfig, IntrospectionName};
pub use http::{HttpConfig, SocketConfig, TlsConfig, TlsVersion};
pub use jobs::JobsConfig;
pub use log::{LogConfig, LogFormat};
pub use mail::{MailConfig, SmtpProtection};
pub use market_data::{
    AnswerFormat, BasisName, EcbForm, FeedConfig, FetchConfig, MarketDataConfig, ProviderConfig, ReaderColumns,
    ReaderConfig, ReaderKind, RouteConfig, SeriesConfig,
};
pub use production::Violations;
pub use provenance::{Origin, Provenance};
pub use secret::Secret;
pub use sources::{DEFAULT_FILE, Flag, Sources, secret_in};

/// Which set of rules the installation lives by.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Real data: every secret has to be given, see [`Config::validate_production`].
    #[default]
    Production,
    /// Sample data on one machine: missing secrets fall back to published constants.
    Demo,
}

/// The effective configuration.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `production` or `demo`.
    pub profile: Profile,
    /// The listener and the limits of one request.
    pub http: HttpConfig,
    /// Both logins and the pool of connections.
    pub database: DatabaseConfig,
    /// Tokens and password hashing.
    pub auth: AuthConfig,
    /// What one GraphQL document may ask for.
    pub graphql: GraphqlConfig,
    /// The worker.
    pub jobs: JobsConfig,
    /// What is logged, and how.
    pub log: LogConfig,
    /// Sending mail.
    pub mail: MailConfig,
    /// Providers of market data.
    pub market_data: MarketDataConfig,
}

impl Config {
    /// Merges the sources in order of precedence and checks every value that is wrong in any profile.
    ///
    /// # Errors
    /// A file that cannot be read, a key that does not exist, or a value that does not fit; each names
    /// the file, variable or flag it came from, and the key.
    pub fn load(sources: &Sources) -> Result<(Self, Provenance), ConfigError> {
        let (mut config, mut provenance) = sources::merge(sources)?;
        if config.profile == Profile::Demo && config.auth.secret.is_none() {
            config.auth.secret = Some(Secret::from(DEMO_SECRET));
            provenance.record("auth.secret", Origin::Derived("the published demo constant"));
        }
        config.database.apply_root_certificate();
        if config.graphql.introspection.is_none() {
            let everyone = config.profile == Profile::Demo;
            let who = if everyone { IntrospectionName::Everyone } else { IntrospectionName::Permitted };
            config.graphql.introspection = Some(who);
            provenance.record("graphql.introspection", Origin::Derived("the profile"));
        }
        config.validate(&provenance)?;
        Ok((config, provenance))
    }

    /// The rules that hold in every profile: a value past them could only fail later, and less clearly.
    fn validate(&self, provenance: &Provenance) -> Result<(), ConfigError> {
        let checks = [
            self.http.validate(),
            self.database.validate(),
            self.auth.validate(),
            self.graphql.validate(),
            self.jobs.validate(),
            self.log.validate(),
            self.mail.validate(),
            self.market_data.validate(),
        ];
        let problems: Vec<_> = checks
            .into_iter()
            .flatten()
            .map(|problem| format!("{} {}", provenance.describe(&problem.key), problem.message))
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(ConfigError::Invalid { problems }) }
    }
}

/// A value that can be read but makes no sense.
#[derive(Debug)]
struct Problem {
    key: String,
    message: String,
}

/// The problem of each number that lies outside its inclusive range.
fn out_of_range(checks: &[(&'static str, u64, u64, u64)]) -> Vec<Problem> {
    checks
        .iter()
        .filter(|(_, value, least, most)| value < least || value > most)
        .map(|&(key, value, least, most)| Problem {
            key: key.to_owned(),
            message: format!("is {value}; it must lie between {least} and {most}"),
        })
        .collect()
}

#[cfg(test)]
mod tests;
