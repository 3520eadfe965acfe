//! How long an observation may stand in for a later day.

use std::fmt;

use chrono::{Datelike, NaiveDate};

/// How long an observation may stand in for later days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxAge<'a> {
    /// This many calendar days.
    Days(u32),
    /// This many sessions of an exchange. A day without a session has the last session's close as its own.
    Sessions {
        /// The age in sessions up to which an observation is used.
        n: u32,
        /// The session days, sorted. Outside the span it covers every weekday counts as a session, so that a calendar
        /// that ends too early makes prices old rather than fresh.
        calendar: &'a [NaiveDate],
    },
    /// For ever: a manual price holds until another replaces it, and is never stale.
    UntilReplaced,
    /// Not at all from a day on, since what is observed is no longer traded then. Before, and for what was observed on that day or
    /// later all the same, as the sessions, or where there is no calendar as many days.
    Ended {
        /// The first day without trading.
        on: NaiveDate,
        /// The age in sessions up to which an observation is used.
        n: u32,
        /// The session days, sorted.
        calendar: Option<&'a [NaiveDate]>,
    },
}

/// How good a known value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Of the day itself, or nothing newer could exist.
    Complete,
    /// Older than the day, within the maximum age.
    Stale {
        /// Calendar days between the observation and the day asked for.
        days: u32,
    },
}

/// Why a value is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MissingReason {
    /// There are no observations at all.
    NoData,
    /// The first observation is later than the day.
    NotYet {
        /// The day of the first observation.
        first_date: NaiveDate,
    },
    /// The last observation is older than the maximum age.
    TooOld {
        /// The day of the last observation.
        last_date: NaiveDate,
    },
    /// It is no longer traded, and nothing was observed since.
    Ended {
        /// The day of the last observation.
        last_date: NaiveDate,
        /// The first day without trading.
        on: NaiveDate,
    },
}

impl Status {
    /// Of what is published on days of T2 (formerly TARGET), as reference rates are: over a weekend, at Easter, on 1 May and at
    /// Christmas nothing newer could exist.
    pub fn by_reference_days(observed: NaiveDate, date: NaiveDate) -> Self {
        match observed.iter_days().skip(1).take_while(|day| *day <= date).any(is_reference_day) {
            false => Self::Complete,
            true => Self::Stale { days: (date - observed).num_days().try_into().unwrap_or(u32::MAX) },
        }
    }
}

impl fmt::Display for MissingReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoData => f.write_str("there is no observation"),
            Self::NotYet { first_date } => write!(f, "the first observation is of {first_date}"),
            Self::TooOld { last_date } => {
                write!(f, "the last observation is of {last_date}, too old")
            }
            Self::Ended { last_date, on } => {
                write!(f, "it is no longer traded from {on} on, the last observation is of {last_date}")
            }
        }
    }
}

impl MaxAge<'_> {
    /// What an observation of `observed` is good for on `date`, or why for nothing. `observed` is not after `date`.
    #[inline]
    pub(super) fn status(self, observed: NaiveDate, date: NaiveDate) -> Result<Status, MissingReason> {
        if observed == date { Ok(Status::Complete) } else { self.status_of_older(observed, date) }
    }

    fn status_of_older(self, observed: NaiveDate, date: NaiveDate) -> Result<Status, MissingReason> {
        let days = (date - observed).num_days().try_into().unwrap_or(u32::MAX);
        let unless_old = |is_used: bool| match is_used {
            true => Ok(Status::Stale { days }),
            false => Err(MissingReason::TooOld { last_date: observed }),
        };
        match self {
            Self::Days(n) => unless_old(days <= n),
            Self::UntilReplaced => Ok(Status::Complete),
            Self::Sessions { n, calendar } => match sessions_between(observed, date, calendar) {
                0 => Ok(Status::Complete),
                age => unless_old(age <= n as usize),
            },
            Self::Ended { on, .. } if observed < on && on <= date => {
                Err(MissingReason::Ended { last_date: observed, on })
            }
            Self::Ended { n, calendar: Some(calendar), .. } => Self::Sessions { n, calendar }.status(observed, date),
            Self::Ended { n, calendar: None, .. } => Self::Days(n).status(observed, date),
        }
    }
}

/// Whether reference rates are published: not at weekends and on the closing days of the euro's settlement system, which are the same
/// every year (European Central Bank, "Long-term calendar for TARGET closing days", 14 December 2000).
fn is_reference_day(day: NaiveDate) -> bool {
    let of_year = matches!((day.month(), day.day()), (1 | 5, 1) | (12, 25 | 26));
    let is_weekend = day.weekday().number_from_monday() > 5;
    let from_easter = easter(day.year()).map(|easter| (day - easter).num_days());
    !(of_year || is_weekend || matches!(from_easter, Some(-2 | 1)))
}

/// Easter Sunday, by the anonymous Gregorian algorithm (Meeus, *Astronomical Algorithms*, chapter 8).
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let l = (32 + 2 * e + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let month_and_day = h + l - 7 * m + 114;
    NaiveDate::from_ymd_opt(year, (month_and_day / 31).unsigned_abs(), (month_and_day % 31 + 1).unsigned_abs())
}

/// Sessions after `from`, up to and including `to`.
fn sessions_between(from: NaiveDate, to: NaiveDate, calendar: &[NaiveDate]) -> usize {
    let (Some(&first), Some(&last)) = (calendar.first(), calendar.last()) else {
        return weekdays_between(from, to);
    };
    let until = |date: NaiveDate| calendar.partition_point(|session| *session <= date);
    let before = weekdays_between(from, to.min(first.pred_opt().unwrap_or(first)));
    let after = weekdays_between(from.max(last), to);
    before + (until(to) - until(from)) + after
}

/// Mondays to Fridays after `from`, up to and including `to`; none when the span is empty.
fn weekdays_between(from: NaiveDate, to: NaiveDate) -> usize {
    // Day 1 of the common era was a Monday, so whole weeks count five and the rest of a week up to five.
    let until = |date: NaiveDate| {
        let days = date.num_days_from_ce();
        5 * days.div_euclid(7) + days.rem_euclid(7).min(5)
    };
    (until(to) - until(from)).try_into().unwrap_or(0)
}
