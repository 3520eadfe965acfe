//! A directory of files (`demo/README.md` describes them) into the warehouse.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use domain::ledger::{OccSymbol, OptionRight};

use crate::clock::Environment;
use crate::queue::{self, DAILY_FACTS};
use crate::storage::pipeline::{self, Dimension, Outcome, Run};
use crate::tenancy::{Administration, DatabaseError};

const PROVIDER: &str = "directory";

/// Why a directory could not be loaded. What was loaded before the failure stays; loading again goes on.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file is missing or cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not CSV with the header it should have.
    #[error("{path}: {reason}")]
    Format {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The database failed.
    #[error("the database did not take the market data")]
    Database(#[from] DatabaseError),
}

/// What a load came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadReport {
    /// Closes.
    pub prices: Outcome,
    /// Exchange rates.
    pub rates: Outcome,
    /// Splits.
    pub splits: Outcome,
    /// Cash dividends.
    pub dividends: Outcome,
    /// Whether instruments, exchanges, currencies and calendars were new.
    pub reference_loaded: bool,
}

/// Loads reference data if there is none yet, then prices, rates, splits and, where the directory has them, dividends. `progress` is told each step in words.
pub async fn load_directory(
    administration: &Administration,
    directory: &Path,
    environment: &Environment,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<LoadReport, LoadError> {
    let mut report = LoadReport::default();
    let session = administration.market().await?;
    if !pipeline::has_reference_data(&session).await? {
        progress("loading instruments, exchanges, currencies and trading calendars");
        load_reference(&session, directory, environment).await?;
        report.reference_loaded = true;
    }
    session.commit().await?;
    progress("loading prices");
    let rows = table(&directory.join("prices.csv.gz"), &["symbol", "date", "close"])?;
    let (session, run) = begin(administration, environment, "prices").await?;
    report.prices = pipeline::load_prices(&session, &run, &rows).await?;
    pipeline::finish_run(&session, &run, report.prices, environment.clock.now()).await?;
    session.commit().await?;
    progress("loading exchange rates");
    let rows = table(&directory.join("fx.csv.gz"), &["base", "quote", "date", "rate"])?;
    let (session, run) = begin(administration, environment, "exchange rates").await?;
    report.rates = pipeline::load_rates(&session, &run, &rows).await?;
    pipeline::finish_run(&session, &run, report.rates, environment.clock.now()).await?;
    progress("loading splits");
    let rows = table(&directory.join("splits.csv"), &["symbol", "ex_date", "numerator", "denominator"])?;
    let run = new_run(environment, "splits");
    pipeline::begin_run(&session, &run).await?;
    report.splits = pipeline::load_splits(&session, &run, &rows).await?;
    pipeline::finish_run(&session, &run, report.splits, environment.clock.now()).await?;
    let path = directory.join("dividends.csv");
    // Directories of before there were dividends have none.
    if path.exists() {
        progress("loading dividends");
        let rows = table(&path, &["symbol", "type", "ex_date", "pay_date", "amount", "currency"])?;
        let run = new_run(environment, "dividends");
        pipeline::begin_run(&session, &run).await?;
        report.dividends = pipeline::load_dividends(&session, &run, &rows).await?;
        pipeline::finish_run(&session, &run, report.dividends, environment.clock.now()).await?;
    }
    pipeline::bump_version(&session).await?;
    // In the same transaction: what was booked and computed from the version before is done again, whatever ends this process.
    queue::enqueue_for_all(&session, run.id, DAILY_FACTS, environment.clock.now()).await?;
    session.commit().await?;
    Ok(report)
}

fn new_run(environment: &Environment, dataset: &'static str) -> Run {
    Run { id: environment.ids.next(), dataset, provider: PROVIDER, started_at: environment.clock.now() }
}

async fn begin(
    administration: &Administration,
    environment: &Environment,
    dataset: &'static str,
) -> Result<(crate::tenancy::Session<crate::tenancy::Market>, Run), DatabaseError> {
    let run = new_run(environment, dataset);
    let session = administration.market().await?;
    pipeline::begin_run(&session, &run).await?;
    Ok((session, run))
}

async fn load_reference(
    session: &crate::tenancy::Session<crate::tenancy::Market>,
    directory: &Path,
    environment: &Environment,
) -> Result<(), LoadError> {
    let file = |name: &str| directory.join(name);
    let optional = |cell: String| Some(cell).filter(|cell| !cell.is_empty());
    let plain = [
        (Dimension::Currencies, "currencies.csv", &["code", "name", "minor_unit", "withdrawn"][..]),
        (Dimension::Exchanges, "exchanges.csv", &["mic", "name", "country", "currency", "time_zone"]),
        (Dimension::Sessions, "sessions.csv.gz", &["mic", "date", "opens_at", "closes_at", "early_close"]),
        (Dimension::Sectors, "sectors.csv", &["code", "name"]),
    ];
    for (dimension, name, header) in plain {
        let nullable = header.iter().map(|&column| column == "withdrawn").collect::<Vec<_>>();
        let rows: Vec<Vec<Option<String>>> = table(&file(name), header)?
            .into_iter()
            .map(|row| {
                row.into_iter()
                    .zip(&nullable)
                    .map(|(cell, &null)| if null { optional(cell) } else { Some(cell) })
                    .collect()
            })
            .collect();
        pipeline::fill(session, dimension, &rows).await?;
    }
    let header =
        ["symbol", "name", "asset_type", "mic", "currency", "isin", "sector", "price_multiplier", "price_source"];
    let now = environment.clock.now().to_rfc3339();
    let path = file("instruments.csv");
    let instruments = table(&path, &header)?;
    let ids: HashMap<String, String> =
        instruments.iter().map(|row| (row[0].clone(), environment.ids.next().to_string())).collect();
    let mut rows = Vec::new();
    for row in instruments {
        let mut terms = vec![None; 5];
        if row[2] == "OPTION" {
            terms = option_terms(&row[0], &row[7], &ids)
                .map_err(|reason| LoadError::Format { path: path.clone(), reason })?
                .map(Some)
                .into();
        }
        let mut cells = vec![ids.get(&row[0]).cloned()];
        cells.extend(row.into_iter().map(optional));
        cells.extend(terms);
        cells.push(Some(now.clone()));
        rows.push(cells);
    }
    pipeline::fill(session, Dimension::Instruments, &rows).await?;
    Ok(())
}

/// Underlying, right, strike, units per contract and expiry of an option, from its symbol and its multiplier. The underlying
/// is the instrument of the same file that is called as the symbol's root.
fn option_terms(symbol: &str, multiplier: &str, ids: &HashMap<String, String>) -> Result<[String; 5], String> {
    let terms = OccSymbol::parse(symbol).map_err(|error| error.to_string())?;
    let underlying = ids.get(terms.root());
    let underlying =
        underlying.ok_or_else(|| format!("the underlying {} of {symbol} is not in instruments.csv", terms.root()))?;
    let right = match terms.right() {
        OptionRight::Call => "CALL",
        OptionRight::Put => "PUT",
    };
    Ok([
        underlying.clone(),
        right.to_owned(),
        terms.strike().to_string(),
        multiplier.to_owned(),
        terms.expiry().to_string(),
    ])
}

/// The rows of a CSV file, plain or gzipped, whose header is exactly `header`.
fn table(path: &Path, header: &[&str]) -> Result<Vec<Vec<String>>, LoadError> {
    let file = File::open(path).map_err(|source| LoadError::Read { path: path.to_owned(), source })?;
    let reader: Box<dyn Read> = if path.extension().is_some_and(|extension| extension == "gz") {
        Box::new(flate2::read::GzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let format = |reason: String| LoadError::Format { path: path.to_owned(), reason };
    let mut csv = csv::Reader::from_reader(reader);
    let found = csv.headers().map_err(|error| format(error.to_string()))?;
    if found.iter().ne(header.iter().copied()) {
        return Err(format(format!("the header is not {}", header.join(","))));
    }
    csv.records()
        .map(|record| {
            let record = record.map_err(|error| format(error.to_string()))?;
            Ok(record.iter().map(str::to_owned).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terms_of_an_option_stand_in_its_symbol() {
        let ids = HashMap::from([("AAPL".to_owned(), "7".to_owned())]);
        let terms = option_terms("AAPL  240119C00190500", "100", &ids).expect("terms");
        assert_eq!(terms, ["7", "CALL", "190.5", "100", "2024-01-19"]);
        assert!(option_terms("MSFT  240119C00190500", "100", &ids).expect_err("no underlying").contains("MSFT"));
        assert!(option_terms("AAPL", "100", &ids).expect_err("no symbol").contains("AAPL"));
    }
}
