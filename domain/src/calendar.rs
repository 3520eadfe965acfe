//! When a market trades.

use chrono::{DateTime, NaiveDate, Utc};

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
}
