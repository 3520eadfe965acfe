//! From when to when.

use async_graphql::{Enum, InputObject, Result};
use chrono::NaiveDate;

use crate::graphql::error::ErrorCode;
use crate::graphql::scalars::Date;
use crate::services::analytics::{Preset, Range};
use crate::services::valuation::opening_of;

/// How far a range reaches back from its last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Preset")]
pub enum RangePreset {
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

/// From when to when; since inception until `asOf` where nothing is given.
#[derive(Clone, Copy, Debug, Default, InputObject)]
pub struct RangeInput {
    /// How far back from the last day.
    preset: Option<RangePreset>,
    /// The first day, inclusive, in place of `preset`.
    from: Option<Date>,
    /// The last day, inclusive, `asOf` at the latest; `asOf` where none is given.
    to: Option<Date>,
}

impl RangeInput {
    /// The range, until `as_of` at the latest; `first` is the day of the first transaction.
    pub fn range(self, as_of: NaiveDate, first: Option<NaiveDate>) -> Result<Range> {
        let refuse = |message: String| Err(ErrorCode::BadUserInput.error(message));
        let end = self.to.map_or(as_of, |to| to.0);
        if end > as_of {
            return refuse(format!("range.to: {end} is after asOf, {as_of}"));
        }
        let opening = match (self.preset, self.from) {
            (Some(_), Some(_)) => return refuse("range: give `preset` or `from`, not both".to_owned()),
            (None, Some(Date(from))) if from > end => {
                return refuse(format!("range.from: {from} is after the last day, {end}"));
            }
            (None, Some(Date(from))) => Some(opening_of(from)),
            (preset, None) => preset.and_then(|preset| Preset::from(preset).opening(end)),
        };
        let inception = opening_of(first.unwrap_or(end).min(end));
        Ok(Range { opening: opening.unwrap_or(inception), end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn a_preset_opens_at_the_close_that_people_mean() {
        let opening = |preset, end: &str| {
            RangeInput { preset: Some(preset), from: None, to: None }.range(day(end), None).expect("a range").opening
        };
        assert_eq!(opening(RangePreset::Ytd, "2024-03-31"), day("2023-12-31"));
        assert_eq!(opening(RangePreset::Mtd, "2024-03-31"), day("2024-02-29"));
        assert_eq!(opening(RangePreset::OneMonth, "2024-03-31"), day("2024-02-29"));
        assert_eq!(opening(RangePreset::OneYear, "2024-02-29"), day("2023-02-28"));
        assert_eq!(opening(RangePreset::FiveYears, "2024-03-31"), day("2019-03-31"));
    }

    #[test]
    fn a_range_ends_at_as_of_and_begins_before_its_first_day() {
        let ask = |preset, from: Option<&str>, to: Option<&str>| {
            let date = |text: Option<&str>| text.map(|text| Date(day(text)));
            RangeInput { preset, from: date(from), to: date(to) }.range(day("2024-03-31"), Some(day("2020-05-04")))
        };
        let inception = ask(None, None, None).expect("a range");
        assert_eq!((inception.opening, inception.end), (day("2020-05-03"), day("2024-03-31")));
        assert_eq!(ask(Some(RangePreset::SinceInception), None, None).expect("a range"), inception);
        let given = ask(None, Some("2024-01-01"), Some("2024-01-31")).expect("a range");
        assert_eq!((given.opening, given.end), (day("2023-12-31"), day("2024-01-31")));
        assert!(ask(Some(RangePreset::Ytd), Some("2024-01-01"), None).is_err());
        assert!(ask(None, Some("2024-02-01"), Some("2024-01-31")).is_err());
        assert!(ask(None, None, Some("2024-04-01")).is_err());
    }
}
