//! `user`: people of a firm, and operators of the platform.

use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;
use domain::money::Currency;
use secrecy::SecretString;

use super::{Context, database::Database, open, password, print};
use crate::{
    auth::{Role, UnknownRole},
    config::Config,
    services::{Services, user::NewUser},
    tenancy::TenantRecord,
};

/// The subcommands of `user`.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a person; the password comes from PORTFOLIO_PASSWORD or from standard input
    Create(UserCreate),
}

/// The options of `user create`.
#[derive(Debug, clap::Args)]
pub struct UserCreate {
    /// The short name of the firm
    #[arg(long, required_unless_present = "operator", conflicts_with = "operator")]
    tenant: Option<String>,
    /// Add an operator of the platform, who belongs to no firm
    #[arg(long)]
    operator: bool,
    /// The address to log in with
    #[arg(long)]
    email: String,
    /// The person's name
    #[arg(long)]
    name: String,
    /// What the person may do: admin, advisor, investor or auditor
    #[arg(long, required_unless_present = "operator", conflicts_with = "operator", value_parser = role)]
    role: Option<Role>,
    /// The currency that figures are shown in where none is asked for
    #[arg(long, default_value = "EUR", value_parser = currency, conflicts_with = "operator")]
    currency: Currency,
}

fn role(text: &str) -> Result<Role, UnknownRole> {
    text.to_uppercase().parse()
}

fn currency(text: &str) -> Result<Currency, String> {
    Currency::new(text).map_err(|error| error.to_string())
}

pub(super) async fn run(command: UserCommand, context: Context) -> anyhow::Result<ExitCode> {
    let UserCommand::Create(options) = command;
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    let password = password::read()?;
    let database = Database::find(&globals, &config).await?;
    let result = create(&database, &config, options, password).await;
    database.close().await?;
    result
}

async fn create(
    database: &Database,
    config: &Config,
    options: UserCreate,
    password: SecretString,
) -> anyhow::Result<ExitCode> {
    let services = open::services(database, config).await?;
    let made = match (&options.tenant, options.role) {
        (Some(slug), Some(role)) => {
            let tenant = open::tenant(&services, slug).await?;
            let UserCreate { email, name, currency, .. } = options;
            add(&services, tenant, NewUser { email, name, role, password, currency }).await?
        }
        _ => {
            let id = services.operator_create(&options.email, &options.name, &password).await?;
            format!("{} is an operator of the platform, with the id {id}", options.email)
        }
    };
    services.gateway.close().await;
    print(&made)?;
    Ok(ExitCode::SUCCESS)
}

/// Adds a person and says so.
pub(super) async fn add(services: &Services, tenant: TenantRecord, new: NewUser) -> anyhow::Result<String> {
    let slug = tenant.slug.clone();
    let made = services.users_create(&services.system(tenant, "command"), vec![new], None).await?;
    match made.into_iter().next() {
        Some(Ok(user)) => Ok(format!("{} is {} of {slug}, with the id {}", user.email, user.role, user.id)),
        Some(Err(refusal)) => bail!(refusal.message),
        None => bail!("nobody was added"),
    }
}
