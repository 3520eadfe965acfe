//! A directory of files (`demo/README.md` describes them) into the warehouse.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::{indicator, instruments, news};
use crate::clock::Environment;
use crate::queue::{self, DAILY_FACTS};
use crate::storage::pipeline::{self, Dimension, Outcome, Run};
use crate::tenancy::{Administration, DatabaseError, Market, Session};

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
    /// A directory without any file of market data.
    #[error("{path} has none of the files of market data: {files}")]
    Empty {
        /// The directory.
        path: PathBuf,
        /// The files that it may have.
        files: String,
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
    /// Figures of the market at large.
    pub indicators: Outcome,
    /// Headlines.
    pub news: Outcome,
    /// Instruments that were not known before.
    pub instruments: u64,
    /// Currencies, exchanges, trading days and sectors that were not known before.
    pub reference: u64,
}

/// A file of a directory, and its columns.
pub(super) type Table = (&'static str, &'static [&'static str]);

/// Columns of plain reference data in which an empty cell is none.
const MAY_BE_EMPTY: [&str; 3] = ["withdrawn", "break_starts_at", "break_ends_at"];

/// Those of plain reference data, in the order in which they refer to each other.
const REFERENCE: [(Dimension, Table); 4] = [
    (Dimension::Currencies, ("currencies.csv", &["code", "name", "minor_unit", "withdrawn"])),
    (Dimension::Exchanges, ("exchanges.csv", &["mic", "name", "country", "currency", "time_zone"])),
    (
        Dimension::Sessions,
        (
            "sessions.csv.gz",
            &["mic", "date", "opens_at", "closes_at", "early_close", "break_starts_at", "break_ends_at", "late_open"],
        ),
    ),
    (Dimension::Sectors, ("sectors.csv", &["code", "name"])),
];
const PRICES: Table = ("prices.csv.gz", &["symbol", "date", "close"]);
const RATES: Table = ("fx.csv.gz", &["base", "quote", "date", "rate"]);
const SPLITS: Table = ("splits.csv", &["symbol", "ex_date", "numerator", "denominator"]);
const DIVIDENDS: Table = ("dividends.csv", &["symbol", "type", "ex_date", "pay_date", "amount", "currency"]);

/// Loads what a directory has of reference data, prices, rates, splits and dividends. Reference data that is known already stays
/// as it is. `progress` is told each step in words.
///
/// # Errors
/// [`LoadError`], also where the directory has no file of market data.
pub async fn load_directory(
    administration: &Administration,
    directory: &Path,
    environment: &Environment,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<LoadReport, LoadError> {
    let mut report = LoadReport::default();
    let tables = REFERENCE
        .map(|(_, table)| table)
        .into_iter()
        .chain(instruments::TABLES)
        .chain([PRICES, RATES, SPLITS, DIVIDENDS])
        .chain([indicator::DEFINITIONS, indicator::VALUES, indicator::TREASURY, news::FILE]);
    let names: Vec<&str> = tables.map(|(name, _)| name).collect();
    if !names.iter().any(|name| directory.join(name).exists()) {
        return Err(LoadError::Empty { path: directory.to_owned(), files: names.join(", ") });
    }
    progress("loading instruments, exchanges, currencies and trading calendars");
    let session = administration.market().await?;
    (report.reference, report.instruments) = load_reference(&session, directory, environment).await?;
    session.commit().await?;
    if let Some(rows) = table(directory, PRICES)? {
        progress("loading prices");
        let session = administration.market().await?;
        let run = begin(&session, environment, "prices").await?;
        report.prices = pipeline::load_prices(&session, &run, &rows).await?;
        pipeline::finish_run(&session, &run, report.prices, environment.clock.now()).await?;
        session.commit().await?;
    }
    let session = administration.market().await?;
    if let Some(rows) = table(directory, RATES)? {
        progress("loading exchange rates");
        let run = begin(&session, environment, "exchange rates").await?;
        report.rates = pipeline::load_rates(&session, &run, &rows).await?;
        pipeline::finish_run(&session, &run, report.rates, environment.clock.now()).await?;
    }
    if let Some(rows) = table(directory, SPLITS)? {
        progress("loading splits");
        let run = begin(&session, environment, "splits").await?;
        report.splits = pipeline::load_splits(&session, &run, &rows).await?;
        pipeline::finish_run(&session, &run, report.splits, environment.clock.now()).await?;
    }
    if let Some(rows) = table(directory, DIVIDENDS)? {
        progress("loading dividends");
        let run = begin(&session, environment, "dividends").await?;
        report.dividends = pipeline::load_dividends(&session, &run, &rows).await?;
        pipeline::finish_run(&session, &run, report.dividends, environment.clock.now()).await?;
    }
    report.indicators = indicator::load_files(&session, directory, environment).await?;
    report.news = news::load_file(&session, directory, environment).await?;
    pipeline::bump_version(&session).await?;
    // In the same transaction: what was booked and computed from the version before is done again, whatever ends this process.
    queue::enqueue_for_all(&session, environment.ids.next(), DAILY_FACTS, environment.clock.now()).await?;
    session.commit().await?;
    Ok(report)
}

async fn begin(
    session: &Session<Market>,
    environment: &Environment,
    dataset: &'static str,
) -> Result<Run, DatabaseError> {
    let run = Run { id: environment.ids.next(), dataset, provider: PROVIDER, started_at: environment.clock.now() };
    pipeline::begin_run(session, &run).await?;
    Ok(run)
}

/// Returns how many rows were new: of all but instruments, and of these.
async fn load_reference(
    session: &Session<Market>,
    directory: &Path,
    environment: &Environment,
) -> Result<(u64, u64), LoadError> {
    let mut new = 0;
    for (dimension, file) in REFERENCE {
        let Some(rows) = table(directory, file)? else { continue };
        let cells = |row: Vec<String>| {
            let nullable = file.1.iter().map(|column| MAY_BE_EMPTY.contains(column));
            row.into_iter()
                .zip(nullable)
                .map(|(cell, null)| Some(cell).filter(|cell| !null || !cell.is_empty()))
                .collect()
        };
        new += pipeline::fill(session, dimension, &rows.into_iter().map(cells).collect::<Vec<_>>()).await?;
    }
    let listed = instruments::load_listings(session, directory, environment).await?;
    Ok((new, listed))
}

/// The rows of a directory's CSV file, plain or gzipped, whose header is exactly that; `None` where there is no such file.
pub(super) fn table(directory: &Path, (name, header): Table) -> Result<Option<Vec<Vec<String>>>, LoadError> {
    let path = directory.join(name);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(LoadError::Read { path, source }),
    };
    let reader: Box<dyn Read> = match name.ends_with(".gz") {
        true => Box::new(flate2::read::GzDecoder::new(file)),
        false => Box::new(file),
    };
    let format = |reason: String| LoadError::Format { path: path.clone(), reason };
    let mut csv = csv::Reader::from_reader(reader);
    let found = csv.headers().map_err(|error| format(error.to_string()))?;
    if found.iter().ne(header.iter().copied()) {
        return Err(format(format!("the header is not {}", header.join(","))));
    }
    let rows = csv.records().map(|record| {
        let record = record.map_err(|error| format(error.to_string()))?;
        Ok(record.iter().map(str::to_owned).collect())
    });
    rows.collect::<Result<_, _>>().map(Some)
}
