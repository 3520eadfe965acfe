//! How far a range reaches back from its last day, where no first day is given.

use chrono::{Datelike, Months, NaiveDate};

use super::super::valuation::opening_of;
use super::Range;

/// How far a range reaches back from its last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// From the close of the last day of the month before.
    Mtd,
    /// From the close of the last day of the year before.
    Ytd,
    /// A month back, to the same day of it or its last.
    OneMonth,
    /// Three months back.
    ThreeMonths,
    /// Six months back.
    SixMonths,
    /// A year back.
    OneYear,
    /// Three years back.
    ThreeYears,
    /// Five years back.
    FiveYears,
    /// Ten years back.
    TenYears,
    /// From before the first transaction.
    SinceInception,
}

impl Preset {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Mtd,
        Self::Ytd,
        Self::OneMonth,
        Self::ThreeMonths,
        Self::SixMonths,
        Self::OneYear,
        Self::ThreeYears,
        Self::FiveYears,
        Self::TenYears,
        Self::SinceInception,
    ];

    /// As it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Mtd => "MTD",
            Self::Ytd => "YTD",
            Self::OneMonth => "ONE_MONTH",
            Self::ThreeMonths => "THREE_MONTHS",
            Self::SixMonths => "SIX_MONTHS",
            Self::OneYear => "ONE_YEAR",
            Self::ThreeYears => "THREE_YEARS",
            Self::FiveYears => "FIVE_YEARS",
            Self::TenYears => "TEN_YEARS",
            Self::SinceInception => "SINCE_INCEPTION",
        }
    }

    /// The close that it opens from; nothing for the first.
    pub fn opening(self, end: NaiveDate) -> Option<NaiveDate> {
        let first_of = |month| NaiveDate::from_ymd_opt(end.year(), month, 1).map(opening_of);
        let months = match self {
            Self::Mtd => return first_of(end.month()),
            Self::Ytd => return first_of(1),
            Self::SinceInception => return None,
            Self::OneMonth => 1,
            Self::ThreeMonths => 3,
            Self::SixMonths => 6,
            Self::OneYear => 12,
            Self::ThreeYears => 36,
            Self::FiveYears => 60,
            Self::TenYears => 120,
        };
        end.checked_sub_months(Months::new(months))
    }

    /// The range until a day; `first` is the day of the first transaction.
    pub fn range(self, end: NaiveDate, first: Option<NaiveDate>) -> Range {
        let inception = || opening_of(first.unwrap_or(end).min(end));
        Range { opening: self.opening(end).unwrap_or_else(inception), end }
    }
}
