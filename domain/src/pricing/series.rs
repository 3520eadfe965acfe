//! Dated observations as two columns, read as of a day.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Certainty, MaxAge, MissingReason, Status};

/// Observations by day: strictly ascending dates and as many values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    dates: Vec<NaiveDate>,
    values: Vec<Decimal>,
    /// The days whose observation is not final, ascending: few, most often none.
    uncertain: Vec<(NaiveDate, Certainty)>,
}

/// The columns are no series.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeriesError {
    /// The columns differ in length.
    #[error("{dates} dates stand beside {values} values")]
    Lengths {
        /// Length of the column of dates.
        dates: usize,
        /// Length of the column of values.
        values: usize,
    },
    /// A date is not after the one before it.
    #[error("{date} follows {previous}: dates must ascend and not repeat")]
    NotAscending {
        /// The date that comes first.
        previous: NaiveDate,
        /// The date that should be later.
        date: NaiveDate,
    },
}

/// What a series knows about a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// There is a value.
    Known {
        /// The value observed.
        value: Decimal,
        /// The day of the observation: never after the day asked for.
        date: NaiveDate,
        /// Whether it is of the day.
        status: Status,
        /// Whether it is final.
        certainty: Certainty,
    },
    /// There is none.
    Missing {
        /// Why not.
        reason: MissingReason,
    },
}

impl Lookup {
    /// The value, where there is one.
    pub fn value(self) -> Option<Decimal> {
        match self {
            Self::Known { value, .. } => Some(value),
            Self::Missing { .. } => None,
        }
    }
}

impl Series {
    /// Takes the two columns.
    ///
    /// # Errors
    /// [`SeriesError`] unless they are of one length and the dates ascend without repeating.
    pub fn new(dates: Vec<NaiveDate>, values: Vec<Decimal>) -> Result<Self, SeriesError> {
        if dates.len() != values.len() {
            return Err(SeriesError::Lengths { dates: dates.len(), values: values.len() });
        }
        for (&previous, &date) in dates.iter().zip(dates.iter().skip(1)) {
            if date <= previous {
                return Err(SeriesError::NotAscending { previous, date });
            }
        }
        Ok(Self { dates, values, uncertain: Vec::new() })
    }

    /// The same with the days named whose observation is not final, in any order.
    #[must_use]
    pub fn uncertain_on(mut self, mut days: Vec<(NaiveDate, Certainty)>) -> Self {
        days.retain(|(_, certainty)| *certainty != Certainty::Final);
        days.sort_unstable();
        self.uncertain = days;
        self
    }

    /// The days whose observation is not final, ascending.
    pub fn uncertain(&self) -> &[(NaiveDate, Certainty)] {
        &self.uncertain
    }

    /// How certain the observation of a day is; final where there is none.
    #[inline]
    pub fn certainty(&self, date: NaiveDate) -> Certainty {
        if self.uncertain.is_empty() {
            return Certainty::Final;
        }
        let at = self.uncertain.binary_search_by_key(&date, |(day, _)| *day);
        at.ok().and_then(|at| self.uncertain.get(at)).map_or(Certainty::Final, |(_, certainty)| *certainty)
    }

    /// The column of dates, ascending.
    pub fn dates(&self) -> &[NaiveDate] {
        &self.dates
    }

    /// The column of values, beside [`Series::dates`].
    pub fn values(&self) -> &[Decimal] {
        &self.values
    }

    /// The last observation on or before `date`, if it is not older than `max_age`.
    pub fn as_of(&self, date: NaiveDate, max_age: MaxAge<'_>) -> Lookup {
        self.cursor(max_age).as_of(date)
    }

    /// A reader for many days: ascending days cost one step each, any other order a binary search.
    pub fn cursor<'a>(&'a self, max_age: MaxAge<'a>) -> Cursor<'a> {
        Cursor { series: self, max_age, passed: 0 }
    }

    fn at(&self, position: usize) -> Option<(NaiveDate, Decimal)> {
        Some((*self.dates.get(position)?, *self.values.get(position)?))
    }
}

/// A place in a series, moved forward by ascending days.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    series: &'a Series,
    max_age: MaxAge<'a>,
    /// How many observations are on or before the last day asked for.
    passed: usize,
}

/// Steps that are tried one by one before a binary search is cheaper.
const WALK: usize = 8;

impl Cursor<'_> {
    /// As [`Series::as_of`].
    #[inline]
    pub fn as_of(&mut self, date: NaiveDate) -> Lookup {
        self.seek(date);
        let Some((observed, value)) = self.passed.checked_sub(1).and_then(|at| self.series.at(at)) else {
            let reason = match self.series.dates.first() {
                Some(&first_date) => MissingReason::NotYet { first_date },
                None => MissingReason::NoData,
            };
            return Lookup::Missing { reason };
        };
        match self.max_age.status(observed, date) {
            Ok(status) => Lookup::Known { value, date: observed, status, certainty: self.series.certainty(observed) },
            Err(reason) => Lookup::Missing { reason },
        }
    }

    #[inline]
    fn seek(&mut self, date: NaiveDate) {
        let dates = &self.series.dates;
        let is_past = |at: usize| dates.get(at).is_some_and(|observed| *observed <= date);
        let goes_back = self.passed.checked_sub(1).is_some_and(|at| !is_past(at));
        if !goes_back {
            for _ in 0..WALK {
                if !is_past(self.passed) {
                    return;
                }
                self.passed += 1;
            }
        }
        self.passed = dates.partition_point(|observed| *observed <= date);
    }
}
