//! Where the database of a command is: the configured one, or the demo's private server.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, PgConnection};

use super::{
    Globals,
    demo_secrets::{DemoSecrets, PRIVATE, api_url, server_key},
};
use crate::{
    config::{Config, DatabaseConfig},
    local_postgres::{LocalPostgres, LocalPostgresError, Progress, SqlName, StartOptions},
    tenancy::{Administration, DatabaseSettings, Gateway},
};

/// The private server's owner login and its database.
const OWNER: &str = "portfolio_owner";
const DATABASE: &str = "portfolio";
/// How long a server may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(3);
/// A command on the machine does one thing at a time, but for the migration of many tenants.
const OWNER_CONNECTIONS: u32 = 10;

/// The logins of a command's database, and the server where the command has started it.
pub(super) struct Database {
    pub(super) owner: Option<SecretString>,
    pub(super) api: Option<SecretString>,
    pub(super) is_private: bool,
    /// The file that holds the API's password, where it was not configured.
    kept_in: Option<PathBuf>,
    config: DatabaseConfig,
    server: Option<LocalPostgres>,
}

impl Database {
    /// The configured database; without one the demo's, whose server is started for as long as the command runs.
    pub(super) async fn find(globals: &Globals, config: &Config) -> anyhow::Result<Self> {
        if let Some(found) = Self::already_there(globals, config).await? {
            return Ok(found);
        }
        Self::start_private(globals, config, &|_| {}).await
    }

    /// The configured database, or the demo's if it is running.
    pub(super) async fn find_running(globals: &Globals, config: &Config) -> anyhow::Result<Self> {
        let found = Self::already_there(globals, config).await?;
        found.context("the demo is not running; start it with `demo`, or set DATABASE_URL to use another database")
    }

    async fn already_there(globals: &Globals, config: &Config) -> anyhow::Result<Option<Self>> {
        let database = &config.database;
        if database.url.is_some() || database.api_url.is_some() {
            return Self::configured(globals, config).map(Some);
        }
        let secrets = DemoSecrets::read(globals)?;
        let entry = secrets.get(PRIVATE).filter(|_| globals.postgres_dir().is_dir());
        let Some((entry, owner)) = entry.and_then(|entry| Some((entry, entry.owner_url.clone()?))) else {
            bail!(
                "no database is configured and there is no demo in {}; set DATABASE_URL and \
                 PORTFOLIO__DATABASE__API_URL, or start `demo` once, which brings a database of its own",
                globals.data_dir.display()
            );
        };
        let api = api_url(&owner, &entry.api_password)?;
        Ok(answers(&api).await.then(|| Self::new(config, Some(owner), Some(api), None).private(globals)))
    }

    /// The configured logins. Where the demo has made the API's login on the owner's server, it is known.
    pub(super) fn configured(globals: &Globals, config: &Config) -> anyhow::Result<Self> {
        let DatabaseConfig { url, api_url: given, .. } = &config.database;
        let owner: Option<SecretString> = url.as_ref().map(|url| url.expose().into());
        let (Some(login), None) = (&owner, given) else {
            let api = given.as_ref().map(|api| api.expose().into());
            return Ok(Self::new(config, owner, api, None));
        };
        let secrets = DemoSecrets::read(globals)?;
        let entry = secrets.get(&server_key(login)?);
        let api = entry.map(|entry| api_url(login, &entry.api_password)).transpose()?;
        let kept_in = api.is_some().then(|| DemoSecrets::path(globals));
        Ok(Self { kept_in, ..Self::new(config, owner, api, None) })
    }

    /// Starts the demo's private server and notes its logins. Fails while another process runs it.
    pub(super) async fn start_private(
        globals: &Globals,
        config: &Config,
        progress: &(dyn Fn(&Progress) + Send + Sync),
    ) -> anyhow::Result<Self> {
        let options = StartOptions::new(globals.postgres_dir());
        let started = LocalPostgres::start(options, progress).await;
        let server = started.map_err(|error| match error {
            LocalPostgresError::InUse { pid, .. } => {
                let who = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
                anyhow::anyhow!(
                    "another command{who} has the demo's database in {}; stop it or wait for it, or choose another \
                     directory with --data-dir",
                    globals.data_dir.display()
                )
            }
            other => other.into(),
        })?;
        let owner = server.ensure_owner(&SqlName::new(OWNER)?, &SqlName::new(DATABASE)?).await?.url();
        let mut secrets = DemoSecrets::read(globals)?;
        let password = secrets.note_private(&owner)?;
        let api = api_url(&owner, &password)?;
        Ok(Self::new(config, Some(owner), Some(api), Some(server)).private(globals))
    }

    pub(super) fn new(
        config: &Config,
        owner: Option<SecretString>,
        api: Option<SecretString>,
        server: Option<LocalPostgres>,
    ) -> Self {
        Self { owner, api, is_private: false, kept_in: None, config: config.database.clone(), server }
    }

    fn private(self, globals: &Globals) -> Self {
        Self { is_private: true, kept_in: Some(DemoSecrets::path(globals)), ..self }
    }

    /// The owner's side: needs both logins.
    pub(super) async fn administration(&self) -> anyhow::Result<Administration> {
        let owner = self.owner.clone().context(
            "database.url is missing; set DATABASE_URL to the owner's login, which migrates and makes tenants",
        )?;
        let owner = DatabaseSettings { max_connections: OWNER_CONNECTIONS, ..settings(owner, &self.config) };
        let administration = Administration::connect(&owner, &self.api_settings()?).await;
        administration.context("the owner's login to the database (database.url) cannot be used")
    }

    /// The API's side of the door.
    pub(super) async fn gateway(&self) -> anyhow::Result<Gateway> {
        let gateway = Gateway::connect(&self.api_settings()?).await;
        gateway.with_context(|| match &self.kept_in {
            None => "the API's login to the database (database.api_url) cannot be used".to_owned(),
            Some(file) => format!(
                "the API's login to the database cannot be used (its password is kept in {}; if that file was lost, \
                 restore it, or give the login that password by ALTER ROLE)",
                file.display()
            ),
        })
    }

    /// How to reach the database as the API.
    pub(super) fn api_settings(&self) -> anyhow::Result<DatabaseSettings> {
        let api = self.api.clone().context(
            "database.api_url is missing; set PORTFOLIO__DATABASE__API_URL to the API's own login, which owns nothing",
        )?;
        Ok(settings(api, &self.config))
    }

    /// Stops the server if this command has started it.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        match self.server {
            Some(server) => Ok(server.stop().await?),
            None => Ok(()),
        }
    }
}

fn settings(url: SecretString, config: &DatabaseConfig) -> DatabaseSettings {
    DatabaseSettings {
        url,
        max_connections: config.max_connections,
        acquire_timeout: config.acquire_timeout(),
        statement_timeout: config.statement_timeout(),
    }
}

/// Whether a server is there and lets this login in: the port of a server that has ended may be anybody's.
async fn answers(url: &SecretString) -> bool {
    match tokio::time::timeout(PATIENCE, PgConnection::connect(url.expose_secret())).await {
        Ok(Ok(connection)) => {
            // Being let in is the answer; how the connection ends is not.
            let _ = connection.close().await;
            true
        }
        _ => false,
    }
}
