//! What takes the cells of rows, one after another.

use std::fmt::Display;

/// Takes cells in the order of the columns.
pub trait RowSink {
    /// Adds a cell.
    fn cell(&mut self, value: impl Display) -> &mut Self;

    /// Adds a cell, or NULL.
    fn optional(&mut self, value: Option<impl Display>) -> &mut Self;
}
