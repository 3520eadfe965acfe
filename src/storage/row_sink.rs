//! What takes the cells of rows, one after another.

use std::fmt::Display;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

/// Takes cells in the order of the columns.
pub trait RowSink {
    /// Adds a cell.
    fn cell(&mut self, value: impl Display) -> &mut Self;

    /// Adds a cell, or NULL.
    fn optional(&mut self, value: Option<impl Display>) -> &mut Self;

    /// Adds an id.
    fn id(&mut self, value: Uuid) -> &mut Self;

    /// Adds a day.
    fn day(&mut self, value: NaiveDate) -> &mut Self;

    /// Adds a number, without zeros at its end.
    fn decimal(&mut self, value: Decimal) -> &mut Self;

    /// Adds an id, or NULL.
    fn optional_id(&mut self, value: Option<Uuid>) -> &mut Self {
        match value {
            Some(value) => self.id(value),
            None => self.optional(None::<&str>),
        }
    }

    /// Adds a day, or NULL.
    fn optional_day(&mut self, value: Option<NaiveDate>) -> &mut Self {
        match value {
            Some(value) => self.day(value),
            None => self.optional(None::<&str>),
        }
    }

    /// Adds a number, or NULL.
    fn optional_decimal(&mut self, value: Option<Decimal>) -> &mut Self {
        match value {
            Some(value) => self.decimal(value),
            None => self.optional(None::<&str>),
        }
    }
}
