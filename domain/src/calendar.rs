//! When a market trades.

use chrono::{DateTime, Days, NaiveDate, Utc};

/// A day's trading at a market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradingSession {
    /// The day, in the market's time zone.
    pub date: NaiveDate,
    /// Its first moment.
    pub opens_at: DateTime<Utc>,
    /// The first moment after it.
    pub closes_at: DateTime<Utc>,
    /// The pause in its middle, from its first moment to the first moment after it.
    pub pause: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Whether it closes earlier than the market usually does.
    pub is_early_close: bool,
    /// Whether it opens later than the market usually does.
    pub is_late_open: bool,
}

/// A market at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketState {
    /// Whether it trades.
    pub is_open: bool,
    /// When it next begins to trade, after a pause too; `None` where the calendar does not say.
    pub next_open: Option<DateTime<Utc>>,
    /// When its session, or the next one, ends; a pause is not its end.
    pub next_close: DateTime<Utc>,
}

impl TradingSession {
    fn trades_at(&self, moment: DateTime<Utc>) -> bool {
        let pauses = self.pause.is_some_and(|(from, until)| from <= moment && moment < until);
        self.opens_at <= moment && moment < self.closes_at && !pauses
    }

    /// The moments at which it begins to trade.
    fn openings(&self) -> impl Iterator<Item = DateTime<Utc>> + use<> {
        std::iter::once(self.opens_at).chain(self.pause.map(|(_, until)| until))
    }
}

impl MarketState {
    /// What the sessions say, in order, of those that end after `moment` at least the first two; `None` where none does: the
    /// calendar does not reach that far.
    pub fn at(moment: DateTime<Utc>, sessions: &[TradingSession]) -> Option<Self> {
        let ahead = sessions.iter().skip_while(|session| session.closes_at <= moment);
        let next = ahead.clone().next()?;
        Some(Self {
            is_open: next.trades_at(moment),
            next_open: ahead.flat_map(TradingSession::openings).find(|opening| *opening > moment),
            next_close: next.closes_at,
        })
    }
}

/// The days on which a market does business.
#[derive(Clone, Copy, Debug)]
pub enum BusinessDays<'a> {
    /// Every day, of a market that never closes.
    Every,
    /// These, ascending. Nothing is known of days before the first and after the last.
    Sessions(&'a [NaiveDate]),
}

/// What a day is at a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayKind {
    /// It trades.
    Session,
    /// It does not, though on this day of the week it mostly does.
    Holiday,
    /// On this day of the week it does not trade.
    Weekend,
}

/// How many weeks before and after a day tell whether its day of the week is one of trading: few enough for a market that moves
/// its week-end, and enough for a feast of two weeks.
const WEEKS_AROUND: u64 = 4;

impl BusinessDays<'_> {
    /// What a day is; nothing where that is not known. A day without trading is a holiday if on most of the same days of the weeks
    /// around it there is trading.
    pub fn kind(self, day: NaiveDate) -> Option<DayKind> {
        if self.contains(day)? {
            return Some(DayKind::Session);
        }
        let around = (1..=WEEKS_AROUND).flat_map(|weeks| {
            let days = Days::new(7 * weeks);
            [day.checked_sub_days(days), day.checked_add_days(days)]
        });
        let known: Vec<bool> = around.flatten().filter_map(|day| self.contains(day)).collect();
        let trading = known.iter().filter(|trades| **trades).count();
        Some(if 2 * trading > known.len() { DayKind::Holiday } else { DayKind::Weekend })
    }

    fn known(sessions: &[NaiveDate], day: NaiveDate) -> Option<()> {
        let (first, last) = (sessions.first()?, sessions.last()?);
        (*first <= day && day <= *last).then_some(())
    }

    /// Whether a day is one; nothing where that is not known.
    pub fn contains(self, day: NaiveDate) -> Option<bool> {
        match self {
            Self::Every => Some(true),
            Self::Sessions(sessions) => {
                Self::known(sessions, day)?;
                Some(sessions.binary_search(&day).is_ok())
            }
        }
    }

    /// How many there are from one day to another, both included; nothing where that is not known. None where the range is empty.
    pub fn between(self, from: NaiveDate, to: NaiveDate) -> Option<u64> {
        if to < from {
            return Some(0);
        }
        match self {
            Self::Every => u64::try_from((to - from).num_days() + 1).ok(),
            Self::Sessions(sessions) => {
                Self::known(sessions, from)?;
                Self::known(sessions, to)?;
                let until = |day: NaiveDate| sessions.partition_point(|session| *session <= day);
                let before = sessions.partition_point(|session| *session < from);
                u64::try_from(until(to) - before).ok()
            }
        }
    }

    /// The `n`th after a day, or before it where `n` is below zero; the day itself where `n` is zero and it is one, else the next.
    /// Nothing where that is not known.
    pub fn step(self, day: NaiveDate, n: i32) -> Option<NaiveDate> {
        match self {
            Self::Every if n < 0 => day.checked_sub_days(Days::new(n.unsigned_abs().into())),
            Self::Every => day.checked_add_days(Days::new(n.unsigned_abs().into())),
            Self::Sessions(sessions) => {
                Self::known(sessions, day)?;
                let at = match n {
                    1.. => {
                        sessions.partition_point(|session| *session <= day).checked_add(usize::try_from(n - 1).ok()?)?
                    }
                    _ => sessions
                        .partition_point(|session| *session < day)
                        .checked_sub(usize::try_from(n.unsigned_abs()).ok()?)?,
                };
                sessions.get(at).copied()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2024-03-{text}:00Z").parse().expect("a moment")
    }

    fn session(date: &str, opens: &str, closes: &str, pause: Option<(&str, &str)>) -> TradingSession {
        TradingSession {
            date: format!("2024-03-{date}").parse().expect("a day"),
            opens_at: at(opens),
            closes_at: at(closes),
            pause: pause.map(|(from, until)| (at(from), at(until))),
            is_early_close: false,
            is_late_open: false,
        }
    }

    #[test]
    fn a_market_opens_pauses_and_closes_until_the_calendar_ends() {
        let sessions = [
            session("07", "07T00:00", "07T06:00", Some(("07T02:30", "07T03:30"))),
            // A Friday, and the Monday after it.
            session("08", "08T00:00", "08T06:00", None),
            session("11", "11T00:00", "11T06:00", None),
        ];
        for (moment, is_open, next_open, next_close) in [
            ("06T23:59", false, Some("07T00:00"), "07T06:00"),
            ("07T00:00", true, Some("07T03:30"), "07T06:00"),
            ("07T02:30", false, Some("07T03:30"), "07T06:00"),
            ("07T03:30", true, Some("08T00:00"), "07T06:00"),
            ("07T06:00", false, Some("08T00:00"), "08T06:00"),
            ("09T12:00", false, Some("11T00:00"), "11T06:00"),
            ("11T01:00", true, None, "11T06:00"),
        ] {
            let expected = MarketState { is_open, next_open: next_open.map(at), next_close: at(next_close) };
            assert_eq!(MarketState::at(at(moment), &sessions), Some(expected), "{moment}");
        }
        assert_eq!(MarketState::at(at("11T06:00"), &sessions), None);
        assert_eq!(MarketState::at(at("11T06:00"), &[]), None);
    }

    #[test]
    fn business_days_are_counted_as_far_as_the_calendar_reaches() {
        let day = |text: &str| -> NaiveDate { format!("2024-03-{text}").parse().expect("a day") };
        // Friday the 29th of March 2024 was Good Friday.
        let sessions = ["25", "26", "27", "28"].map(day);
        let days = BusinessDays::Sessions(&sessions);
        assert_eq!([days.contains(day("26")), days.contains(day("29"))], [Some(true), None]);
        assert_eq!(days.between(day("25"), day("28")), Some(4));
        assert_eq!((days.between(day("26"), day("25")), days.between(day("24"), day("26"))), (Some(0), None));
        assert_eq!((days.step(day("25"), 2), days.step(day("27"), -2)), (Some(day("27")), Some(day("25"))));
        assert_eq!(
            (days.step(day("27"), 2), days.step(day("26"), -2), days.step(day("26"), 0)),
            (None, None, Some(day("26")))
        );
        let gap = [day("22"), day("25")];
        let gap = BusinessDays::Sessions(&gap);
        assert_eq!((gap.contains(day("23")), gap.between(day("22"), day("24"))), (Some(false), Some(1)));
        assert_eq!(
            (gap.step(day("23"), 1), gap.step(day("23"), 0), gap.step(day("23"), -1)),
            (Some(day("25")), Some(day("25")), Some(day("22")))
        );
        assert_eq!(BusinessDays::Sessions(&[]).contains(day("25")), None);
        assert_eq!(BusinessDays::Every.between(day("23"), day("24")), Some(2));
        assert_eq!(
            (BusinessDays::Every.step(day("23"), 1), BusinessDays::Every.step(day("23"), -2)),
            (Some(day("24")), Some(day("21")))
        );
    }
}
