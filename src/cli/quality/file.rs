//! Price files as vendors and people write them, into series. What is no figure is an error with its line; what is a figure
//! and a wrong one is left to the checks.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::Path,
    str::FromStr as _,
};

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use domain::quality::{DeliveredSeries, Moment, Row};
use rust_decimal::Decimal;

/// The columns that are read, each with the names it goes by in headers, lower case with `_`.
const COLUMNS: [(Column, &[&str]); 13] = [
    (Column::Symbol, &["symbol", "ticker"]),
    (Column::Date, &["date", "datetime", "timestamp"]),
    (Column::Open, &["open"]),
    (Column::High, &["high"]),
    (Column::Low, &["low"]),
    (Column::Close, &["close"]),
    (Column::AdjustedClose, &["adj_close", "adjclose", "adjusted_close"]),
    (Column::Volume, &["volume"]),
    (Column::Currency, &["currency"]),
    (Column::Dividend, &["dividends", "dividend", "ex_dividend"]),
    (Column::Split, &["stock_splits", "splits", "split", "split_ratio"]),
    (Column::CapitalGain, &["capital_gains", "capital_gain"]),
    (Column::Mic, &["mic"]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Symbol,
    Date,
    Open,
    High,
    Low,
    Close,
    AdjustedClose,
    Volume,
    Currency,
    Dividend,
    Split,
    CapitalGain,
    Mic,
}

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error("it is no CSV file: {0}")]
    Csv(#[from] csv::Error),
    #[error("it has no column `{0}`")]
    NoColumn(&'static str),
    #[error("it holds no rows")]
    NoRows,
    #[error("line {line}: `{text}` is no {expected}")]
    Field { line: u64, text: String, expected: &'static str },
}

/// The series of a file by symbol; with an empty symbol where there is no such column.
pub(super) fn series(path: &Path) -> Result<BTreeMap<String, DeliveredSeries>, FileError> {
    read_series(open(path)?)
}

/// The sessions of an exchange, ascending.
pub(super) fn sessions(path: &Path, mic: &str) -> Result<Vec<NaiveDate>, FileError> {
    let mut table = Table::new(open(path)?, &[(Column::Mic, "mic"), (Column::Date, "date")])?;
    let mut days = Vec::new();
    while table.next()? {
        if table.text(Column::Mic) == Some(mic) {
            days.push(table.moment()?.date);
        }
    }
    if days.is_empty() {
        return Err(FileError::NoRows);
    }
    days.sort_unstable();
    days.dedup();
    Ok(days)
}

fn open(path: &Path) -> Result<Box<dyn Read>, FileError> {
    let file = File::open(path)?;
    let gzipped = path.extension().is_some_and(|extension| extension == "gz");
    Ok(if gzipped { Box::new(flate2::read::GzDecoder::new(file)) } else { Box::new(file) })
}

fn read_series(reader: impl Read) -> Result<BTreeMap<String, DeliveredSeries>, FileError> {
    let mut table = Table::new(reader, &[(Column::Date, "date"), (Column::Close, "close")])?;
    let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    while table.next()? {
        let symbol = table.text(Column::Symbol).unwrap_or_default().to_owned();
        rows.entry(symbol).or_default().push(table.row()?);
    }
    if rows.is_empty() {
        return Err(FileError::NoRows);
    }
    Ok(rows.into_iter().map(|(symbol, rows)| (symbol, DeliveredSeries::new(rows))).collect())
}

/// A CSV file and the row it stands at.
struct Table<R> {
    reader: csv::Reader<R>,
    record: csv::StringRecord,
    positions: BTreeMap<Column, usize>,
}

impl<R: Read> Table<R> {
    fn new(reader: R, required: &[(Column, &'static str)]) -> Result<Self, FileError> {
        let mut reader = csv::Reader::from_reader(reader);
        let header: Vec<String> = reader
            .headers()?
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').trim().to_lowercase().replace(' ', "_"))
            .collect();
        let position = |names: &[&str]| header.iter().position(|name| names.contains(&name.as_str()));
        let positions: BTreeMap<Column, usize> =
            COLUMNS.iter().filter_map(|(column, names)| Some((*column, position(names)?))).collect();
        match required.iter().find(|(column, _)| !positions.contains_key(column)) {
            Some((_, name)) => Err(FileError::NoColumn(name)),
            None => Ok(Self { reader, record: csv::StringRecord::new(), positions }),
        }
    }

    fn next(&mut self) -> Result<bool, FileError> {
        Ok(self.reader.read_record(&mut self.record)?)
    }

    fn line(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }

    /// The field, or `None` where it is empty or the column is not there.
    fn text(&self, column: Column) -> Option<&str> {
        let position = self.positions.get(&column)?;
        self.record.get(*position).map(str::trim).filter(|text| !text.is_empty())
    }

    fn wrong(&self, text: &str, expected: &'static str) -> FileError {
        FileError::Field { line: self.line(), text: text.to_owned(), expected }
    }

    fn decimal(&self, column: Column) -> Result<Option<Decimal>, FileError> {
        let Some(text) = self.text(column) else { return Ok(None) };
        let value = Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text));
        value.map(Some).map_err(|_| self.wrong(text, "number that a price or an amount can be"))
    }

    /// Infinite and huge values are what faulty vendors compute, and a finding; NaN is no value at all.
    fn float(&self, column: Column) -> Result<Option<f64>, FileError> {
        let Some(text) = self.text(column) else { return Ok(None) };
        let value = text.parse::<f64>().ok().filter(|value| !value.is_nan());
        value.map(Some).ok_or_else(|| self.wrong(text, "number"))
    }

    fn moment(&self) -> Result<Moment, FileError> {
        let text = self.text(Column::Date).unwrap_or_default();
        moment(text).ok_or_else(|| self.wrong(text, "date as 2022-12-28, nor with a time"))
    }

    fn row(&self) -> Result<Row, FileError> {
        Ok(Row {
            line: self.line(),
            at: self.moment()?,
            open: self.decimal(Column::Open)?,
            high: self.decimal(Column::High)?,
            low: self.decimal(Column::Low)?,
            close: self.decimal(Column::Close)?,
            adjusted_close: self.float(Column::AdjustedClose)?,
            volume: self.decimal(Column::Volume)?,
            currency: self.text(Column::Currency).map(str::to_owned),
            dividend: self.decimal(Column::Dividend)?,
            split: self.decimal(Column::Split)?,
            capital_gain: self.decimal(Column::CapitalGain)?,
        })
    }
}

/// A day, or a day with a time. Vendors write a day's row as its midnight, too.
fn moment(text: &str) -> Option<Moment> {
    if let Ok(date) = text.parse() {
        return Some(Moment { date, utc: None });
    }
    let (local, utc) = match DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%:z").or_else(|_| text.parse()) {
        Ok(instant) => (instant.naive_local(), instant.naive_utc()),
        Err(_) => {
            let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()?;
            (local, local)
        }
    };
    Some(Moment { date: local.date(), utc: Some(utc).filter(|_| local.time() != NaiveTime::MIN) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &[u8]) -> String {
        read_series(text).expect_err("no series").to_string()
    }

    #[test]
    fn columns_are_found_by_their_names_and_the_latest_row_may_come_first() {
        let text =
            "Date,Adj Close,Close,Stock Splits,Dividends\n2024-01-03,9.5,10,2.0,\n2024-01-02,-inf,1e1,0.0,0.25\n";
        let series = read_series(text.as_bytes()).expect("series");
        let rows = series[""].rows();
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [3, 2]);
        assert_eq!(rows[0].close, Some(Decimal::TEN));
        assert_eq!(rows[0].adjusted_close, Some(f64::NEG_INFINITY));
        assert_eq!((rows[1].split, rows[1].dividend, rows[1].open), (Some(Decimal::new(20, 1)), None, None));
    }

    #[test]
    fn times_are_instants_and_midnight_is_the_day() {
        let summer = moment("2024-10-25 10:00:00+01:00").expect("a time");
        assert_eq!(summer.utc.map(|utc| utc.to_string()), Some("2024-10-25 09:00:00".to_owned()));
        assert_eq!(moment("2024-10-25 00:00:00-04:00"), moment("2024-10-25"));
        assert_eq!(moment("25/10/2024"), None);
    }

    #[test]
    fn what_is_no_series_is_an_error_with_its_line() {
        assert_eq!(error(b""), "it has no column `date`");
        assert_eq!(error(b"date,close\n"), "it holds no rows");
        assert!(error(b"date,close\n2024-01-02,NaN\n").starts_with("line 2: `NaN` is no number"));
        assert!(error(b"date,close\n2024-01-02,1\n2024-01-03,9e99\n").starts_with("line 3: `9e99` is no number"));
        assert!(error(b"date,close\n2024-13-02,1\n").starts_with("line 2: `2024-13-02` is no date"));
        assert!(error(b"date,close\n2024-01-02,1,2\n").contains("line: 2"));
        assert!(error(b"date,close\n2024-01-02,\xff\n").contains("UTF-8"));
        assert!(error(b"date,close,adj_close\n2024-01-02,1,nan\n").starts_with("line 2: `nan` is no number"));
    }
}
