//! `import`: transactions from a file into a portfolio, market data from a directory, or a list of instruments.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use uuid::Uuid;

use super::{Context, database::Database, open, print, progress::Progress};
use crate::{
    clock::Environment,
    config::Config,
    market_data::{load_directory, load_instruments},
    services::{
        Caller, RefusalCode, ServiceError, Services,
        import::{ImportMode, RowError},
        period_lock::LockTerms,
    },
    storage::{Page, pipeline::Outcome},
};

/// Portfolios that are looked through at a time for a name.
const PAGE: u64 = 500;

/// From so many bytes on, some ten thousand rows, a file is streamed instead of held.
const STREAMED_FROM: u64 = 1 << 20;

/// The options of `import`.
#[derive(Debug, clap::Args)]
pub struct ImportOptions {
    /// Load this directory of market data (the files of demo/market) instead of transactions
    #[arg(long, value_name = "DIR", conflicts_with_all = ["tenant", "portfolio", "file", "valid_rows", "override_lock"])]
    market: Option<PathBuf>,
    /// Load this list of instruments, CSV or CSV with gzip, instead of transactions
    #[arg(long, value_name = "FILE", conflicts_with_all = ["market", "tenant", "portfolio", "file", "valid_rows", "override_lock"])]
    instruments: Option<PathBuf>,
    /// The short name of the firm
    #[arg(long, required_unless_present_any = ["market", "instruments"])]
    tenant: Option<String>,
    /// The portfolio, by its name or its id
    #[arg(long, required_unless_present_any = ["market", "instruments"], value_name = "NAME_OR_ID")]
    portfolio: Option<String>,
    /// The CSV file
    #[arg(required_unless_present_any = ["market", "instruments"])]
    file: Option<PathBuf>,
    /// Record the rows that are right although others are wrong
    #[arg(long)]
    valid_rows: bool,
    /// Record into a locked period, too
    #[arg(long)]
    override_lock: bool,
}

pub(super) async fn run(options: ImportOptions, context: Context) -> anyhow::Result<ExitCode> {
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    let database = Database::find(&globals, &config).await?;
    let market_data = options.market.as_ref().or(options.instruments.as_ref());
    let result = match (market_data, &options.tenant, &options.portfolio, &options.file) {
        (Some(file), ..) if options.market.is_none() => instruments(&database, file).await,
        (Some(directory), ..) => market(&database, directory).await,
        (None, Some(tenant), Some(portfolio), Some(file)) => {
            let mode = if options.valid_rows { ImportMode::ValidRows } else { ImportMode::AllOrNothing };
            let terms = LockTerms { override_lock: options.override_lock };
            transactions(&database, &config, tenant, portfolio, file, (mode, terms)).await
        }
        _ => Err(anyhow::anyhow!("--tenant, --portfolio and a file are needed, or --market with a directory")),
    };
    database.close().await?;
    result
}

async fn market(database: &Database, directory: &Path) -> anyhow::Result<ExitCode> {
    let progress = Progress::begin();
    let administration = database.administration().await?;
    let say = |text: &str| progress.say(text);
    let report = load_directory(&administration, directory, &Environment::system(), &say).await;
    administration.close().await;
    let report = report?;
    let line = |what: &str, outcome: Outcome| {
        format!(
            "{what}: {} delivered, {} new or changed, {} held back",
            outcome.delivered, outcome.promoted, outcome.held
        )
    };
    print(&format!("instruments: {} new, those known stay as they are", report.instruments))?;
    print(&format!("terms, identifiers, days of trading and successions: {} new or changed", report.described))?;
    print(&format!("currencies, exchanges, trading days and sectors: {} new or revised", report.reference))?;
    print(&line("prices", report.prices))?;
    print(&line("exchange rates", report.rates))?;
    print(&line("splits", report.splits))?;
    print(&line("dividends", report.dividends))?;
    print(&line("indicators", report.indicators))?;
    print(&line("news", report.news))?;
    if [report.prices, report.rates, report.splits, report.dividends, report.indicators, report.news]
        .iter()
        .any(|outcome| outcome.held > 0)
    {
        print("market.meta_data_quality says why rows were held back")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn instruments(database: &Database, file: &Path) -> anyhow::Result<ExitCode> {
    let progress = Progress::begin();
    let administration = database.administration().await?;
    let say = |text: &str| progress.say(text);
    let list = load_instruments(&administration, file, &Environment::system(), &say).await;
    administration.close().await;
    let list = list?;
    print(&format!(
        "instruments: {} delivered, {} new, {} revised, {} held back",
        list.outcome.delivered, list.new, list.revised, list.outcome.held
    ))?;
    if list.findings > 0 {
        print(&format!("market.meta_data_quality tells {} things that are not as they should be", list.findings))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn transactions(
    database: &Database,
    config: &Config,
    tenant: &str,
    portfolio: &str,
    file: &Path,
    (mode, terms): (ImportMode, LockTerms),
) -> anyhow::Result<ExitCode> {
    let unreadable = || format!("cannot read {}", file.display());
    let is_large = fs::metadata(file).with_context(unreadable)?.len() >= STREAMED_FROM;
    let services = open::services(database, config).await?;
    let caller = services.system(open::tenant(&services, tenant).await?, "command");
    let portfolio = find(&services, &caller, portfolio).await?;
    let imported = if is_large {
        let file = fs::File::open(file).with_context(unreadable)?;
        services.transactions_import_file(&caller, portfolio, file, mode, terms).await
    } else {
        let csv = fs::read_to_string(file).with_context(unreadable)?;
        services.transactions_import(&caller, portfolio, &csv, mode, terms, None).await
    };
    services.gateway.close().await;
    let imported = match imported {
        // To a script that runs again, a file that is there already is no failure.
        Err(ServiceError::Refused(refusals)) if refusals.iter().all(|one| one.code == RefusalCode::DuplicateImport) => {
            for refusal in refusals {
                print(&refusal.message)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        other => other?,
    };
    print(&format!(
        "{} rows read, {} recorded, {} duplicate, {} rejected, {} held for a decision",
        imported.counts.rows_read,
        imported.counts.rows_recorded,
        imported.counts.rows_duplicate,
        imported.counts.rows_rejected,
        imported.counts.rows_held
    ))?;
    for error in &imported.counts.row_errors {
        print(&describe(error))?;
    }
    let unsaid = imported.counts.rows_rejected - imported.counts.row_errors.len().min(imported.counts.rows_rejected);
    if unsaid > 0 {
        print(&format!("… and {unsaid} more"))?;
    }
    let refused = imported.counts.rows_rejected > 0 && mode == ImportMode::AllOrNothing;
    if refused {
        print("nothing was recorded; mend the rows, or take the others with --valid-rows")?;
    }
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A wrong row as a line for a person.
pub(super) fn describe(error: &RowError) -> String {
    match &error.column {
        Some(column) => format!("line {}, column {column}: {}", error.line, error.message),
        None => format!("line {}: {}", error.line, error.message),
    }
}

/// The portfolio with this id, as the API shows it or bare, or else with this name.
pub(super) async fn find(services: &Services, caller: &Caller, wanted: &str) -> anyhow::Result<Uuid> {
    let id = Uuid::try_parse(wanted.strip_prefix("pf_").unwrap_or(wanted)).ok();
    let session = services.read(caller).await?;
    let mut named = Vec::new();
    let mut after = None;
    loop {
        let page = services.portfolio_page(&session, Page { after, limit: PAGE }).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        named.extend(page.iter().filter(|found| Some(found.id) == id || found.name == wanted).map(|found| found.id));
    }
    session.close().await?;
    match named.as_slice() {
        [only] => Ok(*only),
        [] => bail!("there is no portfolio \"{wanted}\" in this tenant"),
        several => {
            let ids: Vec<_> = several.iter().map(Uuid::to_string).collect();
            bail!("{} portfolios are called \"{wanted}\"; name one by its id: {}", ids.len(), ids.join(", "))
        }
    }
}
