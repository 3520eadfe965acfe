//! Tables of cells under a header: CSV, whatever stands between the cells.

use super::ProviderError;

/// A table with the names of its columns.
#[derive(Debug)]
pub(super) struct Table {
    header: csv::StringRecord,
    records: Vec<csv::StringRecord>,
    form: String,
}

impl Table {
    /// `form` says what should be there, for the error where it is not. A line with another number of cells than the
    /// header has is a table that broke off, or none.
    pub(super) fn read(text: &str, delimiter: u8, form: &str) -> Result<Self, ProviderError> {
        let refuse = |found: String| ProviderError::unreadable(form, found);
        if text.trim_start().starts_with('<') {
            return Err(refuse("a page of HTML".to_owned()));
        }
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| refuse(error.to_string()))?.clone();
        let records: Result<_, _> = reader.records().collect();
        let records = records.map_err(|error: csv::Error| refuse(error.to_string()))?;
        Ok(Self { header, records, form: form.to_owned() })
    }

    /// Where the column of this name is; upper and lower case are the same.
    pub(super) fn column(&self, name: &str) -> Result<usize, ProviderError> {
        let found = self.header.iter().position(|column| column.eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            let there: String = self.header.iter().collect::<Vec<_>>().join(", ").chars().take(80).collect();
            ProviderError::unreadable(format!("{}; it has a column `{name}`", self.form), format!("`{there}`"))
        })
    }

    pub(super) fn records(&self) -> &[csv::StringRecord] {
        &self.records
    }
}

/// The cell of a column that was found.
pub(super) fn cell(record: &csv::StringRecord, column: usize) -> String {
    record.get(column).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_whole_or_refused() {
        let table = Table::read("Date;Close\n2024-03-05;1,5\n", b';', "a table").expect("a table");
        let close = table.column("close").expect("a column");
        assert_eq!(table.records().iter().map(|record| cell(record, close)).collect::<Vec<_>>(), ["1,5"]);
        assert!(table.column("volume").expect_err("none").to_string().contains("`Date, Close`"));
        for text in ["Date;Close\n2024-03-05\n", "<!DOCTYPE html><html>"] {
            assert_eq!(Table::read(text, b';', "a table").expect_err("refused").code(), "UNREADABLE");
        }
    }
}
