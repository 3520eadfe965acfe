//! A directory of files (`demo/README.md` describes them) into the warehouse.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::delivery::{Basis, Delivery, DividendRow, PriceRow, RateRow, SplitRow};
use super::pipeline::{Work, begin, fail};
use super::{indicator, instruments, news};
use crate::clock::Environment;
use crate::storage::pipeline::{self, Dataset, Dimension, Outcome, Run};
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
    /// Terms of bonds, identifiers, days of trading and successions of instruments that are new or others than before.
    pub described: u64,
    /// Currencies, exchanges, trading days and sectors that were not known before, and trading days that are others than before.
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
/// Prices by their symbols alone, or with all that is known of a day.
const PRICES: Table = ("prices.csv.gz", &["symbol", "date", "close"]);
const PRICE_BARS: Table =
    ("prices.csv.gz", &["symbol", "mic", "date", "open", "high", "low", "close", "adj_close", "volume", "currency"]);
/// The same, not compressed; read where the other is not there.
const PLAIN_PRICES: &str = "prices.csv";
const RATES: Table = ("fx.csv.gz", &["base", "quote", "date", "rate"]);
const SPLITS: Table = ("splits.csv", &["symbol", "ex_date", "numerator", "denominator"]);
const DIVIDENDS: Table = ("dividends.csv", &["symbol", "type", "ex_date", "pay_date", "amount", "currency"]);

/// Loads what a directory has of reference data, splits, dividends, rates and prices, as one version of the market data. Reference data
/// that is known already stays as it is. `progress` is told each step in words.
///
/// # Errors
/// [`LoadError`], also where the directory has no file of market data. A file that is not what it should be is a run that failed;
/// what the others hold is loaded, and the error is told at the end.
pub async fn load_directory(
    administration: &Administration,
    directory: &Path,
    environment: &Environment,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<LoadReport, LoadError> {
    let tables = REFERENCE
        .map(|(_, table)| table)
        .into_iter()
        .chain(instruments::TABLES)
        .chain([PRICES, RATES, SPLITS, DIVIDENDS])
        .chain([indicator::DEFINITIONS, indicator::VALUES, indicator::TREASURY, news::FILE]);
    let names: Vec<&str> = tables.map(|(name, _)| name).chain([PLAIN_PRICES]).collect();
    if !names.iter().any(|name| directory.join(name).exists()) {
        return Err(LoadError::Empty { path: directory.to_owned(), files: names.join(", ") });
    }
    let load = Load { administration, directory, environment };
    // Each run stands in the log before anything of it is done.
    let splits = load.read(Dataset::Splits, SPLITS.0, || delivered_table(directory, SPLITS)).await?;
    let dividends = load.read(Dataset::Dividends, DIVIDENDS.0, || delivered_table(directory, DIVIDENDS)).await?;
    let rates = load.read(Dataset::Rates, RATES.0, || delivered_table(directory, RATES)).await?;
    let prices = load.read(Dataset::Prices, PRICES.0, || price_rows(directory)).await?;
    let mut work = Work::open(administration, environment).await?;
    let mut report = LoadReport::default();
    progress("loading instruments, exchanges, currencies and trading calendars");
    let done = async {
        let (reference, listings) = load_reference(work.session(), directory, environment).await?;
        (report.reference, report.instruments, report.described) = (reference, listings.added, listings.described);
        if report.reference + report.instruments + report.described > 0 {
            work.reference_changed();
        }
        if let Taken::Rows(run, rows) = &splits {
            progress("loading splits");
            report.splits = work.splits(run.clone(), &load.delivery(rows, split)).await?;
        }
        if let Taken::Rows(run, rows) = &dividends {
            progress("loading dividends");
            report.dividends = work.dividends(run.clone(), &load.delivery(rows, dividend)).await?;
        }
        if let Taken::Rows(run, rows) = &rates {
            progress("loading exchange rates");
            report.rates = work.rates(run.clone(), &load.delivery(rows, rate)).await?;
        }
        if let Taken::Rows(run, rows) = &prices {
            progress("loading prices");
            report.prices = work.prices(run.clone(), &load.delivery(rows, price)).await?;
        }
        report.indicators = indicator::load_files(work.session(), directory, environment).await?;
        report.news = news::load_file(work.session(), directory, environment).await?;
        Ok::<_, LoadError>(())
    }
    .await;
    if let Err(error) = work.end(administration, done).await {
        let runs = [splits.run(), dividends.run(), rates.run(), prices.run()];
        for run in runs.into_iter().flatten() {
            fail(administration, environment, run, "the directory was not loaded").await?;
        }
        return Err(error);
    }
    [splits.failure(), dividends.failure(), rates.failure(), prices.failure()]
        .into_iter()
        .flatten()
        .next()
        .map_or(Ok(report), Err)
}

/// What a file came to.
enum Taken {
    /// There is none.
    Nothing,
    /// It is not what it should be: its run has failed.
    Wrong(LoadError),
    /// Its rows, and the run that takes them in.
    Rows(Run, Vec<Vec<String>>),
}

impl Taken {
    fn run(&self) -> Option<&Run> {
        if let Self::Rows(run, _) = self { Some(run) } else { None }
    }

    fn failure(self) -> Option<LoadError> {
        if let Self::Wrong(error) = self { Some(error) } else { None }
    }
}

struct Load<'a> {
    administration: &'a Administration,
    directory: &'a Path,
    environment: &'a Environment,
}

impl Load<'_> {
    async fn read(
        &self,
        dataset: Dataset,
        name: &str,
        rows: impl FnOnce() -> Result<Option<Vec<Vec<String>>>, LoadError>,
    ) -> Result<Taken, LoadError> {
        let rows = match rows() {
            Ok(None) => return Ok(Taken::Nothing),
            Ok(Some(rows)) => Ok(rows),
            Err(error) => Err(error),
        };
        let run = begin(self.administration, self.environment, dataset, PROVIDER, name).await?;
        match rows {
            Ok(rows) => Ok(Taken::Rows(run, rows)),
            Err(error) => {
                let reason = match &error {
                    LoadError::Format { reason, .. } => reason.as_str(),
                    _ => "the file cannot be read",
                };
                fail(self.administration, self.environment, &run, reason).await?;
                Ok(Taken::Wrong(error))
            }
        }
    }

    fn delivery<R>(&self, rows: &[Vec<String>], row: fn(&[String]) -> R) -> Delivery<R> {
        Delivery {
            provider: PROVIDER.to_owned(),
            asked: self.directory.display().to_string(),
            fetched_at: self.environment.clock.now(),
            rows: rows.iter().map(|cells| row(cells)).collect(),
        }
    }
}

fn split(cells: &[String]) -> SplitRow {
    let [symbol, ex_date, numerator, denominator] = cells_of(cells);
    SplitRow { symbol, ex_date, numerator, denominator, ..SplitRow::default() }
}

fn dividend(cells: &[String]) -> DividendRow {
    let [symbol, kind, ex_date, pay_date, amount, currency] = cells_of(cells);
    DividendRow { symbol, kind, ex_date, pay_date, amount, currency, ..DividendRow::default() }
}

fn rate(cells: &[String]) -> RateRow {
    let [base, quote, date, rate] = cells_of(cells);
    RateRow { base, quote, date, rate }
}

fn price(cells: &[String]) -> PriceRow {
    let [symbol, mic, date, open, high, low, close, adjusted_close, volume, currency] = cells_of(cells);
    let basis = Basis::Raw;
    PriceRow { instrument: None, symbol, mic, date, open, high, low, close, adjusted_close, volume, currency, basis }
}

/// The cells of a row that a header of so many columns was read with.
fn cells_of<const N: usize>(cells: &[String]) -> [String; N] {
    std::array::from_fn(|at| cells.get(at).cloned().unwrap_or_default())
}

/// The rows of the file of prices with every column, those that it does not have empty.
fn price_rows(directory: &Path) -> Result<Option<Vec<Vec<String>>>, LoadError> {
    let name = if directory.join(PRICES.0).exists() { PRICES.0 } else { PLAIN_PRICES };
    let wide = |row: Vec<String>| {
        let [symbol, date, close] = cells_of(&row);
        let none = String::new;
        vec![symbol, none(), date, none(), none(), none(), close, none(), none(), none()]
    };
    match delivered_table(directory, (name, PRICE_BARS.1)) {
        // The other header: what is in neither is told of this one.
        Err(LoadError::Format { .. }) => {
            Ok(delivered_table(directory, (name, PRICES.1))?.map(|rows| rows.into_iter().map(wide).collect()))
        }
        other => other,
    }
}

/// Returns how many rows were new of all but instruments, sessions that were revised among them, and what came of those.
async fn load_reference(
    session: &Session<Market>,
    directory: &Path,
    environment: &Environment,
) -> Result<(u64, instruments::Listings), LoadError> {
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
        let rows: Vec<_> = rows.into_iter().map(cells).collect();
        if let Dimension::Sessions = dimension {
            new += pipeline::revise_sessions(session, &rows).await?;
        }
        new += pipeline::fill(session, dimension, &rows).await?;
    }
    let listed = instruments::load_listings(session, directory, environment).await?;
    Ok((new, listed))
}

/// The rows of a directory's CSV file, plain or gzipped, whose header is exactly that; `None` where there is no such file.
pub(super) fn table(directory: &Path, table: Table) -> Result<Option<Vec<Vec<String>>>, LoadError> {
    read_table(directory, table, false)
}

/// The same of what is delivered: a row of another length is held for what it lacks.
fn delivered_table(directory: &Path, table: Table) -> Result<Option<Vec<Vec<String>>>, LoadError> {
    read_table(directory, table, true)
}

fn read_table(
    directory: &Path,
    (name, header): Table,
    is_flexible: bool,
) -> Result<Option<Vec<Vec<String>>>, LoadError> {
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
    let mut csv = csv::ReaderBuilder::new().flexible(is_flexible).from_reader(reader);
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
