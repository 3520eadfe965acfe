//! `rebuild`: books portfolios anew from their ledgers.

use std::process::ExitCode;

use uuid::Uuid;

use super::{Context, database::Database, import::find, open, print};
use crate::config::Config;
use crate::storage::Page;

/// Portfolios that are listed at a time.
const PAGE: u64 = 500;

/// The options of `rebuild`.
#[derive(Debug, clap::Args)]
pub struct RebuildOptions {
    /// The short name of the firm
    #[arg(long)]
    tenant: String,
    /// One portfolio, by its name or its id; all of the firm's where it is not given
    #[arg(long, value_name = "NAME_OR_ID")]
    portfolio: Option<String>,
}

pub(super) async fn run(options: RebuildOptions, context: Context) -> anyhow::Result<ExitCode> {
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    let database = Database::find(&globals, &config).await?;
    let result = rebuild(&database, &config, &options).await;
    database.close().await?;
    result
}

async fn rebuild(database: &Database, config: &Config, options: &RebuildOptions) -> anyhow::Result<ExitCode> {
    let services = open::services(database, config).await?;
    let caller = services.system(open::tenant(&services, &options.tenant).await?, "command");
    let portfolios = match &options.portfolio {
        Some(portfolio) => vec![find(&services, &caller, portfolio).await?],
        None => {
            let mut all: Vec<Uuid> = Vec::new();
            loop {
                let session = services.read(&caller).await?;
                let page = Page { after: all.last().copied(), limit: PAGE };
                let found = services.portfolio_page(&session, page).await?;
                session.close().await?;
                if found.is_empty() {
                    break all;
                }
                all.extend(found.iter().map(|portfolio| portfolio.id));
            }
        }
    };
    let mut failed = 0;
    for portfolio in portfolios {
        // As the API shows it.
        let shown = format!("pf_{}", portfolio.simple());
        let before = services.books_digest(&caller, portfolio).await?;
        match services.rebuild(&caller, portfolio).await {
            Ok(rebuilt) => {
                let is_same = before == services.books_digest(&caller, portfolio).await?;
                let outcome = if is_same { "nothing differed" } else { "the books differed and were put right" };
                print(&format!("{shown}: {} entries booked, {outcome}", rebuilt.entries))?;
            }
            Err(error) => {
                failed += 1;
                print(&format!("{shown}: left as it is: {error}"))?;
            }
        }
    }
    services.gateway.close().await;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
