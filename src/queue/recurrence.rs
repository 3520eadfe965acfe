//! When something recurs: a cron pattern in a time zone.
//!
//! A time of day that a change of clocks leaves out is made up for right after it, and one that it repeats counts once; what
//! recurs every few minutes or hours goes on in real time.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};

/// Times that are looked at to tell how often a pattern fires.
const LOOKED_AT: usize = 400;
/// The most missed times that are counted.
const MOST_MISSED: usize = 10_000;

/// A cron pattern in a time zone.
#[derive(Clone, Debug)]
pub struct Recurrence {
    cron: Cron,
    zone: Tz,
}

/// Why a recurrence cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecurrenceError {
    /// The pattern is none.
    #[error("\"{0}\" is no cron pattern of five fields (minute, hour, day of month, month, day of week): {1}")]
    Pattern(String, String),
    /// The zone is not known.
    #[error("\"{0}\" is no IANA time zone like Europe/Zurich")]
    Zone(String),
    /// No day to come fits the pattern.
    #[error("\"{0}\" never comes")]
    Never(String),
    /// It fires too often.
    #[error("\"{pattern}\" fires {gap_minutes} minutes apart; {least_minutes} is the least")]
    TooOften {
        /// The pattern.
        pattern: String,
        /// The shortest gap that it has.
        gap_minutes: i64,
        /// The shortest that is allowed.
        least_minutes: i64,
    },
}

/// What a schedule has come to when its time is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// How many times have passed beside the one that it was waiting for.
    pub missed: u32,
    /// The next time to come; nothing where there is none.
    pub next: Option<DateTime<Utc>>,
}

impl Recurrence {
    /// Reads a pattern of five fields and the name of a time zone.
    ///
    /// # Errors
    /// One of both is wrong.
    pub fn parse(pattern: &str, zone: &str) -> Result<Self, RecurrenceError> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let refused = |error: CronError| RecurrenceError::Pattern(pattern.to_owned(), error.to_string());
        let cron = parser.parse(pattern).map_err(refused)?;
        let zone = Tz::from_str(zone).map_err(|_| RecurrenceError::Zone(zone.to_owned()))?;
        Ok(Self { cron, zone })
    }

    /// The first time after an instant; nothing where there is none within the years that are searched.
    pub fn after(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = self.cron.find_next_occurrence(&instant.with_timezone(&self.zone), false).ok()?;
        Some(next.with_timezone(&Utc))
    }

    /// What a schedule that was to fire at `due` has come to by `now`.
    pub fn due(&self, due: DateTime<Utc>, now: DateTime<Utc>) -> Due {
        let mut missed = 0;
        let mut next = self.after(due);
        while let Some(time) = next.filter(|time| *time <= now) {
            missed += 1;
            // After months of standing still nobody needs the exact number.
            next = if missed as usize >= MOST_MISSED { self.after(now) } else { self.after(time) };
        }
        Due { missed, next }
    }

    /// Refuses a pattern that never comes, or comes more often than `least` apart from `now` on.
    ///
    /// # Errors
    /// It does.
    pub fn check(&self, least: TimeDelta, now: DateTime<Utc>) -> Result<DateTime<Utc>, RecurrenceError> {
        let pattern = self.cron.pattern.to_string();
        let first = self.after(now).ok_or_else(|| RecurrenceError::Never(pattern.clone()))?;
        let times = std::iter::successors(Some(first), |time| self.after(*time)).take(LOOKED_AT);
        let times: Vec<DateTime<Utc>> = times.collect();
        let shortest = times.windows(2).map(|pair| pair[1] - pair[0]).min();
        match shortest.filter(|gap| *gap < least) {
            Some(gap) => Err(RecurrenceError::TooOften {
                pattern,
                gap_minutes: gap.num_minutes(),
                least_minutes: least.num_minutes(),
            }),
            None => Ok(first),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn of(pattern: &str, zone: &str) -> Recurrence {
        Recurrence::parse(pattern, zone).expect("a recurrence")
    }

    /// The next times after an instant.
    fn times(pattern: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let recurrence = of(pattern, zone);
        let after = |instant: &DateTime<Utc>| recurrence.after(*instant);
        std::iter::successors(recurrence.after(at(from)), after)
            .take(count)
            .map(|time| time.format("%m-%dT%H:%M").to_string())
            .collect()
    }

    #[test]
    fn a_time_of_day_stays_the_same_on_the_clocks_of_its_zone() {
        // Zurich goes to summer time on 31 March 2024, New York on 10 March.
        let six = |zone| times("0 6 * * *", zone, "2024-03-29T12:00:00Z", 3);
        assert_eq!(six("Europe/Zurich"), ["03-30T05:00", "03-31T04:00", "04-01T04:00"]);
        assert_eq!(six("America/New_York"), ["03-30T10:00", "03-31T10:00", "04-01T10:00"]);
        assert_eq!(six("UTC"), ["03-30T06:00", "03-31T06:00", "04-01T06:00"]);
        assert_eq!(times("0 4 * * 7", "UTC", "2024-03-29T12:00:00Z", 2), ["03-31T04:00", "04-07T04:00"]);
    }

    #[test]
    fn a_time_that_does_not_exist_fires_once_right_after_the_gap_and_one_that_exists_twice_fires_once() {
        // 02:30 is missing on 31 March 2024, whose clocks go from 02:00 to 03:00 at 01:00 UTC.
        let missing = times("30 2 * * *", "Europe/Berlin", "2024-03-30T12:00:00Z", 2);
        assert_eq!(missing, ["03-31T01:00", "04-01T00:30"]);
        // 02:30 comes at 00:30 and at 01:30 UTC on 27 October 2024.
        let twice = times("30 2 * * *", "Europe/Berlin", "2024-10-26T12:00:00Z", 2);
        assert_eq!(twice, ["10-27T00:30", "10-28T01:30"]);
    }

    #[test]
    fn what_recurs_every_hour_goes_on_in_real_time_through_changes_of_clocks() {
        let hourly = times("0 * * * *", "Europe/Berlin", "2024-10-26T23:30:00Z", 4);
        assert_eq!(hourly, ["10-27T00:00", "10-27T01:00", "10-27T02:00", "10-27T03:00"]);
        let hourly = times("0 * * * *", "Europe/Berlin", "2024-03-30T23:30:00Z", 3);
        assert_eq!(hourly, ["03-31T00:00", "03-31T01:00", "03-31T02:00"]);
    }

    #[test]
    fn times_that_have_passed_are_counted_and_come_to_one() {
        let hourly = of("0 * * * *", "UTC");
        let due = at("2024-03-15T06:00:00Z");
        let found = |now: &str| {
            let Due { missed, next } = hourly.due(due, at(now));
            (missed, next.expect("a time").format("%dT%H").to_string())
        };
        assert_eq!(found("2024-03-15T06:00:00Z"), (0, "15T07".to_owned()));
        assert_eq!(found("2024-03-15T06:59:59Z"), (0, "15T07".to_owned()));
        assert_eq!(found("2024-03-15T07:00:00Z"), (1, "15T08".to_owned()));
        assert_eq!(found("2024-03-16T08:30:00Z"), (26, "16T09".to_owned()));
        let minutely = of("* * * * *", "UTC").due(due, at("2025-03-15T06:00:30Z"));
        assert_eq!((minutely.missed, minutely.next), (10_000, Some(at("2025-03-15T06:01:00Z"))));
    }

    #[test]
    fn what_is_no_pattern_no_zone_or_too_often_is_refused() {
        let refusal = |pattern: &str, zone: &str| Recurrence::parse(pattern, zone).expect_err("a refusal").to_string();
        for pattern in ["", "soon", "61 * * * *", "* * * *", "0 0 6 * * *", "* * * * * * *", "0 25 * * *"] {
            assert!(refusal(pattern, "UTC").contains("is no cron pattern"), "{pattern}");
        }
        for zone in ["", "Mars/Olympus", "Europe/zurich "] {
            assert!(refusal("0 6 * * *", zone).contains("is no IANA time zone"), "{zone}");
        }
        let now = at("2024-03-15T12:00:00Z");
        let check = |pattern: &str| of(pattern, "UTC").check(TimeDelta::minutes(15), now);
        assert_eq!(check("*/15 * * * *"), Ok(at("2024-03-15T12:15:00Z")));
        let too_often = check("0,10 6 * * *").expect_err("a refusal").to_string();
        assert!(too_often.contains("10 minutes apart; 15 is the least"), "{too_often}");
        assert!(matches!(check("0 0 30 2 *"), Err(RecurrenceError::Never(_))));
    }
}
