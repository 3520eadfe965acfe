//! The server that the demo lives on: its own, or the one that is configured.

use anyhow::{Context as _, bail};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, PgConnection};

use crate::{
    cli::{
        Globals,
        database::Database,
        demo_secrets::{self, DemoSecrets, server_key},
        progress::Progress,
    },
    clock::{Ids as _, SystemIds},
    config::Config,
    tenancy::InstallationTag,
};

/// Opens it, and tells the tag of an installation that is new.
pub(super) async fn open(
    globals: &Globals,
    config: &Config,
    progress: Progress,
) -> anyhow::Result<(Database, InstallationTag)> {
    let given = &config.database;
    let Some(owner) = &given.url else {
        if given.api_url.is_some() {
            bail!("database.api_url is set without database.url; set both, or neither for a private server");
        }
        let say = |step: &crate::local_postgres::Progress| progress.say(step);
        let database = Database::start_private(globals, config, &say).await?;
        return Ok((database, demo_secrets::private_tag()?));
    };
    progress.say(format_args!("using the database {}", owner.masked()));
    let owner = SecretString::from(owner.expose());
    refuse_real_data(&owner).await?;
    // Roles belong to the whole server, where others may have a demo too.
    let fresh = InstallationTag::from_uuid(SystemIds.next());
    let entry = DemoSecrets::read(globals)?.get_or_make(&server_key(&owner)?, fresh)?;
    Ok((Database::configured(globals, config)?, InstallationTag::new(&entry.tag)?))
}

/// Looks before anything is changed: the demo's people have published passwords.
async fn refuse_real_data(owner: &SecretString) -> anyhow::Result<()> {
    let look = async {
        let mut connection = PgConnection::connect(owner.expose_secret()).await?;
        let exists = "SELECT to_regclass('platform.installation') IS NOT NULL";
        let exists: bool = sqlx::query_scalar(exists).fetch_one(&mut connection).await?;
        let is_demo: Option<bool> = match exists {
            true => {
                sqlx::query_scalar("SELECT is_demo FROM platform.installation").fetch_optional(&mut connection).await?
            }
            false => None,
        };
        connection.close().await?;
        Ok::<_, sqlx::Error>(is_demo)
    };
    match look.await.context("the owner's login to the database (database.url) cannot be used")? {
        Some(false) => {
            bail!(
                "this database is an installation for real data; the demo, whose passwords are published, needs another"
            )
        }
        _ => Ok(()),
    }
}
