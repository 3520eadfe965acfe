//! The rows of an answer, whether it is CSV or JSON, and the cells that the configuration names.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::super::ProviderError;
use super::super::client::Reply;
use super::super::json::{self, Raw, unreadable};
use super::super::table::Table;
use crate::config::{AnswerFormat, ReaderConfig};

/// Cells by the name that the configuration has for them.
pub(super) struct Rows {
    rows: Vec<HashMap<String, String>>,
    date: String,
    date_format: String,
    decimal_comma: bool,
}

impl Rows {
    pub(super) fn read(reply: &Reply, config: &ReaderConfig) -> Result<Self, ProviderError> {
        let names = names(config);
        let rows = match config.format {
            AnswerFormat::Csv => of_table(reply.text()?, config, &names)?,
            AnswerFormat::Json => of_document(reply, config, &names)?,
        };
        Ok(Self {
            rows,
            date: config.columns.date.clone(),
            date_format: config.date_format.clone(),
            decimal_comma: config.decimal_comma,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The text of a cell; empty where the configuration names none.
    pub(super) fn text(&self, at: usize, column: Option<&str>) -> Result<String, ProviderError> {
        let Some(column) = column else { return Ok(String::new()) };
        let cell = self.rows.get(at).and_then(|row| row.get(column));
        cell.cloned().ok_or_else(|| unreadable(&format!("`{column}` in row {}", at + 1), "nothing"))
    }

    /// A number with a decimal point; what is none stays as it is.
    pub(super) fn number(&self, at: usize, column: Option<&str>) -> Result<String, ProviderError> {
        let text = self.text(at, column)?;
        Ok(if self.decimal_comma { text.replace(['.', ' ', '\u{a0}'], "").replace(',', ".") } else { text })
    }

    /// The day as `YYYY-MM-DD`; what is none stays as it is.
    pub(super) fn day(&self, at: usize) -> Result<String, ProviderError> {
        let text = self.text(at, Some(&self.date))?;
        Ok(NaiveDate::parse_from_str(&text, &self.date_format).map_or(text, |day| day.to_string()))
    }
}

fn names(config: &ReaderConfig) -> Vec<&str> {
    let columns = &config.columns;
    let optional = [
        &columns.symbol,
        &columns.open,
        &columns.high,
        &columns.low,
        &columns.close,
        &columns.adjusted_close,
        &columns.volume,
        &columns.currency,
        &columns.base,
        &columns.quote,
        &columns.value,
    ];
    let optional = optional.into_iter().filter_map(Option::as_deref);
    std::iter::once(columns.date.as_str()).chain(optional).collect()
}

fn of_table(text: &str, config: &ReaderConfig, names: &[&str]) -> Result<Vec<HashMap<String, String>>, ProviderError> {
    let delimiter = u8::try_from(config.delimiter).unwrap_or(b',');
    let table = Table::read(text, delimiter, "a table of the columns that are configured")?;
    let columns: Result<Vec<_>, _> = names.iter().map(|name| Ok((*name, table.column(name)?))).collect();
    let columns = columns?;
    let row = |record: &csv::StringRecord| {
        let cell = |(name, column): &(&str, usize)| ((*name).to_owned(), super::super::table::cell(record, *column));
        columns.iter().map(cell).collect()
    };
    Ok(table.records().iter().map(row).collect())
}

fn of_document(
    reply: &Reply,
    config: &ReaderConfig,
    names: &[&str],
) -> Result<Vec<HashMap<String, String>>, ProviderError> {
    let document: Raw<'_> = json::document(reply, "a JSON document")?;
    let expected = format!("an array at `{}`", config.rows);
    let array = json::at(document, &config.rows).ok_or_else(|| unreadable(&expected, "nothing"))?;
    let elements: Vec<Raw<'_>> = serde_json::from_str(array.get()).map_err(|_| unreadable(&expected, array.get()))?;
    let row = |(at, element): (usize, Raw<'_>)| {
        let cell = |name: &&str| {
            let pointer = if name.starts_with('/') { (*name).to_owned() } else { format!("/{name}") };
            let found = json::at(element, &pointer)
                .ok_or_else(|| unreadable(&format!("`{name}` in row {}", at + 1), "nothing"))?;
            Ok(((*name).to_owned(), json::cell(found, name)?))
        };
        names.iter().map(cell).collect()
    };
    elements.into_iter().enumerate().map(row).collect()
}
