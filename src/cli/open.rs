//! Opens the services as the configuration says.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};

use super::database::Database;
use crate::{
    auth::{PasswordParams, TokenSettings},
    clock::Environment,
    config::{AuthConfig, Config, DEMO_SECRET, MailConfig, Secret, SmtpProtection},
    mail::{Mailer, Protection, SmtpSettings},
    market_data::providers::{Registry, Times},
    services::{Services, setup::AuthSettings},
    tenancy::{Gateway, TenantRecord},
};

/// The services on a database, with the system's clock and ids.
pub(super) async fn services(database: &Database, config: &Config) -> anyhow::Result<Services> {
    on_gateway(database.gateway().await?, config).await
}

/// The services behind a gateway that is open already.
pub(super) async fn on_gateway(gateway: Gateway, config: &Config) -> anyhow::Result<Services> {
    let secret: SecretString = match &config.auth.secret {
        Some(secret) => secret.expose_secret().into(),
        None if gateway.is_demo() => DEMO_SECRET.into(),
        None => bail!(
            "auth.secret is missing; set PORTFOLIO__AUTH__SECRET, for example to the output of `openssl rand -base64 48`"
        ),
    };
    let settings = auth_settings(&config.auth, secret)?;
    let environment = Environment::system();
    let times = Times::system(Arc::clone(&environment.clock));
    // Prices of the demo are made up: those of a provider would not go with them.
    let providers = match gateway.is_demo() {
        true => Registry::none(&times),
        false => Registry::from_config(&config.market_data, &times)?,
    };
    let services = Services::open(gateway, environment, settings).await?;
    let keep_staged = TimeDelta::from_std(config.market_data.keep_staged())?;
    let services = services.with_providers(providers).with_staging_kept(keep_staged);
    Ok(match mailer(&config.mail)? {
        Some(mailer) => services.with_mailer(mailer),
        None => services,
    })
}

/// Who sends mail, if anybody does.
fn mailer(config: &MailConfig) -> anyhow::Result<Option<Mailer>> {
    if let Some(directory) = &config.directory {
        return Ok(Some(Mailer::files(directory, &config.from, config.page.clone())?));
    }
    let Some(host) = config.smtp_host.clone() else {
        return Ok(None);
    };
    let protection = match config.smtp_protection {
        SmtpProtection::Tls => Protection::Tls,
        SmtpProtection::StartTls => Protection::StartTls,
        SmtpProtection::None => Protection::None,
    };
    let secret = |secret: &Secret| SecretString::from(secret.expose_secret());
    let login = config.smtp_user.clone().zip(config.smtp_password.as_ref().map(secret));
    let settings = SmtpSettings { host, port: config.smtp_port, protection, login };
    Ok(Some(Mailer::smtp(settings, &config.from, config.page.clone())?))
}

/// The tenant with this short name.
pub(super) async fn tenant(services: &Services, slug: &str) -> anyhow::Result<TenantRecord> {
    let tenant = services.gateway.tenant_by_slug(slug).await?;
    tenant.with_context(|| format!("there is no tenant {slug}; `tenant list` shows those there are"))
}

fn auth_settings(config: &AuthConfig, secret: SecretString) -> anyhow::Result<AuthSettings> {
    Ok(AuthSettings {
        secret,
        tokens: TokenSettings {
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            lifetime: TimeDelta::from_std(config.access_token_ttl())?,
        },
        refresh_lifetime: TimeDelta::from_std(config.refresh_token_ttl())?,
        passwords: PasswordParams {
            memory_kib: config.argon2_memory_kib,
            iterations: config.argon2_iterations,
            parallelism: config.argon2_parallelism,
        },
    })
}
