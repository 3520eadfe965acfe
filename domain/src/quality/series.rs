//! A price series as it was delivered: rows with everything that vendors give, nothing corrected.

use chrono::{NaiveDate, NaiveDateTime};
use rust_decimal::Decimal;

/// When a row is of: a session's day, or an instant within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// The day in the exchange's own time.
    pub date: NaiveDate,
    /// The instant in UTC, where rows are of less than a day.
    pub utc: Option<NaiveDateTime>,
}

/// One delivered row. `None` is a field that was left empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The line of the file, for whoever looks it up; 0 where there was none.
    pub line: u64,
    /// When it is of.
    pub at: Moment,
    /// First price.
    pub open: Option<Decimal>,
    /// Highest price.
    pub high: Option<Decimal>,
    /// Lowest price.
    pub low: Option<Decimal>,
    /// Last price.
    pub close: Option<Decimal>,
    /// The close adjusted for splits and distributions. Vendors compute it in binary floating point, and a faulty one
    /// leaves what a decimal can hold: infinite, or 10³⁸.
    pub adjusted_close: Option<f64>,
    /// Units traded.
    pub volume: Option<Decimal>,
    /// Currency or unit of the prices as written: `GBX` and `GBp` are no ISO codes and occur.
    pub currency: Option<String>,
    /// Cash distributed per unit on this ex-date.
    pub dividend: Option<Decimal>,
    /// New units for an old one from this day on.
    pub split: Option<Decimal>,
    /// Capital gains distributed per unit on this ex-date (funds).
    pub capital_gain: Option<Decimal>,
}

impl Row {
    /// A row without any figure.
    #[must_use]
    pub fn empty(at: Moment) -> Self {
        Self {
            line: 0,
            at,
            open: None,
            high: None,
            low: None,
            close: None,
            adjusted_close: None,
            volume: None,
            currency: None,
            dividend: None,
            split: None,
            capital_gain: None,
        }
    }
}

/// The rows of one instrument, ascending by moment; rows of one moment stay in the order of delivery.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeliveredSeries {
    rows: Vec<Row>,
}

impl DeliveredSeries {
    /// A series from rows in any order: some vendors deliver the latest first.
    #[must_use]
    pub fn new(mut rows: Vec<Row>) -> Self {
        rows.sort_by_key(|row| row.at);
        Self { rows }
    }

    /// The rows, ascending.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}
