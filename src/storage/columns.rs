//! Rows as columns, for statements that insert many at once.

use std::fmt::Display;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::row_sink::RowSink;
use crate::tenancy::Column;

/// Collects rows, cell by cell, into columns. Of what type a column is, its first cell says.
pub struct Columns {
    columns: Vec<Column>,
    next: usize,
}

impl Columns {
    /// Room for rows of so many cells.
    pub fn new(width: usize) -> Self {
        Self { columns: (0..width).map(|_| Column::Text(Vec::new())).collect(), next: 0 }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        match self.columns.first() {
            Some(Column::Text(values)) => values.is_empty(),
            Some(_) => false,
            None => true,
        }
    }

    /// The columns, all of one length.
    pub fn into_columns(self) -> Vec<Column> {
        self.columns
    }

    fn column(&mut self) -> Option<&mut Column> {
        let at = self.next;
        self.next = (at + 1) % self.columns.len().max(1);
        self.columns.get_mut(at)
    }
}

/// Adds a value that is no text to the next column, which becomes one of its type by its first value.
macro_rules! push {
    ($columns:expr, $of:path, $value:expr) => {{
        match $columns.column() {
            Some($of(values)) => values.push($value),
            Some(Column::Text(values)) if !values.is_empty() => values.push($value.map(|value| value.to_string())),
            Some(column) => *column = $of(vec![$value]),
            None => {}
        }
        $columns
    }};
}

impl RowSink for Columns {
    fn cell(&mut self, value: impl Display) -> &mut Self {
        self.optional(Some(value))
    }

    fn optional(&mut self, value: Option<impl Display>) -> &mut Self {
        let value = value.map(|value| value.to_string());
        if let Some(Column::Text(values)) = self.column() {
            values.push(value);
        }
        self
    }

    fn id(&mut self, value: Uuid) -> &mut Self {
        self.optional_id(Some(value))
    }

    fn day(&mut self, value: NaiveDate) -> &mut Self {
        self.optional_day(Some(value))
    }

    fn decimal(&mut self, value: Decimal) -> &mut Self {
        self.optional_decimal(Some(value))
    }

    fn optional_id(&mut self, value: Option<Uuid>) -> &mut Self {
        push!(self, Column::Ids, value)
    }

    fn optional_day(&mut self, value: Option<NaiveDate>) -> &mut Self {
        push!(self, Column::Days, value)
    }

    fn optional_decimal(&mut self, value: Option<Decimal>) -> &mut Self {
        push!(self, Column::Numbers, value.map(|value| value.normalize()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        let mut rows = Columns::new(3);
        assert!(rows.is_empty());
        rows.cell(1).optional(None::<i32>).decimal(Decimal::new(150, 2));
        assert!(!rows.is_empty());
        rows.cell(2).cell("b").optional_decimal(None);
        let text = |text: &str| Some(text.to_owned());
        let expected = [
            Column::Text(vec![text("1"), text("2")]),
            Column::Text(vec![None, text("b")]),
            Column::Numbers(vec![Some(Decimal::new(15, 1)), None]),
        ];
        assert_eq!(rows.into_columns(), expected);
    }
}
