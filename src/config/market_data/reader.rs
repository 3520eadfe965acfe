//! Providers that the operator describes: an address with places to fill, and where in the answer what is.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::web_address;

/// `[[market_data.readers]]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReaderConfig {
    /// What it is called here, in routes and in the log.
    pub name: String,
    /// What it gives.
    pub kind: ReaderKind,
    /// Where it is asked: `{symbol}`, or `{symbols}` with several of them, `{from}` and `{to}` are filled in.
    pub url: String,
    /// The form of its answers.
    pub format: AnswerFormat,
    /// What stands between two cells.
    #[serde(default = "comma")]
    pub delimiter: char,
    /// How days are written, in the letters of strftime.
    #[serde(default = "iso_date")]
    pub date_format: String,
    /// Whether numbers are written `1.234,5`.
    #[serde(default)]
    pub decimal_comma: bool,
    /// What prices are on.
    #[serde(default)]
    pub basis: BasisName,
    /// The currency of prices where the answer has no column for it.
    pub currency: Option<String>,
    /// The priced currency of rates where the answer has no column for it.
    pub base: Option<String>,
    /// The JSON pointer of the array of rows; empty if the answer is that array.
    #[serde(default)]
    pub rows: String,
    /// Where in a row what is: names of columns, or JSON pointers.
    pub columns: ReaderColumns,
    /// The header that carries the key of `market_data.keys`.
    pub key_header: Option<String>,
    /// How many symbols one question asks for at most.
    #[serde(default = "one")]
    pub batch: u32,
    /// Whether it may be asked every minute while an exchange is open.
    #[serde(default)]
    pub intraday: bool,
    /// Requests a minute.
    #[serde(default = "often")]
    pub requests_per_minute: u32,
    /// One question with all its tries and waits.
    #[serde(default = "two_minutes")]
    pub deadline_seconds: u64,
    /// Networks that are not public and may be connected to nevertheless.
    #[serde(default)]
    pub allowed_addresses: Vec<IpNet>,
}

/// What a reader gives.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReaderKind {
    /// Prices of instruments.
    Prices,
    /// Exchange rates.
    Rates,
    /// Series of the market at large.
    Indicators,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerFormat {
    /// Lines of cells under a header.
    Csv,
    /// An array of rows somewhere in a document.
    Json,
}

/// What prices are on.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BasisName {
    /// As they were traded.
    #[default]
    Raw,
    /// Divided by the splits until today.
    SplitAdjusted,
}

/// Where in a row what is.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReaderColumns {
    /// The day.
    pub date: String,
    /// The symbol; without it every row is of the one that was asked for.
    pub symbol: Option<String>,
    /// First price.
    pub open: Option<String>,
    /// Highest price.
    pub high: Option<String>,
    /// Lowest price.
    pub low: Option<String>,
    /// Last price.
    pub close: Option<String>,
    /// The last price adjusted for splits and dividends.
    pub adjusted_close: Option<String>,
    /// Units traded.
    pub volume: Option<String>,
    /// The currency of the price.
    pub currency: Option<String>,
    /// The priced currency of a rate.
    pub base: Option<String>,
    /// The currency in which a rate is.
    pub quote: Option<String>,
    /// A rate, or the value of an indicator.
    pub value: Option<String>,
}

impl ReaderConfig {
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if let Err(problem) = web_address(&self.url) {
            problems.push(format!("url {problem}"));
        }
        let host = self.url.split('/').nth(2).unwrap_or_default();
        if host.contains('{') {
            problems.push("url has a place to fill in its host".to_owned());
        }
        if !self.delimiter.is_ascii() {
            problems.push(format!("delimiter is `{}`; it must be an ASCII character", self.delimiter));
        }
        if self.decimal_comma && self.format == AnswerFormat::Json {
            problems.push("decimal_comma is for CSV; numbers of JSON have a point".to_owned());
        }
        if !(self.rows.is_empty() || self.rows.starts_with('/')) {
            problems.push(format!("rows is `{}`; a JSON pointer begins with /", self.rows));
        }
        for (key, value, most) in [
            ("batch", u64::from(self.batch), 100_000),
            ("requests_per_minute", self.requests_per_minute.into(), 100_000),
            ("deadline_seconds", self.deadline_seconds, 3_600),
        ] {
            if value < 1 || value > most {
                problems.push(format!("{key} is {value}; it must lie between 1 and {most}"));
            }
        }
        problems.extend(self.missing().into_iter().map(|what| format!("{what} is missing")));
        problems
    }

    /// What this kind cannot be read without.
    fn missing(&self) -> Vec<&'static str> {
        let columns = &self.columns;
        let mut missing = Vec::new();
        let mut need = |there: bool, what| {
            if !there {
                missing.push(what);
            }
        };
        need(!columns.date.is_empty(), "columns.date");
        match self.kind {
            ReaderKind::Prices => {
                need(columns.close.is_some(), "columns.close");
                let several = self.batch > 1;
                need(!several || columns.symbol.is_some(), "columns.symbol, which a batch is told apart by,");
            }
            ReaderKind::Rates => {
                need(columns.value.is_some(), "columns.value");
                need(columns.quote.is_some(), "columns.quote");
                need(columns.base.is_some() || self.base.is_some(), "columns.base or base");
            }
            ReaderKind::Indicators => need(columns.value.is_some(), "columns.value"),
        }
        missing
    }
}

fn comma() -> char {
    ','
}

fn iso_date() -> String {
    "%Y-%m-%d".to_owned()
}

fn one() -> u32 {
    1
}

fn often() -> u32 {
    60
}

fn two_minutes() -> u64 {
    120
}
