//! Starts the command line: the cryptography provider, the logs, the runtime, and one readable error.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use clap::Parser;
use portfolio_analyzer::{
    cli::Cli,
    config::{LogConfig, LogFormat},
};
use tracing_subscriber::EnvFilter;

/// Answers and books are many short-lived pieces of memory; the system's allocator gives large ones back at once and takes
/// them anew, page by page.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Usage errors end the process here, with code 2.
    let cli = Cli::parse();
    match start(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", sentence(&error));
            ExitCode::FAILURE
        }
    }
}

fn start(cli: Cli) -> anyhow::Result<ExitCode> {
    // An error means that it is installed already, which is what we want.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (command, log) = cli.prepare();
    install_logs(&log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(command.run())
}

/// Logs go to standard error, so that the output of a command can be piped.
fn install_logs(log: &LogConfig) -> anyhow::Result<()> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(&log.level)?)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    let installed = match log.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    installed.map_err(anyhow::Error::from_boxed)
}

/// The error and its causes, leaving out a cause that its effect has quoted already.
fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}
