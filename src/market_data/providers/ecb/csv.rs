//! A column a currency, a line a day, zipped: `Date, USD, JPY, …`. `N/A` is a currency that was not set on the day.

use std::io::{Cursor, Read};

use chrono::NaiveDate;
use zip::ZipArchive;

use super::rate;
use crate::market_data::delivery::RateRow;
use crate::market_data::providers::ProviderError;

/// The one file of an archive, which may not become larger than an answer may be.
pub(super) fn unzipped(archive: &[u8], limit: u64) -> Result<String, ProviderError> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).map_err(|error| unreadable(error.to_string()))?;
    if archive.len() != 1 {
        return Err(unreadable(format!("{} files in the archive", archive.len())));
    }
    let file = archive.by_index(0).map_err(|error| unreadable(error.to_string()))?;
    let mut text = String::new();
    file.take(limit + 1).read_to_string(&mut text).map_err(|error| unreadable(error.to_string()))?;
    if text.len() as u64 > limit {
        return Err(ProviderError::TooLarge { limit });
    }
    Ok(text)
}

pub(super) fn rates(text: &str) -> Result<Vec<RateRow>, ProviderError> {
    // A line ends with a comma, so the last column has neither name nor value.
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| unreadable(error.to_string()))?.clone();
    if header.get(0) != Some("Date") {
        return Err(unreadable(format!(
            "`{}`",
            header.get(0).unwrap_or_default().chars().take(40).collect::<String>()
        )));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(error.to_string()))?;
        let day = day(record.get(0).unwrap_or_default());
        let set =
            header.iter().zip(&record).skip(1).filter(|(currency, value)| !currency.is_empty() && *value != "N/A");
        rows.extend(set.map(|(currency, value)| rate(&day, currency, value)));
    }
    Ok(rows)
}

/// The history writes `2024-03-05`, the day's file `05 March 2024`.
fn day(text: &str) -> String {
    NaiveDate::parse_from_str(text, "%d %B %Y").map_or_else(|_| text.to_owned(), |day| day.to_string())
}

fn unreadable(found: impl Into<String>) -> ProviderError {
    ProviderError::unreadable("a zipped table with a column `Date`", found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_write_a_day_are_read_and_what_was_not_set_is_left_out() {
        let rows = rates("Date, USD, JPY, \n05 March 2024, 1.0849, 162.76, \n").expect("rates");
        assert_eq!(rows, [rate("2024-03-05", "USD", "1.0849"), rate("2024-03-05", "JPY", "162.76")]);
        let rows = rates("Date,USD,CYP,\n2024-03-04,1.0846,N/A,\n2007-12-31,1.4721,0.585274,\n").expect("rates");
        let expected =
            [("2024-03-04", "USD", "1.0846"), ("2007-12-31", "USD", "1.4721"), ("2007-12-31", "CYP", "0.585274")];
        assert_eq!(rows, expected.map(|(day, currency, value)| rate(day, currency, value)));
    }

    #[test]
    fn what_is_no_table_of_rates_is_refused() {
        for text in ["<html>", "Date,USD\n2024-03-04\n", "", "USD,Date\n1,2\n"] {
            assert_eq!(rates(text).expect_err("refused").code(), "UNREADABLE", "{text}");
        }
        assert_eq!(unzipped(b"<html>", 100).expect_err("refused").code(), "UNREADABLE");
    }
}
