//! Times in order, and what they say.

use std::time::Duration;

/// Times of one thing done many times.
pub(super) struct Times(Vec<Duration>);

impl Times {
    pub(super) fn new(mut times: Vec<Duration>) -> Self {
        times.sort();
        Self(times)
    }

    /// The time that this share of all runs did not exceed; zero without runs.
    pub(super) fn quantile(&self, share: f64) -> Duration {
        let rank = (share * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }

    /// `p50 … ms, p99 … ms, max … ms of n`.
    pub(super) fn summary(&self) -> String {
        format!(
            "p50 {}, p99 {}, max {} of {}",
            millis(self.quantile(0.5)),
            millis(self.quantile(0.99)),
            millis(self.quantile(1.0)),
            self.0.len()
        )
    }
}

/// A time in milliseconds.
pub(super) fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// A line of the report: what, how much, and against which limit.
pub(super) fn line(what: &str, figure: &str, limit: Option<(bool, &str)>) -> String {
    match limit {
        None => format!("{what:<44} {figure}"),
        Some((held, limit)) => format!("{what:<44} {figure}   [{} {limit}]", if held { "within" } else { "OVER" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_time_that_was_measured() {
        let times = Times::new((1..=100).rev().map(Duration::from_millis).collect());
        assert_eq!(times.quantile(0.5), Duration::from_millis(50));
        assert_eq!(times.quantile(0.99), Duration::from_millis(99));
        assert_eq!(times.quantile(1.0), Duration::from_millis(100));
        assert_eq!(Times::new(Vec::new()).quantile(0.5), Duration::ZERO);
    }
}
