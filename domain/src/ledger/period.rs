//! Rows that hold from a day until the next change.

use chrono::NaiveDate;

/// A row that is valid from a day until the day before another.
pub(super) trait Period: Clone {
    fn valid_from(&self) -> NaiveDate;
    fn set_valid_from(&mut self, date: NaiveDate);
    fn set_valid_until(&mut self, date: NaiveDate);
}

/// Makes `state` what holds at the end of `date` and after. Dates come in ascending order; of one day the last state stays.
pub(super) fn record<T: Period>(rows: &mut Vec<T>, state: &T, date: NaiveDate) {
    let mut row = state.clone();
    row.set_valid_from(date);
    match rows.last_mut() {
        Some(last) if last.valid_from() == date => *last = row,
        Some(last) => {
            last.set_valid_until(date);
            rows.push(row);
        }
        None => rows.push(row),
    }
}

/// Implements [`Period`] for a struct with the two fields of that name.
macro_rules! period {
    ($row:ty) => {
        impl super::period::Period for $row {
            fn valid_from(&self) -> chrono::NaiveDate {
                self.valid_from
            }

            fn set_valid_from(&mut self, date: chrono::NaiveDate) {
                self.valid_from = date;
            }

            fn set_valid_until(&mut self, date: chrono::NaiveDate) {
                self.valid_until = Some(date);
            }
        }
    };
}
pub(super) use period;
