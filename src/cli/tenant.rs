//! `tenant`: the firms of an installation.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use domain::money::Currency;
use secrecy::SecretString;

use super::{Context, database::Database, migrate, open, password, print, user};
use crate::{
    auth::Role,
    clock::Environment,
    config::Config,
    services::{tenant::TenantChanges, user::NewUser},
    tenancy::{NewTenant, SchemaState, TenantRecord, TenantStatus},
};

/// The subcommands of `tenant`.
#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Add a firm: its schema, its role, its tables
    Create(TenantCreate),
    /// List the firms
    List,
    /// Say whether each firm is served, and how its schema stands to this program
    Status,
    /// Stop serving a firm; its data is kept, its jobs wait
    Suspend(TenantNamed),
    /// Serve a firm again
    Resume(TenantNamed),
    /// Change a firm's name, or where its data is to stay
    Update(TenantUpdate),
    /// Bring every firm's schema up to date (the same as `migrate`)
    Migrate,
}

/// A firm.
#[derive(Debug, clap::Args)]
pub struct TenantNamed {
    /// Its short name
    slug: String,
}

/// The options of `tenant update`.
#[derive(Debug, clap::Args)]
pub struct TenantUpdate {
    /// Its short name
    slug: String,
    /// Another name
    #[arg(long, required_unless_present = "residency")]
    name: Option<String>,
    /// Where its data is to stay, as a label; an empty one takes the label away
    #[arg(long, value_name = "LABEL")]
    residency: Option<String>,
}

/// The options of `tenant create`.
#[derive(Debug, clap::Args)]
pub struct TenantCreate {
    /// The short name that its people log in with: a letter, then letters, digits and hyphens
    #[arg(long, value_parser = slug)]
    slug: String,
    /// The firm's name
    #[arg(long)]
    name: String,
    /// Its first administrator; the password comes from PORTFOLIO_PASSWORD or from standard input
    #[arg(long, requires = "admin_name", value_name = "EMAIL")]
    admin_email: Option<String>,
    /// The administrator's name
    #[arg(long, requires = "admin_email", value_name = "NAME")]
    admin_name: Option<String>,
}

fn slug(text: &str) -> Result<String, String> {
    let bytes = text.as_bytes();
    let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    let valid =
        (2..=40).contains(&bytes.len()) && bytes.first().is_some_and(u8::is_ascii_lowercase) && bytes.iter().all(inner);
    if valid {
        Ok(text.to_owned())
    } else {
        Err("a short name has 2 to 40 characters: a lower-case letter, then such letters, digits and hyphens"
            .to_owned())
    }
}

pub(super) async fn run(command: TenantCommand, context: Context) -> anyhow::Result<ExitCode> {
    let options = match command {
        TenantCommand::Create(options) => options,
        TenantCommand::List => return list(context).await,
        TenantCommand::Status => return status(context).await,
        TenantCommand::Suspend(named) => return change(context, named.slug, Change::Suspend).await,
        TenantCommand::Resume(named) => return change(context, named.slug, Change::Resume).await,
        TenantCommand::Update(TenantUpdate { slug, name, residency }) => {
            return change(context, slug, Change::To(TenantChanges { name, residency })).await;
        }
        TenantCommand::Migrate => return migrate::run(context).await,
    };
    if options.name.trim().is_empty() {
        bail!("the firm's name is empty; give it with --name");
    }
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    let password = options.admin_email.is_some().then(password::read).transpose()?;
    let database = Database::find(&globals, &config).await?;
    let result = create(&database, &config, options, password).await;
    database.close().await?;
    result
}

async fn create(
    database: &Database,
    config: &Config,
    options: TenantCreate,
    password: Option<SecretString>,
) -> anyhow::Result<ExitCode> {
    // Opened first: what is missing for the administrator should keep the tenant from being made without one.
    let services = match password {
        Some(_) => Some(open::services(database, config).await?),
        None => None,
    };
    let tenant = make(database, &options).await?;
    print(&format!("{} is there, with the id {}", tenant.slug, tenant.id))?;
    if let (Some(services), Some(email), Some(name), Some(password)) =
        (services, options.admin_email, options.admin_name, password)
    {
        let hint = format!(
            "the tenant is there without an administrator; add one with `user create --tenant {}`",
            tenant.slug
        );
        let new = NewUser { email, name, role: Role::Admin, password, currency: Currency::EUR };
        let made = user::add(&services, tenant, new).await;
        services.gateway.close().await;
        print(&made.context(hint)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn make(database: &Database, options: &TenantCreate) -> anyhow::Result<TenantRecord> {
    let administration = database.administration().await?;
    if administration.tenants().await?.iter().any(|tenant| tenant.slug == options.slug) {
        bail!("there is a tenant {} already; `tenant list` shows all", options.slug);
    }
    let environment = Environment::system();
    let new =
        NewTenant { id: environment.ids.next(), slug: options.slug.clone(), name: options.name.trim().to_owned() };
    let tenant = administration.create_tenant(&new, environment.clock.now()).await;
    administration.close().await;
    Ok(tenant?)
}

enum Change {
    Suspend,
    Resume,
    To(TenantChanges),
}

async fn change(context: Context, slug: String, change: Change) -> anyhow::Result<ExitCode> {
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    let database = Database::find(&globals, &config).await?;
    let changed = async {
        let services = open::services(&database, &config).await?;
        let tenants = services.gateway.tenants().await?;
        // Whatever its schema's version: one that is behind can be suspended.
        let tenant = tenants.into_iter().find(|tenant| tenant.slug == slug);
        let tenant = tenant.with_context(|| format!("there is no tenant {slug}; `tenant list` shows all"))?;
        let command = services.installation("command");
        let changed = match change {
            Change::Suspend => services.tenant_suspend(&command, tenant.id).await,
            Change::Resume => services.tenant_resume(&command, tenant.id).await,
            Change::To(changes) => services.tenant_update(&command, tenant.id, changes).await,
        };
        services.gateway.close().await;
        Ok::<_, anyhow::Error>(changed?)
    };
    let changed = changed.await;
    database.close().await?;
    print(&line(&changed?))?;
    Ok(ExitCode::SUCCESS)
}

fn line(tenant: &TenantRecord) -> String {
    let status = match tenant.status {
        TenantStatus::Active => "active",
        TenantStatus::Suspended => "suspended",
    };
    let since = tenant.created_at.format("%Y-%m-%d");
    let residency = tenant.residency.as_deref().unwrap_or("-");
    format!("{:20}  {status:9}  {since}  {}  {residency:10}  {}", tenant.slug, tenant.id, tenant.name)
}

/// A failure where a firm is not served though it should be.
async fn status(context: Context) -> anyhow::Result<ExitCode> {
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    let database = Database::find(&globals, &config).await?;
    let states = async {
        let gateway = database.gateway().await?;
        let states = gateway.tenant_states().await;
        gateway.close().await;
        Ok::<_, anyhow::Error>(states?)
    };
    let states = states.await;
    database.close().await?;
    let mut behind = 0;
    for (tenant, state) in states? {
        let SchemaState { applied, needed, .. } = state;
        let stands = if state.is_up_to_date() { "up to date" } else { "not served: run `migrate`" };
        print(&format!("{}  {applied} of {needed} steps, {stands}", line(&tenant)))?;
        if let Some((error, at)) = &state.failure {
            print(&format!("    failed at {}: {error}", at.format("%Y-%m-%d %H:%M:%SZ")))?;
        }
        behind += usize::from(!state.is_up_to_date());
    }
    Ok(if behind == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn list(context: Context) -> anyhow::Result<ExitCode> {
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    let database = Database::find(&globals, &config).await?;
    let tenants = all(&database).await;
    database.close().await?;
    for tenant in tenants? {
        print(&line(&tenant))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// By the weaker login: a list needs no owner.
async fn all(database: &Database) -> anyhow::Result<Vec<TenantRecord>> {
    let gateway = database.gateway().await?;
    let tenants = gateway.tenants().await;
    gateway.close().await;
    Ok(tenants?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_plain() {
        for good in ["ab", "alpine", "a-1", &"a".repeat(40)] {
            assert_eq!(slug(good).as_deref(), Ok(good));
        }
        for bad in ["", "a", "1a", "-a", "Alpine", "al pine", "é1", &"a".repeat(41)] {
            assert!(slug(bad).is_err(), "{bad}");
        }
    }
}
