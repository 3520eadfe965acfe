//! What production refuses although it could run.

use std::fmt;

use secrecy::ExposeSecret;

use super::{Config, DEMO_SECRET, DatabaseUrl, Profile};

/// An access token cannot be revoked, so it must not live long.
const LONGEST_ACCESS_TOKEN_SECONDS: u64 = 3_600;
/// OWASP's least cost for Argon2id: 19 MiB and two passes, one lane.
const LEAST_ARGON2: (u32, u32) = (19_456, 2);

/// Every rule that is broken, each a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violations(pub Vec<String>);

impl std::error::Error for Violations {}

impl fmt::Display for Violations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the configuration is not fit for production:")?;
        self.0.iter().try_for_each(|rule| write!(formatter, "\n  - {rule}"))
    }
}

impl Config {
    /// Checks the rules of production, whatever the profile says.
    ///
    /// # Errors
    /// All broken rules at once, so that one start shows everything there is to fix.
    pub fn validate_production(&self) -> Result<(), Violations> {
        let (memory, iterations) = LEAST_ARGON2;
        let rules = [
            (self.profile == Profile::Demo, "profile is `demo`; remove it, or set it to `production`"),
            (
                self.database.api_url.is_none(),
                "database.api_url is missing; set PORTFOLIO__DATABASE__API_URL to the API's own login, which owns nothing",
            ),
            (
                self.one_login_for_both(),
                "database.url and database.api_url log in as the same user; the API needs a login that owns nothing",
            ),
            (
                !self.database.url.as_ref().is_none_or(DatabaseUrl::is_verified),
                "database.url does not check whom it speaks to; add ?sslmode=verify-full (and database.root_certificate for an \
                 authority of your own), or use a Unix socket",
            ),
            (
                !self.database.api_url.as_ref().is_none_or(DatabaseUrl::is_verified),
                "database.api_url does not check whom it speaks to; add ?sslmode=verify-full (and database.root_certificate for \
                 an authority of your own), or use a Unix socket",
            ),
            (
                !self.http.is_encrypted(),
                "http.listen is reachable from other machines and nothing encrypts what travels there; set http.tls.certificate \
                 and http.tls.key, or name the proxies that end TLS in front in http.trusted_proxies",
            ),
            (
                self.http.allowed_origins.iter().any(|origin| origin.starts_with("http://")),
                "http.allowed_origins has an origin without TLS; anybody on the way could be its page",
            ),
            (
                self.auth.secret.is_none(),
                "auth.secret is missing; set PORTFOLIO__AUTH__SECRET, for example to the output of `openssl rand -base64 48`",
            ),
            (
                self.has_demo_secret(),
                "auth.secret is the published demo constant; anyone could decrypt the signing keys, so choose another",
            ),
            (
                self.has_trivial_secret(),
                "auth.secret repeats a few characters; generate one, for example with `openssl rand -base64 48`",
            ),
            (
                self.auth.access_token_ttl_seconds > LONGEST_ACCESS_TOKEN_SECONDS,
                "auth.access_token_ttl_seconds is above 3600; an access token cannot be revoked, so keep it short",
            ),
            (
                self.auth.argon2_memory_kib < memory || self.auth.argon2_iterations < iterations,
                "auth.argon2_memory_kib is below 19456 or auth.argon2_iterations below 2; passwords would be too cheap to guess",
            ),
        ];
        let broken: Vec<_> = rules.into_iter().filter(|(broken, _)| *broken).map(|(_, rule)| rule.to_owned()).collect();
        if broken.is_empty() { Ok(()) } else { Err(Violations(broken)) }
    }

    fn one_login_for_both(&self) -> bool {
        match (&self.database.url, &self.database.api_url) {
            (Some(owner), Some(api)) => owner.user().is_some() && owner.user() == api.user(),
            _ => false,
        }
    }

    fn has_demo_secret(&self) -> bool {
        self.auth.secret.as_ref().is_some_and(|secret| secret.expose_secret() == DEMO_SECRET)
    }

    /// A crude guard against `xxxxxxxx…`: it cannot know that a text is random, only that it is not.
    fn has_trivial_secret(&self) -> bool {
        self.auth.secret.as_ref().is_some_and(|secret| {
            let mut bytes: Vec<_> = secret.expose_secret().bytes().collect();
            bytes.sort_unstable();
            bytes.dedup();
            bytes.len() < 8
        })
    }
}
