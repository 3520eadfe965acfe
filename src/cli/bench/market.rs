//! Market data: a list of instruments and a daily close of them through the pipeline, and reads where there are millions of prices.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Utc, Weekday};
use uuid::Uuid;

use super::figures::{Times, line, millis};
use crate::cli::database::Database;
use crate::cli::progress::Progress;
use crate::clock::{Clock, Environment, SystemIds};
use crate::market_data::{load_directory, load_instruments};
use crate::services::Services;
use crate::storage;
use crate::storage::instrument_load::LISTED;
use crate::tenancy::{Access, Administration, MarketDoor as _};

/// Instruments of the list, and those of them that have a close each day.
const LIST: usize = 80_000;
const SYMBOLS: usize = 50_000;
/// Instruments with ten years of closes, and the days that these have: five million prices.
const LONG: usize = 2_000;
const LONG_DAYS: usize = 2_500;
const LIST_LIMIT: Duration = Duration::from_secs(10);
const CLOSE_LIMIT: Duration = Duration::from_secs(5);
const READ_LIMIT: Duration = Duration::from_millis(10);
const READS: usize = 100;
/// Instruments whose latest prices are read together.
const LATEST: usize = 500;
/// Rows of a chunk of a raw COPY.
const CHUNK: usize = 10_000;

pub(super) const COPY_PRICES: &str = "COPY market.fact_stock_price (instrument_id, date, close) FROM STDIN";

/// The last day of the closes, a Friday.
pub(super) fn last_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 3, 15).unwrap_or_default()
}

/// Weekdays up to the last day, the latest first.
pub(super) fn weekdays() -> impl Iterator<Item = NaiveDate> {
    (0..).map(|back| last_day() - Days::new(back)).filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun))
}

/// The time of a load: the day is over, and the next has not begun.
#[derive(Debug)]
pub(super) struct Evening(pub(super) NaiveDate);

impl Clock for Evening {
    fn now(&self) -> DateTime<Utc> {
        (self.0 + Days::new(1)).and_time(NaiveTime::MIN).and_utc()
    }
}

fn symbol(at: usize) -> String {
    format!("M{at:05}")
}

/// A close in cents that moves by less than a hundredth from day to day.
pub(super) fn cents(instrument: usize, day: usize) -> usize {
    10_000 + instrument % 5_000 + (instrument * 31 + day * 17) % 97
}

/// Loads and reads, one after the other.
pub(super) async fn of_the_market(
    services: &Services,
    database: &Database,
    progress: Progress,
) -> anyhow::Result<Vec<String>> {
    let administration = database.administration().await?;
    let measured = measure(services, &administration, progress).await;
    administration.close().await;
    measured
}

async fn measure(
    services: &Services,
    administration: &Administration,
    progress: Progress,
) -> anyhow::Result<Vec<String>> {
    let directory = tempfile::tempdir()?;
    let mut report = vec![list(administration, directory.path(), progress).await?];
    let alpine = crate::cli::open::tenant(services, "alpine").await?;
    let caller = services.system(alpine, "bench");
    let session = services.read(&caller).await?;
    let symbols: Vec<String> = (0..SYMBOLS).map(symbol).collect();
    let mut found = storage::instrument::by_symbols(&session, &symbols).await?;
    session.close().await?;
    ensure!(found.len() == SYMBOLS, "{} of {SYMBOLS} symbols were loaded", found.len());
    found.sort_by(|left, right| left.symbol.cmp(&right.symbol));
    let instruments: Vec<Uuid> = found.into_iter().map(|found| found.instrument.id).collect();
    report.extend(closes(administration, &instruments, directory.path(), progress).await?);
    history(administration, &instruments[..LONG], progress).await?;
    let session = services.read(&caller).await?;
    let mut times = Vec::with_capacity(READS);
    for read in 0..READS {
        let begun = Instant::now();
        let rows = storage::price::of_instruments(&session, &[instruments[read * 19 % LONG]]).await?;
        times.push(begun.elapsed());
        ensure!(rows.len() >= LONG_DAYS, "{} closes were read", rows.len());
    }
    let times = Times::new(times);
    let held = (times.quantile(0.5) <= READ_LIMIT, "10 ms");
    report.push(line("ten years of one instrument", &times.summary(), Some(held)));
    let mut times = Vec::with_capacity(READS);
    for read in 0..READS {
        let keys = (0..LATEST).map(|at| (instruments[(read * 19 + at * 3) % LONG], last_day())).collect::<Vec<_>>();
        let begun = Instant::now();
        let quotes = services.quotes(&session, &keys).await?;
        times.push(begun.elapsed());
        let known = quotes.values().filter(|quote| quote.value().is_some()).count();
        ensure!(known == LATEST, "{known} of {LATEST} prices were known");
    }
    let times = Times::new(times);
    let held = (times.quantile(0.5) <= READ_LIMIT, "10 ms");
    report.push(line(&format!("the latest prices of {LATEST} instruments"), &times.summary(), Some(held)));
    session.close().await?;
    Ok(report)
}

/// A list of instruments as a provider gives it.
async fn list(administration: &Administration, directory: &Path, progress: Progress) -> anyhow::Result<String> {
    let path = directory.join("list.csv");
    let mut file = BufWriter::new(File::create(&path)?);
    writeln!(file, "{}", LISTED.join(","))?;
    for at in 0..LIST {
        let cells = LISTED.map(|column| match column {
            "symbol" => symbol(at),
            "name" => format!("Instrument {at} Holdings"),
            "asset_class" => "equity".to_owned(),
            "mic" => "XNYS".to_owned(),
            "currency" => "USD".to_owned(),
            _ => String::new(),
        });
        writeln!(file, "{}", cells.join(","))?;
    }
    file.flush()?;
    let begun = Instant::now();
    let list = load_instruments(administration, &path, &Environment::system(), &|step| progress.say(step)).await?;
    let taken = begun.elapsed();
    ensure!(list.outcome.promoted == LIST as u64, "{:?} came of {LIST} instruments", list.outcome);
    Ok(line(&format!("a list of {LIST} instruments"), &millis(taken), Some((taken < LIST_LIMIT, "10 s"))))
}

/// Two closes of every symbol, the second of which is measured, against a raw COPY of its rows.
async fn closes(
    administration: &Administration,
    instruments: &[Uuid],
    directory: &Path,
    progress: Progress,
) -> anyhow::Result<Vec<String>> {
    let days: Vec<NaiveDate> = weekdays().take(2).collect();
    let mut taken = Duration::ZERO;
    for (at, day) in days.iter().enumerate().rev() {
        write_closes(&directory.join("prices.csv"), *day, at)?;
        let environment = Environment { clock: Arc::new(Evening(*day)), ids: Arc::new(SystemIds) };
        let begun = Instant::now();
        let report = load_directory(administration, directory, &environment, &|step| progress.say(step)).await?;
        taken = begun.elapsed();
        ensure!(report.prices.promoted == SYMBOLS as u64, "{:?} came of {SYMBOLS} closes", report.prices);
    }
    // Rolled back, so that it measures what PostgreSQL takes for the same rows and leaves nothing.
    let session = administration.market(Access::Write).await?;
    let begun = Instant::now();
    let next = last_day() + Days::new(3);
    let rows = (0..instruments.len()).step_by(CHUNK).map(|from| {
        let to = (from + CHUNK).min(instruments.len());
        (from..to).fold(Vec::new(), |rows, at| copied(rows, instruments[at], next, cents(at, 2)))
    });
    session.copy_in(COPY_PRICES, rows).await?;
    let raw = begun.elapsed();
    session.close().await?;
    let ratio = taken.as_secs_f64() / raw.as_secs_f64();
    Ok(vec![
        line(&format!("raw COPY of {SYMBOLS} closes"), &millis(raw), None),
        line(&format!("a daily close of {SYMBOLS} symbols"), &millis(taken), Some((taken < CLOSE_LIMIT, "5 s"))),
        line("that in raw COPYs", &format!("{ratio:.1}"), None),
    ])
}

fn write_closes(path: &Path, day: NaiveDate, at: usize) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "symbol,mic,date,open,high,low,close,adj_close,volume,currency")?;
    for instrument in 0..SYMBOLS {
        let cents = cents(instrument, at);
        let [open, high, low, close] = [cents, cents + 40, cents - 40, cents].map(money);
        writeln!(file, "{},XNYS,{day},{open},{high},{low},{close},{close},10000,USD", symbol(instrument))?;
    }
    Ok(file.flush()?)
}

pub(super) fn money(cents: usize) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// A row of COPY's text format behind others.
pub(super) fn copied(mut rows: Vec<u8>, instrument: Uuid, day: NaiveDate, cents: usize) -> Vec<u8> {
    rows.extend_from_slice(format!("{instrument}\t{day}\t{}\n", money(cents)).as_bytes());
    rows
}

/// Ten years of closes of some instruments, before those that are there, as raw rows.
async fn history(administration: &Administration, instruments: &[Uuid], progress: Progress) -> anyhow::Result<()> {
    let days: Vec<NaiveDate> = weekdays().skip(2).take(LONG_DAYS).collect();
    let first = days.last().context("there are no days")?;
    progress.say(format_args!("copying closes from {first} on"));
    let session = administration.market(Access::Write).await?;
    let rows = instruments.iter().enumerate().map(|(at, instrument)| {
        let days = days.iter().enumerate().rev();
        days.fold(Vec::new(), |rows, (back, day)| copied(rows, *instrument, *day, cents(at, back)))
    });
    let begun = Instant::now();
    let copied = session.copy_in(COPY_PRICES, rows).await?;
    session.commit().await?;
    progress.say(format_args!("{copied} prices in {:.1} s", begun.elapsed().as_secs_f64()));
    Ok(())
}
