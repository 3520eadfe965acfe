//! Rows as columns of text, for statements that insert many at once.

use std::fmt::Display;

use super::row_sink::RowSink;

/// Collects rows, cell by cell, into columns.
pub struct Columns {
    columns: Vec<Vec<Option<String>>>,
    next: usize,
}

impl Columns {
    /// Room for rows of so many cells.
    pub fn new(width: usize) -> Self {
        Self { columns: vec![Vec::new(); width], next: 0 }
    }

    fn push(&mut self, value: Option<String>) -> &mut Self {
        if let Some(column) = self.columns.get_mut(self.next) {
            column.push(value);
            self.next = (self.next + 1) % self.columns.len();
        }
        self
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.columns.first().is_none_or(Vec::is_empty)
    }

    /// The columns, all of one length.
    pub fn into_columns(self) -> Vec<Vec<Option<String>>> {
        self.columns
    }
}

impl RowSink for Columns {
    fn cell(&mut self, value: impl Display) -> &mut Self {
        self.push(Some(value.to_string()))
    }

    fn optional(&mut self, value: Option<impl Display>) -> &mut Self {
        self.push(value.map(|value| value.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        let mut rows = Columns::new(2);
        assert!(rows.is_empty());
        rows.cell(1).optional(None::<i32>);
        rows.cell(2).cell("b");
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(rows.into_columns(), [vec![text("1"), text("2")], vec![None, text("b")]]);
    }
}
