//! Making firms one after another, and migrating them all, on a server that flushes what it commits.

use std::time::{Duration, Instant};

use anyhow::ensure;
use secrecy::SecretString;

use super::figures::{Times, line};
use crate::cli::database::Database;
use crate::cli::progress::Progress;
use crate::clock::{Environment, Ids, SystemIds};
use crate::config::Config;
use crate::local_postgres::{Durability, LocalPostgres, SqlName};
use crate::tenancy::{Administration, InstallationTag, NewTenant};

const MADE_WITHIN: Duration = Duration::from_millis(250);
const MIGRATED_WITHIN: Duration = Duration::from_secs(180);
/// For how many tenants that limit is.
const MIGRATED: usize = 5_000;

/// So many firms as an earlier program makes them, and the step that it lacks taken by all.
pub(super) async fn of_many(config: &Config, tenants: usize, progress: Progress) -> anyhow::Result<Vec<String>> {
    let postgres = LocalPostgres::ephemeral(Durability::Durable).await?;
    let owner = postgres.ensure_owner(&SqlName::new("bench_owner")?, &SqlName::new("bench")?).await?.url();
    let api: SecretString = format!("postgres://bench_api:bench@127.0.0.1:{}/bench", postgres.port()).into();
    let database = Database::new(config, Some(owner), Some(api), Some(postgres));
    let report = measured(&database, tenants, progress).await;
    database.close().await?;
    report
}

async fn measured(database: &Database, tenants: usize, progress: Progress) -> anyhow::Result<Vec<String>> {
    let administration = database.administration().await?;
    let tag = InstallationTag::from_uuid(SystemIds.next());
    administration.migrate(&database.api_settings()?, tag, true).await?;
    let administration = administration.without_the_last_step();
    progress.say(format_args!("making {tenants} tenants on a server that flushes what it commits"));
    let made = made(&administration, tenants).await?;
    let held = (made.quantile(0.5) <= MADE_WITHIN, "250 ms at the median");
    let mut report = vec![line("a tenant is made, with its tables", &made.summary(), Some(held))];
    let administration = administration.with_every_step();
    let begun = Instant::now();
    let migrated = administration.migrate_tenants().await?;
    let took = begun.elapsed();
    administration.close().await;
    ensure!(migrated.failed.is_empty(), "{} tenants could not be migrated", migrated.failed.len());
    ensure!(migrated.migrated.len() == tenants, "{} of {tenants} tenants were migrated", migrated.migrated.len());
    let limit = MIGRATED_WITHIN.mul_f64(tenants as f64 / MIGRATED as f64);
    report.push(line(
        &format!("{tenants} tenants take a step"),
        &format!("{:.1} s", took.as_secs_f64()),
        Some((took <= limit, "180 s for 5,000")),
    ));
    Ok(report)
}

async fn made(administration: &Administration, tenants: usize) -> anyhow::Result<Times> {
    let environment = Environment::system();
    let mut times = Vec::with_capacity(tenants);
    for index in 0..tenants {
        let new =
            NewTenant { id: environment.ids.next(), slug: format!("bench-{index}"), name: format!("Bench {index}") };
        let begun = Instant::now();
        administration.create_tenant(&new, environment.clock.now()).await?;
        times.push(begun.elapsed());
    }
    Ok(Times::new(times))
}
