//! Sending mail: to a mail server by SMTP, or into a directory where there is none, as in the demo.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message as Envelope, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// How long one exchange with the mail server may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// TLS from the first byte.
    Tls,
    /// TLS before anything is said; refused where the server does not offer it.
    StartTls,
    /// None: for a server on the same machine.
    None,
}

/// Where the mail server is.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Its name.
    pub host: String,
    /// Its port; the usual one of the protection where none is given.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub protection: Protection,
    /// Who logs in to it, and how.
    pub login: Option<(String, SecretString)>,
}

/// A message in plain text. It holds tokens: it is not to be logged.
pub struct Message {
    /// To whom.
    pub to: String,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub text: String,
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It never will be: the address is none, or the server refuses it for good.
    #[error("the mail is refused: {0}")]
    Refused(String),
    /// It may be later.
    #[error("the mail cannot be sent at the moment: {0}")]
    Unavailable(String),
}

/// Why mail cannot be sent as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum MailSetupError {
    /// The sender is no address.
    #[error("mail.from: \"{0}\" is no address such as Portfolio <portfolio@example.com>")]
    From(String),
    /// The mail server's name or its protection.
    #[error("mail.smtp_host: {0}")]
    Smtp(lettre::transport::smtp::Error),
    /// The directory.
    #[error("mail.directory: {0}")]
    Directory(std::io::Error),
}

#[derive(Clone)]
enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Files(PathBuf),
}

/// Sends mail.
#[derive(Clone)]
pub struct Mailer {
    way: Way,
    from: Mailbox,
    page: Option<Url>,
}

fn sender(from: &str) -> Result<Mailbox, MailSetupError> {
    from.parse().map_err(|_| MailSetupError::From(from.to_owned()))
}

impl Mailer {
    /// By a mail server. `page` is where people use the product: links lead there.
    pub fn smtp(settings: SmtpSettings, from: &str, page: Option<Url>) -> Result<Self, MailSetupError> {
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host).timeout(Some(TIMEOUT));
        let parameters = || TlsParameters::new(settings.host.clone()).map_err(MailSetupError::Smtp);
        let (tls, usual) = match settings.protection {
            Protection::Tls => (Tls::Wrapper(parameters()?), 465),
            Protection::StartTls => (Tls::Required(parameters()?), 587),
            Protection::None => (Tls::None, 25),
        };
        builder = builder.tls(tls).port(settings.port.unwrap_or(usual));
        if let Some((user, password)) = settings.login {
            builder = builder.credentials(Credentials::new(user, password.expose_secret().to_owned()));
        }
        Ok(Self { way: Way::Smtp(builder.build()), from: sender(from)?, page })
    }

    /// Into files of a directory, which only its owner reads: they hold tokens.
    pub fn files(directory: &Path, from: &str, page: Option<Url>) -> Result<Self, MailSetupError> {
        private_directory(directory).map_err(MailSetupError::Directory)?;
        Ok(Self { way: Way::Files(directory.to_owned()), from: sender(from)?, page })
    }

    /// A link to a page of the product with a token after the `#`, which no server and no log between gets to see. Nothing where
    /// it is not known where people use the product.
    pub fn link(&self, path: &str, token: &str) -> Option<String> {
        let mut link = self.page.clone()?;
        link.path_segments_mut().ok()?.pop_if_empty().push(path);
        link.set_fragment(Some(&format!("token={token}")));
        Some(link.into())
    }

    /// Sends a message; `name` names its file where it becomes one.
    pub async fn send(&self, message: Message, name: &str) -> Result<(), MailError> {
        let refused = |error: &dyn std::fmt::Display| MailError::Refused(error.to_string());
        let to: Address = message.to.parse().map_err(|error| refused(&error))?;
        let envelope = Envelope::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(message.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(message.text)
            .map_err(|error| refused(&error))?;
        match &self.way {
            Way::Smtp(transport) => match transport.send(envelope).await {
                Ok(_) => Ok(()),
                Err(error) if error.is_permanent() => Err(MailError::Refused(error.to_string())),
                Err(error) => Err(MailError::Unavailable(error.to_string())),
            },
            Way::Files(directory) => {
                let path = directory.join(format!("{name}.eml"));
                let bytes = envelope.formatted();
                let written = tokio::task::spawn_blocking(move || write(&path, &bytes)).await;
                let unavailable = |error: &dyn std::fmt::Display| MailError::Unavailable(error.to_string());
                written.map_err(|error| unavailable(&error))?.map_err(|error| unavailable(&error))
            }
        }
    }
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.way {
            Way::Smtp(_) => f.write_str("Mailer(SMTP)"),
            Way::Files(directory) => write!(f, "Mailer({})", directory.display()),
        }
    }
}

fn private_directory(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Whole under its name, or not there: whoever watches the directory reads no half of a message.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let unfinished = path.with_extension("part");
    let mut file = std::fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailer(directory: &Path, page: Option<&str>) -> Mailer {
        let page = page.map(|page| page.parse().unwrap());
        Mailer::files(directory, "Portfolio <portfolio@example.com>", page).unwrap()
    }

    #[tokio::test]
    async fn a_message_is_a_file_that_only_its_owner_reads() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let (within, text) = (directory.path().join("mail"), "Grüezi\r\nein Wort".to_owned());
        let message =
            Message { to: "mara@alpha.example".to_owned(), subject: "Einladung: Bcc: x@y.z".to_owned(), text };
        mailer(&within, None).send(message, "one").await.unwrap();
        let file = within.join("one.eml");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let written = std::fs::read_to_string(file).unwrap();
        assert!(written.contains("To: mara@alpha.example\r\n"), "{written}");
        assert!(!written.contains("\r\nBcc:"), "{written}");
    }

    #[tokio::test]
    async fn what_is_no_address_is_refused_and_adds_no_header() {
        let directory = tempfile::tempdir().unwrap();
        for to in ["", "nobody", "a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example"] {
            let message = Message { to: to.to_owned(), subject: String::new(), text: String::new() };
            let sent = mailer(directory.path(), None).send(message, "one").await;
            assert!(matches!(sent, Err(MailError::Refused(_))), "{to}");
        }
        let message =
            Message { to: "a@b.example".to_owned(), subject: "x\r\nBcc: c@d.example".to_owned(), text: String::new() };
        if mailer(directory.path(), None).send(message, "one").await.is_ok() {
            let written = std::fs::read_to_string(directory.path().join("one.eml")).unwrap();
            assert!(!written.contains("\nBcc:"), "{written}");
        }
    }

    #[test]
    fn a_link_leads_to_the_page_and_hides_its_token_from_servers() {
        let directory = tempfile::tempdir().unwrap();
        let link = |page| mailer(directory.path(), page).link("invitation", "inv_1");
        assert_eq!(link(Some("https://x.example")).unwrap(), "https://x.example/invitation#token=inv_1");
        assert_eq!(link(Some("https://x.example/app/")).unwrap(), "https://x.example/app/invitation#token=inv_1");
        assert_eq!(link(None), None);
    }

    #[test]
    fn a_sender_that_is_no_address_is_refused_at_once() {
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(Mailer::files(directory.path(), "nobody", None), Err(MailSetupError::From(_))));
    }
}
