//! What the demo generates and must find again: `demo-secrets.toml` in the data directory, for its owner only.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context as _, bail};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::{ConnectOptions, postgres::PgConnectOptions};

use super::Globals;
use crate::tenancy::InstallationTag;

/// The private server's key in the file; that of another server is `host:port/database`.
pub(super) const PRIVATE: &str = "private";
/// A server that belongs to the demo alone needs no tag of its own, and with a fixed one every start is the same.
const PRIVATE_TAG: &str = "demo2022";
/// What `pa_<database>_api` leaves of PostgreSQL's 63 bytes.
const LONGEST_DATABASE: usize = 56;

/// What is kept of one server.
#[derive(Clone)]
pub(super) struct Entry {
    /// Sets the roles of this installation apart from others on the server.
    pub(super) tag: String,
    /// The password of the API's login.
    pub(super) api_password: SecretString,
    /// The owner's login, for the private server only: that of another is configured.
    pub(super) owner_url: Option<SecretString>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    servers: BTreeMap<String, StoredEntry>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredEntry {
    tag: String,
    api_password: String,
    owner_url: Option<String>,
}

/// The file's content.
pub(super) struct DemoSecrets {
    path: PathBuf,
    servers: BTreeMap<String, Entry>,
}

impl DemoSecrets {
    /// Reads the file; one that is not there holds nothing yet.
    pub(super) fn read(globals: &Globals) -> anyhow::Result<Self> {
        Self::read_from(Self::path(globals))
    }

    pub(super) fn path(globals: &Globals) -> PathBuf {
        globals.data_dir.join("demo-secrets.toml")
    }

    fn read_from(path: PathBuf) -> anyhow::Result<Self> {
        let stored = match fs::read_to_string(&path) {
            // The parser's message would quote the line, which is a secret.
            Ok(text) => toml::from_str::<Stored>(&text).map_err(|_| {
                anyhow::anyhow!(
                    "{} is damaged; restore it, or remove {} to start afresh",
                    path.display(),
                    path.parent().unwrap_or(Path::new(".")).display()
                )
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Stored::default(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let entry = |entry: StoredEntry| Entry {
            tag: entry.tag,
            api_password: entry.api_password.into(),
            owner_url: entry.owner_url.map(SecretString::from),
        };
        Ok(Self { path, servers: stored.servers.into_iter().map(|(key, stored)| (key, entry(stored))).collect() })
    }

    /// What is kept of a server.
    pub(super) fn get(&self, server: &str) -> Option<&Entry> {
        self.servers.get(server)
    }

    /// What is kept of a server; tag and password are made, and on disk, before they are used for the first time.
    pub(super) fn get_or_make(&mut self, server: &str, fresh: InstallationTag) -> anyhow::Result<Entry> {
        if let Some(entry) = self.servers.get(server) {
            return Ok(entry.clone());
        }
        let entry = Entry { tag: fresh.as_str().to_owned(), api_password: generate()?, owner_url: None };
        self.servers.insert(server.to_owned(), entry.clone());
        self.write()?;
        Ok(entry)
    }

    /// Notes the private server's owner login, whose port changes; returns the password of the API's login.
    pub(super) fn note_private(&mut self, owner: &SecretString) -> anyhow::Result<SecretString> {
        let mut entry = self.get_or_make(PRIVATE, private_tag()?)?;
        let known = entry.owner_url.as_ref().map(ExposeSecret::expose_secret);
        if known != Some(owner.expose_secret()) {
            entry.owner_url = Some(owner.clone());
            self.servers.insert(PRIVATE.to_owned(), entry.clone());
            self.write()?;
        }
        Ok(entry.api_password)
    }

    /// Replaces the file in one step, so that a crash leaves the old one.
    fn write(&self) -> anyhow::Result<()> {
        let store = |(key, entry): (&String, &Entry)| {
            let plain = StoredEntry {
                tag: entry.tag.clone(),
                api_password: entry.api_password.expose_secret().to_owned(),
                owner_url: entry.owner_url.as_ref().map(|url| url.expose_secret().to_owned()),
            };
            (key.clone(), plain)
        };
        let text = toml::to_string(&Stored { servers: self.servers.iter().map(store).collect() })?;
        let directory = self.path.parent().unwrap_or(Path::new("."));
        let write = || {
            fs::create_dir_all(directory)?;
            let mut file = tempfile::NamedTempFile::new_in(directory)?;
            // A temporary file is made with mode 0600; saying so keeps it true.
            file.as_file().set_permissions(Permissions::from_mode(0o600))?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&self.path).map_err(|error| error.error)
        };
        write().map(drop).with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// The tag of every private server.
pub(super) fn private_tag() -> anyhow::Result<InstallationTag> {
    Ok(InstallationTag::new(PRIVATE_TAG)?)
}

fn options(url: &SecretString) -> anyhow::Result<PgConnectOptions> {
    // The driver's message could quote the URL.
    PgConnectOptions::from_str(url.expose_secret())
        .map_err(|_| anyhow::anyhow!("database.url cannot be read; write postgres://user:password@host:port/database"))
}

/// Which server and database a login is for.
pub(super) fn server_key(url: &SecretString) -> anyhow::Result<String> {
    let options = options(url)?;
    Ok(format!("{}:{}/{}", options.get_host(), options.get_port(), options.get_database().unwrap_or_default()))
}

/// The login of the API beside the owner's: same server, same database, `pa_<database>_api`.
pub(super) fn api_url(owner: &SecretString, password: &SecretString) -> anyhow::Result<SecretString> {
    let options = options(owner)?;
    let database = options.get_database().unwrap_or_default().to_owned();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if database.is_empty() || database.len() > LONGEST_DATABASE || !database.bytes().all(plain) {
        bail!(
            "the login of the API is named after the database, and `{database}` cannot be part of such a name; use a \
             database of lower-case letters, digits and underscores, or set PORTFOLIO__DATABASE__API_URL as well"
        );
    }
    let login = options.username(&format!("pa_{database}_api")).password(password.expose_secret());
    Ok(login.to_url_lossy().to_string().into())
}

/// 256 random bits in hexadecimal: nothing in it needs quoting in SQL or a URL.
fn generate() -> anyhow::Result<SecretString> {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| anyhow::anyhow!("the system gives no random numbers"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_found_again_and_closed_to_others() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("deep/demo-secrets.toml");
        let read = || DemoSecrets::read_from(path.clone()).expect("read");
        let tag = || InstallationTag::new("abc123").expect("a tag");
        let made = read().get_or_make("db:5432/x", tag()).expect("made");
        let owner = SecretString::from("postgres://o:p@127.0.0.1:1/portfolio?sslmode=disable");
        let private = read().note_private(&owner).expect("noted");
        let again = read();
        let kept = again.get("db:5432/x").expect("kept");
        assert_eq!(kept.api_password.expose_secret(), made.api_password.expose_secret());
        assert_ne!(private.expose_secret(), made.api_password.expose_secret());
        let kept = again.get(PRIVATE).and_then(|entry| entry.owner_url.clone()).expect("kept");
        assert_eq!(kept.expose_secret(), owner.expose_secret());
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_api_logs_in_beside_the_owner() {
        let url = |owner: &str| api_url(&owner.into(), &"secret".into());
        let made = url("postgres://own%40er:p%2Fw@db:5433/app_1?sslmode=require").expect("a login");
        let made = made.expose_secret();
        assert!(made.starts_with("postgres://pa_app_1_api:secret@db:5433/app_1?"), "{made}");
        assert!(made.contains("sslmode=require") && !made.contains("p%2Fw"), "{made}");
        assert!(url("postgres://o@db/App").is_err());
        assert!(url(&format!("postgres://o@db/{}", "x".repeat(57))).is_err());
    }
}
