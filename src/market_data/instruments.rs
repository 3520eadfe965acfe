//! Instruments into the warehouse: the files of a directory as they are, and a provider's list with what is wrong in it.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use chrono::NaiveDate;
use domain::identifier::Scheme;
use domain::ledger::{OccSymbol, OptionRight};
use uuid::Uuid;

use super::load::{LoadError, Table, table};
use super::pipeline::{Work, begin};
use crate::clock::{Environment, parse_day};
use crate::storage::instrument::listing;
use crate::storage::instrument::succession::{self, SuccessionKind};
use crate::storage::instrument_load::{self, LISTED, ListOutcome, Listed};
use crate::storage::pipeline::{self, Dataset, Dimension};
use crate::tenancy::{Administration, Market, Session};

/// Markets and countries that lists of instruments name, and the currencies of ISO 4217.
const MARKETS: &str = include_str!("reference/markets.csv");
const COUNTRIES: &str = include_str!("reference/countries.csv");
const CURRENCIES: &str = include_str!("../../demo/market/currencies.csv");
/// The code of ISO 4217 for no currency: what an instrument is quoted in whose currency is not known.
const NO_CURRENCY: [&str; 3] = ["XXX", "No currency", "0"];

const INSTRUMENTS: Table = (
    "instruments.csv",
    &["symbol", "name", "asset_type", "mic", "currency", "isin", "sector", "price_multiplier", "price_source"],
);
const BONDS: Table =
    ("bonds.csv", &["symbol", "mic", "coupon_rate", "coupon_frequency", "day_count", "maturity", "face"]);
const IDENTIFIERS: Table =
    ("identifiers.csv", &["symbol", "mic", "scheme", "value", "qualifier", "valid_from", "valid_until"]);

const LISTINGS: Table = ("listings.csv", &["symbol", "mic", "listed_on", "delisted_on"]);
const SUCCESSIONS: Table =
    ("successions.csv", &["symbol", "mic", "kind", "effective_on", "successor_symbol", "successor_mic"]);

/// The files of a directory that are about instruments.
pub(super) const TABLES: [Table; 5] = [INSTRUMENTS, BONDS, IDENTIFIERS, LISTINGS, SUCCESSIONS];

/// What a directory's files about instruments came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Listings {
    /// Instruments that were not known before.
    pub added: u64,
    /// Terms of bonds, identifiers, days of trading and successions that are new or others than before.
    pub described: u64,
}

/// Loads a provider's list of instruments, a CSV file, plain or gzipped, with the columns of [`LISTED`]: whatever can be made an
/// instrument of becomes one or revises the one that is known, and what is wrong is noted in `meta_data_quality`.
///
/// # Errors
/// [`LoadError`]; nothing is changed then.
pub async fn load_instruments(
    administration: &Administration,
    path: &Path,
    environment: &Environment,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<ListOutcome, LoadError> {
    progress("reading instruments");
    let records = read_list(path)?;
    let listed: Vec<Listed<'_>> = records.iter().map(|cells| listed(cells, environment.ids.next())).collect();
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let run = begin(administration, environment, Dataset::Instruments, "file", &file).await?;
    let mut work = Work::open(administration, environment).await?;
    let list = async {
        fill_reference(work.session()).await?;
        progress("staging instruments");
        let delivered = instrument_load::stage(work.session(), &run, &listed).await?;
        progress("checking instruments");
        let countries = rows_of(COUNTRIES);
        let [names, codes] = [0, 1].map(|at| countries.iter().map(|row| row[at].clone()).collect());
        let today = environment.clock.today();
        let list = instrument_load::promote(work.session(), &run, delivered, [names, codes], today).await?;
        work.reference_changed();
        work.finish(&run, list.outcome).await?;
        Ok::<_, LoadError>(list)
    }
    .await;
    let list = work.end(administration, list).await?;
    Ok(list)
}

/// The rows of a table that is part of the program.
fn rows_of(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.records().filter_map(Result::ok);
    rows.map(|record| record.iter().map(str::to_owned).collect()).collect()
}

/// Currencies and markets that are not known yet.
async fn fill_reference(session: &Session<Market>) -> Result<(), LoadError> {
    let cells = |row: Vec<String>| row.into_iter().map(Some).collect::<Vec<_>>();
    let mut currencies: Vec<Vec<Option<String>>> = rows_of(CURRENCIES).into_iter().map(cells).collect();
    for row in &mut currencies {
        if let Some(withdrawn) = row.get_mut(3) {
            *withdrawn = withdrawn.take().filter(|cell| !cell.is_empty());
        }
    }
    currencies.push(NO_CURRENCY.map(|cell| Some(cell.to_owned())).into_iter().chain([None]).collect());
    pipeline::fill(session, Dimension::Currencies, &currencies).await?;
    let markets: Vec<_> = rows_of(MARKETS).into_iter().map(cells).collect();
    pipeline::fill(session, Dimension::Exchanges, &markets).await?;
    Ok(())
}

/// The rows of a list, each with as many cells as it has. Bytes that are no text are replaced: the row is kept as evidence.
fn read_list(path: &Path) -> Result<Vec<Vec<String>>, LoadError> {
    let file = File::open(path).map_err(|source| LoadError::Read { path: path.to_owned(), source })?;
    let reader: Box<dyn Read> = match path.extension().is_some_and(|extension| extension == "gz") {
        true => Box::new(flate2::read::GzDecoder::new(BufReader::new(file))),
        false => Box::new(BufReader::new(file)),
    };
    let format = |reason: String| LoadError::Format { path: path.to_owned(), reason };
    let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
    let found = csv.headers().map_err(|error| format(error.to_string()))?;
    if found.iter().ne(LISTED) {
        return Err(format(format!("the header is not {}", LISTED.join(","))));
    }
    let text = |cell: &[u8]| String::from_utf8_lossy(cell).trim().replace('\0', "\u{fffd}");
    let mut rows = Vec::new();
    for record in csv.byte_records() {
        let record = record.map_err(|error| format(error.to_string()))?;
        rows.push(record.iter().map(text).collect());
    }
    Ok(rows)
}

fn listed(row: &[String], new_id: Uuid) -> Listed<'_> {
    let cells: [&str; LISTED.len()] = std::array::from_fn(|at| row.get(at).map(String::as_str).unwrap_or_default());
    let broken = match row.len() == LISTED.len() {
        false => "COLUMNS".to_owned(),
        true => {
            let schemes = [(Scheme::Isin, cells[7]), (Scheme::Cusip, cells[8]), (Scheme::Figi, cells[9])];
            let broken = schemes.iter().filter(|(scheme, value)| !value.is_empty() && scheme.check(value).is_err());
            broken.map(|(scheme, _)| scheme.code()).collect::<Vec<_>>().join(" ")
        }
    };
    Listed { cells, new_id, broken }
}

/// Loads a directory's instruments, and what its files say of them: terms of bonds, dated identifiers, days of trading and what became
/// of them. Instruments that are known stay as they are otherwise.
pub(super) async fn load_listings(
    session: &Session<Market>,
    directory: &Path,
    environment: &Environment,
) -> Result<Listings, LoadError> {
    let mut done = Listings::default();
    let mut ids = instrument_load::known(session).await?;
    if let Some(instruments) = table(directory, INSTRUMENTS)? {
        let (rows, known) = listings(directory, instruments, ids, environment)?;
        done.added = instrument_load::add(session, &rows).await?;
        ids = known;
    }
    if let Some(rows) = table(directory, BONDS)? {
        let columns = of_listings(directory, BONDS, &rows, &ids, bond_terms)?;
        let [ids, .., faces] = &columns;
        if let Some((symbol, par)) = instrument_load::unfit_face(session, [ids.clone(), faces.clone()]).await? {
            let reason = format!("the face of {symbol} is not {par}, which is what it is worth at a price of 100");
            return Err(LoadError::Format { path: directory.join(BONDS.0), reason });
        }
        done.described += instrument_load::set_bond_terms(session, columns).await?;
    }
    if let Some(rows) = table(directory, IDENTIFIERS)? {
        let columns = of_listings(directory, IDENTIFIERS, &rows, &ids, identifier)?;
        done.described += instrument_load::set_identifiers(session, columns).await?;
    }
    if let Some(rows) = table(directory, LISTINGS)? {
        done.described += load_days(session, directory, &rows, &ids, environment.clock.today()).await?;
    }
    if let Some(rows) = table(directory, SUCCESSIONS)? {
        let read = |id: &str, cells: &[String]| succession_of(environment.ids.next(), id, cells, &ids);
        let columns = of_listings(directory, SUCCESSIONS, &rows, &ids, read)?;
        done.described += succession::set(session, columns, environment.clock.now()).await?;
    }
    Ok(done)
}

/// From when until when instruments are traded: a day that contradicts what is known is refused.
async fn load_days(
    session: &Session<Market>,
    directory: &Path,
    rows: &[Vec<String>],
    ids: &Ids,
    today: NaiveDate,
) -> Result<u64, LoadError> {
    let columns = of_listings(directory, LISTINGS, rows, ids, |id, cells| days_of_trading(id, cells, today))?;
    let format = |reason| LoadError::Format { path: directory.join(LISTINGS.0), reason };
    let mut seen = HashSet::new();
    if let Some((row, _)) = rows.iter().zip(&columns[0]).find(|(_, id)| !seen.insert(id.as_str())) {
        return Err(format(format!("{} on {} stands there twice", row[0], row[1])));
    }
    if let Some(reason) = listing::contradiction(session, columns.clone()).await? {
        return Err(format(reason));
    }
    Ok(listing::set_days(session, columns).await?)
}

type Ids = HashMap<[String; 2], String>;

/// Cells in the order of a table's columns; none is NULL.
type Cells = Vec<Option<String>>;

/// The rows of new instruments, and the ids of all.
fn listings(
    directory: &Path,
    instruments: Vec<Vec<String>>,
    mut ids: Ids,
    environment: &Environment,
) -> Result<(Vec<Cells>, Ids), LoadError> {
    let format = |reason| LoadError::Format { path: directory.join(INSTRUMENTS.0), reason };
    let optional = |cell: &String| Some(cell.clone()).filter(|cell| !cell.is_empty());
    let now = environment.clock.now().to_rfc3339();
    let mut new = Vec::new();
    for row in instruments {
        let key = [row[0].clone(), row[3].clone()];
        if let Entry::Vacant(unknown) = ids.entry(key) {
            unknown.insert(environment.ids.next().to_string());
            new.push(row);
        }
    }
    // An option may be about an instrument that was known before.
    let by_symbol: HashMap<&str, &str> = ids.iter().map(|([symbol, _], id)| (symbol.as_str(), id.as_str())).collect();
    let mut rows = Vec::with_capacity(new.len());
    for row in &new {
        if !row[5].is_empty() {
            Scheme::Isin.check(&row[5]).map_err(|error| format(error.to_string()))?;
        }
        let terms = match row[2].as_str() {
            "OPTION" => option_terms(&row[0], &row[7], &by_symbol).map_err(format)?.map(Some).into(),
            _ => vec![None; 5],
        };
        let mut cells = vec![ids.get(&[row[0].clone(), row[3].clone()]).cloned()];
        cells.extend(row.iter().map(optional));
        cells.extend(terms);
        cells.extend([Some(now.clone()), optional(&row[4])]);
        rows.push(cells);
    }
    Ok((rows, ids))
}

/// Underlying, right, strike, units per contract and expiry of an option, from its symbol and its multiplier. The underlying
/// is the instrument that is called as the symbol's root.
fn option_terms(symbol: &str, multiplier: &str, ids: &HashMap<&str, &str>) -> Result<[String; 5], String> {
    let terms = OccSymbol::parse(symbol).map_err(|error| error.to_string())?;
    let underlying = ids.get(terms.root());
    let underlying = underlying.ok_or_else(|| {
        format!("the underlying {} of {symbol} is not known and not in instruments.csv", terms.root())
    })?;
    let right = match terms.right() {
        OptionRight::Call => "CALL",
        OptionRight::Put => "PUT",
    };
    Ok([
        (*underlying).to_owned(),
        right.to_owned(),
        terms.strike().to_string(),
        multiplier.to_owned(),
        terms.expiry().to_string(),
    ])
}

/// Of rows that begin with a symbol and its market, what is read of the instrument's id and the cells behind, as columns.
fn of_listings<const N: usize>(
    directory: &Path,
    (name, _): Table,
    rows: &[Vec<String>],
    ids: &Ids,
    read: impl Fn(&str, &[String]) -> Result<[String; N], String>,
) -> Result<[Vec<String>; N], LoadError> {
    let mut columns: [Vec<String>; N] = std::array::from_fn(|_| Vec::new());
    for (line, row) in (2..).zip(rows) {
        let format = |reason| {
            let reason = format!("line {line}: {reason}");
            LoadError::Format { path: directory.join(name), reason }
        };
        let id = ids.get(&[row[0].clone(), row[1].clone()]);
        let id = id.ok_or_else(|| format(format!("{} on {} is not known", row[0], row[1])))?;
        let cells = read(id, &row[2..]).map_err(format)?;
        for (column, cell) in columns.iter_mut().zip(cells) {
            column.push(cell);
        }
    }
    Ok(columns)
}

/// How a year's days are counted for a coupon.
pub const DAY_COUNTS: [&str; 6] =
    ["THIRTY_360", "THIRTY_E_360", "ACT_360", "ACT_365_FIXED", "ACT_ACT_ICMA", "ACT_ACT_ISDA"];

fn bond_terms(id: &str, cells: &[String]) -> Result<[String; 6], String> {
    let [rate, frequency, day_count, maturity, face] = cells else { return Err("five terms are needed".to_owned()) };
    let number = |name: &str, text: &str| {
        let number: rust_decimal::Decimal = text.parse().map_err(|_| format!("{name} {text} is no number"))?;
        if number.is_sign_negative() { Err(format!("{name} {text} is below zero")) } else { Ok(number) }
    };
    number("coupon_rate", rate)?;
    if number("face", face)?.is_zero() {
        return Err("face is zero".to_owned());
    }
    if !["0", "1", "2", "4", "12"].contains(&frequency.as_str()) {
        return Err(format!("coupon_frequency {frequency} is not 0, 1, 2, 4 or 12 a year"));
    }
    if !DAY_COUNTS.contains(&day_count.as_str()) {
        return Err(format!("day_count {day_count} is not one of {}", DAY_COUNTS.join(", ")));
    }
    parse_day(maturity).ok_or_else(|| format!("maturity {maturity} is no day"))?;
    Ok([id, rate, frequency, day_count, maturity, face].map(str::to_owned))
}

fn identifier(id: &str, cells: &[String]) -> Result<[String; 6], String> {
    let [scheme, value, qualifier, from, until] = cells else { return Err("five cells are needed".to_owned()) };
    let known = Scheme::of_code(scheme).ok_or_else(|| format!("{scheme} is no scheme that is known"))?;
    known.check(value).map_err(|error| error.to_string())?;
    if matches!(known, Scheme::Ticker | Scheme::Provider) == qualifier.is_empty() {
        return Err(format!("a qualifier (market or provider) belongs to TICKER and PROVIDER, and to no {scheme}"));
    }
    if let (Some(from), Some(until)) = (day_if_any(from)?, day_if_any(until)?)
        && until <= from
    {
        return Err(format!("valid_until {until} is not after valid_from {from}"));
    }
    Ok([id, scheme, value, qualifier, from, until].map(str::to_owned))
}

fn day_if_any(text: &str) -> Result<Option<NaiveDate>, String> {
    match text {
        "" => Ok(None),
        _ => parse_day(text).map(Some).ok_or_else(|| format!("{text} is no day")),
    }
}

fn days_of_trading(id: &str, cells: &[String], today: NaiveDate) -> Result<[String; 3], String> {
    let [listed, delisted] = cells else { return Err("two days are needed".to_owned()) };
    day_if_any(listed)?;
    if let Some(day) = day_if_any(delisted)?.filter(|day| *day > today) {
        return Err(format!("delisted_on {day} has not come yet"));
    }
    Ok([id, listed, delisted].map(str::to_owned))
}

fn succession_of(new_id: Uuid, id: &str, cells: &[String], ids: &Ids) -> Result<[String; 5], String> {
    let [kind, day, symbol, mic] = cells else { return Err("four cells are needed".to_owned()) };
    kind.parse::<SuccessionKind>()?;
    parse_day(day).ok_or_else(|| format!("effective_on {day} is no day"))?;
    let successor = ids.get(&[symbol.clone(), mic.clone()]);
    let successor = successor.ok_or_else(|| format!("the successor {symbol} on {mic} is not known"))?;
    if successor == id {
        return Err(format!("{symbol} on {mic} cannot follow itself"));
    }
    Ok([&new_id.to_string(), id, kind, day, successor].map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terms_of_an_option_stand_in_its_symbol() {
        let ids = HashMap::from([("AAPL", "7")]);
        let terms = option_terms("AAPL  240119C00190500", "100", &ids).expect("terms");
        assert_eq!(terms, ["7", "CALL", "190.5", "100", "2024-01-19"]);
        assert!(option_terms("MSFT  240119C00190500", "100", &ids).expect_err("no underlying").contains("MSFT"));
        assert!(option_terms("AAPL", "100", &ids).expect_err("no symbol").contains("AAPL"));
    }

    #[test]
    fn what_is_broken_in_a_row_is_named() {
        let mut row: Vec<String> = vec![String::new(); LISTED.len()];
        row[7] = "US0378331006".to_owned();
        row[9] = "BBG000B9XRY4".to_owned();
        assert_eq!(listed(&row, Uuid::nil()).broken, "ISIN");
        row.pop();
        assert_eq!(listed(&row, Uuid::nil()).broken, "COLUMNS");
    }

    #[test]
    fn reference_tables_have_their_columns() {
        assert!(rows_of(MARKETS).len() > 60 && rows_of(MARKETS).iter().all(|row| row.len() == 5));
        assert!(rows_of(COUNTRIES).len() > 100 && rows_of(COUNTRIES).iter().all(|row| row[1].len() == 2));
        assert!(rows_of(CURRENCIES).iter().all(|row| row.len() == 4));
    }
}
