//! `demo`: everything that is needed to look at the program, from nothing to a page in the browser.

mod announce;
mod people;
mod playground;
mod portfolios;
mod sample;
pub(super) mod seed;
mod server;
mod step_ids;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, process::ExitCode};

use secrecy::ExposeSecret;

pub use self::people::PASSWORD;
pub(in crate::cli) use self::sample::Sample;
use super::{Context, Globals, database::Database, print, progress::Progress, serve, signals::Signals};
use crate::config::{Config, DEMO_SECRET, HttpConfig, IntrospectionName, Profile, Secret};
use crate::tenancy::InstallationTag;

/// What a shell calls a program that Ctrl-C has ended.
const INTERRUPTED: u8 = 130;

/// The options of `demo`.
#[derive(Debug, clap::Args)]
pub struct DemoOptions {
    /// Take the sample data from here instead of the checkout that the program was built from
    #[arg(long, value_name = "DIR")]
    demo_dir: Option<PathBuf>,
    /// Do not build the playground; serve it only if it is built already
    #[arg(long)]
    no_build: bool,
}

pub(super) async fn run(options: DemoOptions, context: Context) -> anyhow::Result<ExitCode> {
    let progress = Progress::begin();
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    let sample = Sample::find(options.demo_dir.as_deref())?;
    let config = for_demo(config, &globals, &sample);
    // Taken first: that the port is not free should be known before the data is loaded, not after.
    let listener = serve::bind(&config).await?;
    let mut signals = Signals::listen()?;
    let (database, tag) = tokio::select! {
        result = server::open(&globals, &config, progress) => result?,
        () = signals.received() => return Ok(interrupted()),
    };
    let result = tokio::select! {
        result = prepare(&options, &database, &config, tag, &sample, progress) => Some(result),
        () = signals.received() => None,
    };
    let result = match result {
        None => Ok(interrupted()),
        Some(Err(error)) => Err(error),
        Some(Ok(seeded)) => serve_until_told(&globals, &config, listener, seeded, signals).await,
    };
    // The first error is the one that tells.
    let closed = database.close().await;
    let code = result?;
    closed?;
    Ok(code)
}

/// Loads the data and builds the playground.
async fn prepare(
    options: &DemoOptions,
    database: &Database,
    config: &Config,
    tag: InstallationTag,
    sample: &Sample,
    progress: Progress,
) -> anyhow::Result<seed::Seeded> {
    let seeded = seed::run(database, config, tag, sample, progress).await?;
    if !options.no_build {
        playground::build(&sample.web(), progress).await;
    }
    Ok(seeded)
}

async fn serve_until_told(
    globals: &Globals,
    config: &Config,
    listener: tokio::net::TcpListener,
    seeded: seed::Seeded,
    mut signals: Signals,
) -> anyhow::Result<ExitCode> {
    let has_playground = config.http.playground_dir.join("index.html").is_file();
    print(&announce::text(listener.local_addr()?, seeded.as_of, &globals.data_dir, has_playground))?;
    let playground = announce::playground(&seeded);
    let shutdown = async move { signals.received().await };
    serve::run(listener, seeded.services, config, playground, true, shutdown).await?;
    Ok(ExitCode::SUCCESS)
}

/// What was loaded stays, and the next start goes on from there.
fn interrupted() -> ExitCode {
    eprintln!("stopped before the demo was ready; `demo` goes on from here");
    ExitCode::from(INTERRUPTED)
}

/// Settings of the demo where nobody has chosen others.
fn for_demo(mut config: Config, globals: &Globals, sample: &Sample) -> Config {
    config.profile = Profile::Demo;
    // The page shows the schema before anybody has signed in.
    config.graphql.introspection = Some(IntrospectionName::Everyone);
    if config.auth.secret.as_ref().is_none_or(|secret| secret.expose_secret().is_empty()) {
        config.auth.secret = Some(Secret::from(DEMO_SECRET));
    }
    if config.mail.smtp_host.is_none() && config.mail.directory.is_none() {
        config.mail.directory = Some(globals.data_dir.join("mail"));
    }
    if config.http.playground_dir == HttpConfig::default().playground_dir {
        config.http.playground_dir = playground::built(&sample.web());
    }
    config
}
