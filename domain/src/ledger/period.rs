//! Rows that hold from a day until the next change.

use chrono::NaiveDate;

/// A row that is valid from a day until the day before another.
pub(super) trait Period: Clone {
    fn valid_from(&self) -> NaiveDate;
    fn set_valid_from(&mut self, date: NaiveDate);
    fn set_valid_until(&mut self, date: Option<NaiveDate>);
    /// Whether both say the same, whenever they do.
    fn says_the_same(&self, other: &Self) -> bool;
    /// Whether it says what is so before anything happened.
    fn says_nothing(&self) -> bool;
}

/// Makes `state` what holds at the end of `date` and after. Dates come in ascending order; of one day the last state stays.
///
/// There is a row for each day at whose end something else holds than at the end of the day before, and no other: rows
/// depend on what holds, not on how it came about.
pub(super) fn record<T: Period>(rows: &mut Vec<T>, state: &T, date: NaiveDate) {
    if rows.last().is_some_and(|last| last.valid_from() == date) {
        rows.pop();
    }
    match rows.last_mut() {
        Some(last) if last.says_the_same(state) => last.set_valid_until(None),
        None if state.says_nothing() => {}
        last => {
            if let Some(last) = last {
                last.set_valid_until(Some(date));
            }
            let mut row = state.clone();
            row.set_valid_from(date);
            rows.push(row);
        }
    }
}

/// Implements [`Period`] for a struct of a key, `valid_from`, `valid_until` and figures.
macro_rules! period {
    ($row:ty, [$($figure:ident),+ $(,)?]) => {
        impl super::period::Period for $row {
            fn valid_from(&self) -> chrono::NaiveDate {
                self.valid_from
            }

            fn set_valid_from(&mut self, date: chrono::NaiveDate) {
                self.valid_from = date;
            }

            fn set_valid_until(&mut self, date: Option<chrono::NaiveDate>) {
                self.valid_until = date;
            }

            fn says_the_same(&self, other: &Self) -> bool {
                $(self.$figure == other.$figure)&&+
            }

            fn says_nothing(&self) -> bool {
                $(self.$figure.is_zero())&&+
            }
        }
    };
}
pub(super) use period;
