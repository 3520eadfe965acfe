//! `market refresh`: asks all providers for what is new and stores it, as the worker does by itself.

use std::process::ExitCode;

use anyhow::ensure;
use clap::ValueEnum;

use super::{Context, database::Database, open, print, progress::Progress};
use crate::config::Config;
use crate::services::refresh::{Line, What};

/// What `market refresh` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Refreshed {
    /// Prices, splits and dividends of what is held
    Prices,
    /// Exchange rates
    Rates,
    /// Headlines
    News,
    /// Series of the market at large
    Indicators,
    /// What instruments are known by
    Identifiers,
}

impl Refreshed {
    fn what(self) -> What {
        match self {
            Self::Prices => What::Prices,
            Self::Rates => What::Rates,
            Self::News => What::News,
            Self::Indicators => What::Indicators,
            Self::Identifiers => What::Identifiers,
        }
    }

    fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

pub(super) async fn run(what: Option<Refreshed>, context: Context) -> anyhow::Result<ExitCode> {
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    let database = Database::find(&globals, &config).await?;
    let result = refresh(&database, &config, what).await;
    let closed = database.close().await;
    let code = result?;
    closed?;
    Ok(code)
}

/// Asks and stores, and prints the runs' lines as they are noted. It fails where anything of them did.
async fn refresh(database: &Database, config: &Config, what: Option<Refreshed>) -> anyhow::Result<ExitCode> {
    let services = open::services(database, config).await?;
    let progress = Progress::begin();
    let all = match what {
        Some(one) => {
            let word = one.word();
            ensure!(services.has_providers(one.what()), "no provider of {word} is enabled; docs/providers.md says how");
            vec![one]
        }
        None => Refreshed::value_variants().iter().copied().filter(|one| services.has_providers(one.what())).collect(),
    };
    ensure!(!all.is_empty(), "no provider is enabled; docs/providers.md says how to enable one");
    let mut code = ExitCode::SUCCESS;
    for one in all {
        progress.say(format_args!("asking for {}", one.word()));
        for piece in services.refresh_pieces(one.what()).await? {
            for line in services.refresh_piece(&piece).await? {
                if line.result.is_err() {
                    code = ExitCode::FAILURE;
                }
                print(&told(&line))?;
            }
        }
    }
    services.gateway.close().await;
    Ok(code)
}

fn told(line: &Line) -> String {
    let Line { dataset, provider, asked, result } = line;
    match result {
        Ok(outcome) => format!(
            "{provider}: {dataset}: {} rows came, {} are new or changed, {} are held; asked: {asked}",
            outcome.delivered, outcome.promoted, outcome.held
        ),
        Err(reason) => format!("{provider}: {dataset}: failed: {reason}; asked: {asked}"),
    }
}
