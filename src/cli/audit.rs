//! `audit`: shows that nobody altered the record of what was done, and gives it away for others to see.

use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use clap::Subcommand;

use super::{Context, database::Database, open, print};
use crate::audit::checkpoint::Checkpoint;
use crate::audit::encoding::hex;
use crate::audit::file;
use crate::audit::lines::Line;
use crate::audit::verify::Report;
use crate::auth::{PublicKey, read_key_set, write_key_set};
use crate::config::Config;
use crate::services::Services;

/// The subcommands of `audit`.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Print a log as lines of JSON; that it was is in the log
    Export(AuditExport),
    /// Look for entries that were changed, removed, reordered or inserted
    Verify(AuditVerify),
    /// Sign where a log is and print that: keep it elsewhere
    Checkpoint(AuditOf),
    /// Print the public keys that checkpoints are signed with, as a JSON Web Key Set
    Keys,
}

/// Whose log.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct AuditOf {
    /// That of this firm, by its short name
    #[arg(long)]
    tenant: Option<String>,
    /// The platform's own
    #[arg(long)]
    platform: bool,
}

/// The options of `audit export`.
#[derive(Debug, clap::Args)]
pub struct AuditExport {
    #[command(flatten)]
    of: AuditOf,
    /// Only entries of this instant and later, such as 2024-03-01T00:00:00Z
    #[arg(long, value_name = "INSTANT")]
    from: Option<DateTime<Utc>>,
    /// Only entries of this instant and earlier
    #[arg(long, value_name = "INSTANT")]
    until: Option<DateTime<Utc>>,
}

/// The options of `audit verify`.
#[derive(Debug, clap::Args)]
pub struct AuditVerify {
    /// A file that `audit export` wrote; no database is asked
    #[arg(required_unless_present_any = ["tenant", "platform"], conflicts_with_all = ["tenant", "platform"])]
    file: Option<PathBuf>,
    /// The log of this firm in the database, by its short name
    #[arg(long, conflicts_with = "platform")]
    tenant: Option<String>,
    /// The platform's own log in the database
    #[arg(long)]
    platform: bool,
    /// The keys that checkpoints must be signed with, as `audit keys` printed them; in the database its own where none are given
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Checkpoints that were kept elsewhere, as `audit checkpoint` printed them
    #[arg(long, value_name = "FILE")]
    checkpoints: Option<PathBuf>,
}

pub(super) async fn run(command: AuditCommand, context: Context) -> anyhow::Result<ExitCode> {
    if let AuditCommand::Verify(AuditVerify { file: Some(file), keys, checkpoints, .. }) = &command {
        return of_file(file, keys.as_deref(), checkpoints.as_deref());
    }
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    let database = Database::find(&globals, &config).await?;
    let result = on_database(command, &database, &config).await;
    database.close().await?;
    result
}

async fn on_database(command: AuditCommand, database: &Database, config: &Config) -> anyhow::Result<ExitCode> {
    let services = open::services(database, config).await?;
    let result = match command {
        AuditCommand::Export(options) => export(&services, &options).await,
        AuditCommand::Verify(options) => of_database(&services, &options).await,
        AuditCommand::Checkpoint(of) => checkpoint(&services, &of).await,
        AuditCommand::Keys => Ok(print(&write_key_set(&services.audit_keys().await)).map(|()| ExitCode::SUCCESS)?),
    };
    services.gateway.close().await;
    result
}

fn read_keys(path: Option<&Path>) -> anyhow::Result<Option<Vec<PublicKey>>> {
    let Some(path) = path else { return Ok(None) };
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let keys = read_key_set(&text);
    keys.map(Some).with_context(|| format!("{} is no set of Ed25519 keys as `audit keys` prints it", path.display()))
}

fn read_checkpoints(path: Option<&Path>) -> anyhow::Result<Vec<(String, Checkpoint)>> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let opened = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    file::checkpoints(BufReader::new(opened)).with_context(|| format!("{} holds no checkpoints", path.display()))
}

fn of_file(path: &Path, keys: Option<&Path>, checkpoints: Option<&Path>) -> anyhow::Result<ExitCode> {
    let keys = read_keys(keys)?;
    let kept = read_checkpoints(checkpoints)?;
    if keys.is_none() && !kept.is_empty() {
        bail!("checkpoints tell nothing without the keys that they are signed with; give them with --keys");
    }
    let opened = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let (exported, report) = file::verify(BufReader::with_capacity(1 << 20, opened), &kept, keys.as_deref())?;
    let of = exported.tenant.map_or_else(|| "the platform".to_owned(), |tenant| format!("the tenant {tenant}"));
    let part = match exported.is_complete {
        true => "the whole log",
        false => "a part of the log",
    };
    let unchecked = if keys.is_none() { "; no keys were given, so no checkpoint was looked at" } else { "" };
    tell(&format!("{part} of {of} ({}){unchecked}", exported.log), &report)
}

async fn of_database(services: &Services, options: &AuditVerify) -> anyhow::Result<ExitCode> {
    let keys = read_keys(options.keys.as_deref())?;
    let mut kept = Vec::new();
    let given = read_checkpoints(options.checkpoints.as_deref())?;
    let logs: Vec<String> = given.iter().map(|(log, _)| log.clone()).collect();
    kept.extend(given.into_iter().map(|(_, checkpoint)| checkpoint));
    let (head, report) = match &options.tenant {
        Some(slug) => {
            let caller = services.system(open::tenant(services, slug).await?, "command");
            services.audit_verify(&caller, &kept, keys.as_deref()).await?
        }
        None => services.audit_verify_platform(&kept, keys.as_deref()).await?,
    };
    if let Some(other) = logs.iter().find(|log| **log != head.log) {
        bail!("a checkpoint is of the log {other}, not of {}", head.log);
    }
    tell(&format!("the log {}", head.log), &report)
}

/// Says what was found; any finding fails the command.
fn tell(of: &str, report: &Report) -> anyhow::Result<ExitCode> {
    for finding in &report.findings {
        print(&finding.to_string())?;
    }
    if report.more > 0 {
        print(&format!("{} findings more", report.more))?;
    }
    let (entries, checkpoints, erased) = (report.entries, report.checkpoints, report.erased);
    let read =
        format!("{of}: {entries} entries read, {checkpoints} checkpoints agree, {erased} personal values erased");
    match (report.is_whole(), &report.last) {
        (true, Some((place, hash))) => print(&format!("{read}: whole up to entry {place}, {}", hex(hash)))?,
        (true, None) => print(&format!("{read}: empty"))?,
        (false, _) => {
            print(&format!("{read}: NOT WHOLE"))?;
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn checkpoint(services: &Services, of: &AuditOf) -> anyhow::Result<ExitCode> {
    let (log, made) = match &of.tenant {
        Some(slug) => {
            let caller = services.system(open::tenant(services, slug).await?, "command");
            services.audit_checkpoint_create(&caller).await?
        }
        None => services.audit_checkpoint_create_platform().await?,
    };
    let made = made.context("nothing was done yet that could be signed")?;
    print(Line::of_checkpoint(&log, &made).text()?.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

async fn export(services: &Services, options: &AuditExport) -> anyhow::Result<ExitCode> {
    let (from, until) = (options.from, options.until);
    if from.zip(until).is_some_and(|(from, until)| from > until) {
        bail!("--from is later than --until");
    }
    let caller = match &options.of.tenant {
        Some(slug) => Some(services.system(open::tenant(services, slug).await?, "command")),
        None => None,
    };
    let mut export = match &caller {
        Some(caller) => services.audit_export(caller, from, until).await?,
        None => services.audit_export_platform(from, until).await?,
    };
    let mut lines = Some(std::mem::take(&mut export.opening));
    while let Some(text) = lines {
        match io::stdout().lock().write_all(text.as_bytes()) {
            // A reader that has had enough is no error.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
            written => written?,
        }
        lines = match &caller {
            Some(caller) => services.audit_export_next(caller, &mut export).await?,
            None => services.audit_export_next_platform(&mut export).await?,
        };
    }
    io::stdout().lock().flush()?;
    Ok(ExitCode::SUCCESS)
}
