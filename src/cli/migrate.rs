//! `migrate`: makes the installation and brings every schema up to date.

use std::process::ExitCode;

use super::{Context, database::Database, demo_secrets::private_tag, print};
use crate::{
    clock::Environment,
    tenancy::{InstallationTag, MigrationSummary},
};

pub(super) async fn run(context: Context) -> anyhow::Result<ExitCode> {
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    let database = Database::find(&globals, &config).await?;
    let result = migrate(&database).await;
    database.close().await?;
    report(&result?)
}

async fn migrate(database: &Database) -> anyhow::Result<MigrationSummary> {
    let administration = database.administration().await?;
    let tag = match database.is_private {
        true => private_tag()?,
        false => InstallationTag::from_uuid(Environment::system().ids.next()),
    };
    // Tag and kind count for a new installation only; one that exists keeps its own.
    let summary = administration.migrate(&database.api_settings()?, tag, database.is_private).await;
    administration.close().await;
    Ok(summary?)
}

fn report(summary: &MigrationSummary) -> anyhow::Result<ExitCode> {
    for (schema, steps) in &summary.migrated {
        print(&format!("{schema}: {steps} {}", if *steps == 1 { "step" } else { "steps" }))?;
    }
    print(&format!("{} schemas were up to date already", summary.up_to_date))?;
    if summary.failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("error: {} tenants could not be migrated and are not served; the others are:", summary.failed.len());
    for (slug, error) in &summary.failed {
        let causes: Vec<_> = std::iter::successors(std::error::Error::source(error), |cause| cause.source())
            .map(ToString::to_string)
            .collect();
        eprintln!("  {slug}: {error}{}{}", if causes.is_empty() { "" } else { ": " }, causes.join(": "));
    }
    Ok(ExitCode::FAILURE)
}
