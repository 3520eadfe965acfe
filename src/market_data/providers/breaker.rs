//! The circuit breaker: a provider that fails repeatedly is left alone for a while.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Closed at first; open after so many failures in a row; after a while one question may try.
#[derive(Debug)]
pub(super) struct Breaker {
    most_failures: u32,
    open_for: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Duration>,
}

impl Breaker {
    pub(super) fn new(most_failures: u32, open_for: Duration) -> Self {
        Self { most_failures, open_for, state: Mutex::default() }
    }

    /// Whether a question may be asked now; otherwise how long it may not.
    ///
    /// The one that tries after a while finds the circuit open behind it, so that no second one tries before there is
    /// an answer, and none has to report that it was given up.
    pub(super) fn admit(&self, now: Duration) -> Result<(), Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.open_until {
            Some(until) if now < until => Err(until.saturating_sub(now)),
            Some(_) => {
                state.open_until = Some(now.saturating_add(self.open_for));
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Leaves the provider alone for as long as it asked.
    pub(super) fn open(&self, now: Duration, wait: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.open_until = Some(now.saturating_add(wait));
    }

    /// Notes how a question went.
    pub(super) fn record(&self, now: Duration, failed: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if failed {
            state.failures = state.failures.saturating_add(1);
            if state.failures >= self.most_failures {
                state.open_until = Some(now.saturating_add(self.open_for));
            }
        } else {
            *state = State::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_lets_one_try_after_a_while() {
        let breaker = Breaker::new(3, MINUTE);
        breaker.record(at(0), true);
        breaker.record(at(0), true);
        breaker.record(at(0), false);
        breaker.record(at(1), true);
        breaker.record(at(1), true);
        assert_eq!(breaker.admit(at(1)), Ok(()), "a success in between begins the count anew");
        breaker.record(at(1), true);
        assert_eq!(breaker.admit(at(31)), Err(at(30)));
        assert_eq!(breaker.admit(at(61)), Ok(()), "one may try");
        assert_eq!(breaker.admit(at(61)), Err(MINUTE), "and only one");
        breaker.record(at(62), true);
        assert_eq!(breaker.admit(at(63)), Err(at(59)), "it failed: open again");
        assert_eq!(breaker.admit(at(122)), Ok(()));
        breaker.record(at(123), false);
        assert_eq!(breaker.admit(at(123)), Ok(()), "it went well: closed");
    }
}
