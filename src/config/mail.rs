//! Sending mail: by a mail server, into a directory, or not at all.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Problem, Secret};

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpProtection {
    /// TLS from the first byte, at port 465.
    Tls,
    /// TLS before anything is said, at port 587.
    #[default]
    StartTls,
    /// None, at port 25: for a server on the same machine.
    None,
}

/// `[mail]`: with `smtp_host` mail is sent, with `directory` it is written, with neither what needs mail is refused.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// The name of the mail server.
    pub smtp_host: Option<String>,
    /// Its port, where it is not the usual one of the protection.
    pub smtp_port: Option<u16>,
    /// How the connection is protected: `starttls`, `tls` or `none`.
    pub smtp_protection: SmtpProtection,
    /// Who logs in to the mail server.
    pub smtp_user: Option<String>,
    /// With which password.
    pub smtp_password: Option<Secret>,
    /// Where each message becomes a file instead.
    pub directory: Option<PathBuf>,
    /// Who messages are from.
    pub from: String,
    /// Where people use the product: links in messages lead there. Without it they hold the token alone.
    pub page: Option<Url>,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            smtp_host: None,
            smtp_port: None,
            smtp_protection: SmtpProtection::default(),
            smtp_user: None,
            smtp_password: None,
            directory: None,
            from: "Portfolio Analyzer <portfolio@localhost>".to_owned(),
            page: None,
        }
    }
}

impl MailConfig {
    pub(super) fn validate(&self) -> Vec<Problem> {
        let problem = |key: &str, message: &str| Problem { key: key.to_owned(), message: message.to_owned() };
        let rules = [
            (
                self.smtp_host.is_some() && self.directory.is_some(),
                "mail.directory",
                "is set beside mail.smtp_host; choose one",
            ),
            (
                self.smtp_user.is_some() != self.smtp_password.is_some(),
                "mail.smtp_user",
                "and mail.smtp_password belong together; set both or neither",
            ),
            (
                self.smtp_user.is_some() && self.smtp_protection == SmtpProtection::None,
                "mail.smtp_protection",
                "is `none`, which would send the password in clear; set `starttls` or `tls`",
            ),
        ];
        rules.into_iter().filter(|(broken, ..)| *broken).map(|(_, key, message)| problem(key, message)).collect()
    }
}
