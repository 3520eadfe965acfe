//! The operator's commands: one file each. A command reads its options, calls what does the work, and prints.

mod audit;
mod bench;
mod cases;
mod config;
mod database;
mod demo;
mod demo_secrets;
mod doctor;
mod import;
mod jobs;
mod keys;
mod login;
mod market;
mod market_refresh;
mod migrate;
mod open;
mod password;
mod progress;
mod quality;
mod rebuild;
mod schema;
mod serve;
mod signals;
mod tenant;
mod user;
mod worker;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

pub use self::demo::PASSWORD as DEMO_PASSWORD;
use crate::config::{Config, ConfigError, Flag, Origin, Provenance, Sources};

/// Where local files are kept unless somebody says otherwise.
const DEFAULT_DATA_DIR: &str = ".data";

/// Self-hosted, multi-tenant portfolio analytics: a GraphQL API over PostgreSQL.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// The options that every command takes.
#[derive(Clone, Debug, clap::Args)]
pub struct Globals {
    /// Read this configuration file instead of portfolio.toml in the working directory
    #[arg(long, global = true, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// Keep the private PostgreSQL server and other local files here
    #[arg(long, global = true, value_name = "DIR", default_value = DEFAULT_DATA_DIR)]
    pub data_dir: PathBuf,
    /// Accept HTTP connections on this address (sets http.listen)
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
}

impl Globals {
    /// Where the private PostgreSQL server keeps its files.
    #[must_use]
    pub fn postgres_dir(&self) -> PathBuf {
        self.data_dir.join("postgres")
    }

    fn sources(&self) -> Sources {
        let listen = self.listen.map(|listen| Flag { name: "--listen", key: "http.listen", value: listen.to_string() });
        Sources::of_process(self.config.clone(), listen.into_iter().collect())
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try everything with sample data; brings a database of its own unless one is configured
    Demo(demo::DemoOptions),
    /// Serve the API from the configured database
    Serve,
    /// Do the work that waits in the queue
    Worker(worker::WorkerOptions),
    /// Look at the queue; retry or discard what was given up, cancel what is not done yet
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    /// Look at what recurs, and when it does next
    #[command(subcommand)]
    Schedule(jobs::ScheduleCommand),
    /// Exchange and list the keys that sign access tokens
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Print an access token for a person of a firm, for scripts
    Login(login::LoginOptions),
    /// Make the installation and bring every schema up to date
    Migrate,
    /// Add and list firms
    #[command(subcommand)]
    Tenant(tenant::TenantCommand),
    /// Add people
    #[command(subcommand)]
    User(user::UserCommand),
    /// Import transactions into a portfolio, or load market data
    Import(import::ImportOptions),
    /// Ask providers of market data
    #[command(subcommand)]
    Market(market::MarketCommand),
    /// Book portfolios anew from their ledgers
    Rebuild(rebuild::RebuildOptions),
    /// Verify, export and sign the record of what was done
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Print the public contract
    #[command(subcommand)]
    Schema(schema::SchemaCommand),
    /// Run worked cases with published figures through the engine, and print what differs
    Cases(cases::CasesOptions),
    /// Look for faults in price series as vendors deliver them
    #[command(subcommand)]
    Quality(quality::QualityCommand),
    /// Measure the main things on this machine, on a database that is gone afterwards
    Bench(bench::BenchOptions),
    /// Look at the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Check that this machine has everything that is needed, and say what to do where not
    Doctor,
}

/// What a command works with. The configuration is kept even when it is wrong: `doctor` has to say so.
pub struct Context {
    /// The options that every command takes.
    pub globals: Globals,
    configuration: Result<(Config, Provenance), ConfigError>,
}

impl Context {
    /// Loads the configuration for the given options.
    #[must_use]
    pub fn new(globals: Globals) -> Self {
        let configuration = Config::load(&globals.sources());
        Self { globals, configuration }
    }

    /// The configuration, for a command that cannot do without.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn into_configuration(self) -> Result<(Config, Provenance), ConfigError> {
        self.configuration
    }

    /// The configuration, or what is wrong with it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn configuration(&self) -> Result<&(Config, Provenance), &ConfigError> {
        self.configuration.as_ref()
    }
}

impl Cli {
    /// Loads the configuration, which also says how to log; nothing is done yet.
    #[must_use]
    pub fn prepare(self) -> (Prepared, crate::config::LogConfig) {
        let context = Context::new(self.globals);
        let mut log = context.configuration().map(|(config, _)| config.log.clone()).unwrap_or_default();
        let chosen = |(_, provenance): &(Config, Provenance)| provenance.origin("log.level") != &Origin::Default;
        if !matches!(self.command, Command::Serve | Command::Worker(_)) && !context.configuration().is_ok_and(chosen) {
            // The driver's remarks on slow statements are for a server's log, not between the lines of a command.
            log.level.push_str(",sqlx=error");
        }
        (Prepared { context, command: self.command }, log)
    }
}

/// A command with everything it needs.
pub struct Prepared {
    context: Context,
    command: Command,
}

impl Prepared {
    /// Runs the command.
    ///
    /// # Errors
    /// Whatever kept it from its purpose, for a person to read.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Demo(options) => demo::run(options, self.context).await,
            Command::Serve => serve::command(self.context).await,
            Command::Worker(options) => worker::command(options, self.context).await,
            Command::Jobs(command) => jobs::run(command, self.context).await,
            Command::Schedule(command) => jobs::schedule(command, self.context).await,
            Command::Keys(command) => keys::run(command, self.context).await,
            Command::Login(options) => login::run(options, self.context).await,
            Command::Migrate => migrate::run(self.context).await,
            Command::Tenant(command) => tenant::run(command, self.context).await,
            Command::User(command) => user::run(command, self.context).await,
            Command::Import(options) => import::run(options, self.context).await,
            Command::Market(command) => market::run(command, self.context).await,
            Command::Rebuild(options) => rebuild::run(options, self.context).await,
            Command::Audit(command) => audit::run(command, self.context).await,
            Command::Schema(command) => schema::run(command),
            Command::Cases(options) => cases::run(&options),
            Command::Quality(command) => quality::run(command),
            Command::Bench(options) => bench::run(options, self.context).await,
            Command::Config(command) => config::run(command, self.context),
            Command::Doctor => doctor::run(&self.context).await,
        }
    }
}

/// Prints to standard output, where a reader that has had enough (`| head`) is no error.
///
/// # Errors
/// Any other failure to write.
pub fn print(text: &str) -> std::io::Result<()> {
    use std::io::{ErrorKind, Write};
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_of_every_command_may_follow_it() {
        let cli = Cli::try_parse_from(["pa", "config", "show", "--listen", "127.0.0.1:1"]);
        let listen = cli.expect("valid").globals.listen;
        assert_eq!(listen.map(|address| address.port()), Some(1));
    }
}
