//! The deepest fall of compounded wealth below its highest point so far.

use chrono::NaiveDate;

use super::DatedReturn;

/// A fall and its recovery.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawdown {
    /// W(trough) / W(peak) − 1: zero or less.
    pub depth: f64,
    /// The close of the peak; the start of the series can be one.
    pub peak: NaiveDate,
    /// The close of the lowest point after it.
    pub trough: NaiveDate,
    /// The first close at which the peak was reached again; `None` if it never was.
    pub recovery: Option<NaiveDate>,
}

/// min(W / peak − 1) over returns in ascending order, W compounded from 1 at the start of the first.
///
/// Of equal falls the first. A series that never falls has a depth of zero at its start. `None` without returns.
pub fn max_drawdown(returns: &[DatedReturn]) -> Option<Drawdown> {
    let start = returns.first()?.from;
    let mut worst = Drawdown { depth: 0.0, peak: start, trough: start, recovery: Some(start) };
    let (mut wealth, mut peak, mut peak_date) = (1.0, 1.0, start);
    let mut worst_peak = 1.0;
    // What a division need not be made for: a fall that is clearly less deep.
    let mut level = 1.0;
    for step in returns {
        wealth *= 1.0 + step.value;
        if worst.recovery.is_none() && wealth >= worst_peak {
            worst.recovery = Some(step.date);
        }
        if wealth >= peak {
            (peak, peak_date) = (wealth, step.date);
        }
        if wealth > peak * level {
            continue;
        }
        let depth = wealth / peak - 1.0;
        if depth < worst.depth {
            worst = Drawdown { depth, peak: peak_date, trough: step.date, recovery: None };
            (worst_peak, level) = (peak, (1.0 + depth) * (1.0 + 4.0 * f64::EPSILON));
        }
    }
    Some(worst)
}

impl Drawdown {
    /// Calendar days from the peak until it was reached again, or until the series ends on `end`.
    pub fn length(&self, end: NaiveDate) -> i64 {
        (self.recovery.unwrap_or(end) - self.peak).num_days()
    }
}

/// Every fall from a peak until the peak is reached again, the last one perhaps not, in the order of their peaks.
///
/// A later, higher peak ends a fall; falls never overlap, so the deepest of them is that of [`max_drawdown`].
pub fn drawdowns(returns: &[DatedReturn]) -> Vec<Drawdown> {
    let Some(start) = returns.first().map(|step| step.from) else { return Vec::new() };
    let (mut wealth, mut peak, mut peak_date) = (1.0, 1.0, start);
    let mut falls = Vec::new();
    let mut current: Option<Drawdown> = None;
    for step in returns {
        wealth *= 1.0 + step.value;
        if wealth >= peak {
            (peak, peak_date) = (wealth, step.date);
            if let Some(fall) = current.take() {
                falls.push(Drawdown { recovery: Some(step.date), ..fall });
            }
            continue;
        }
        let depth = wealth / peak - 1.0;
        let fall = current.get_or_insert(Drawdown { depth, peak: peak_date, trough: step.date, recovery: None });
        if depth < fall.depth {
            (fall.depth, fall.trough) = (depth, step.date);
        }
    }
    falls.extend(current);
    falls
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::day;

    fn steps(values: &[f64]) -> Vec<DatedReturn> {
        let days = day("2024-01-01").iter_days().zip(day("2024-01-02").iter_days());
        days.zip(values).map(|((from, date), &value)| DatedReturn { from, date, value }).collect()
    }

    #[test]
    fn finds_peak_trough_and_recovery() {
        // Wealth 1, 1.1, 0.88, 0.968, 1.21: the fall from 1.1 to 0.88 is 20 %, regained at 1.21.
        let fall = max_drawdown(&steps(&[0.1, -0.2, 0.1, 0.25])).unwrap();
        assert!((fall.depth + 0.2).abs() < 1e-12);
        assert_eq!((fall.peak, fall.trough), (day("2024-01-02"), day("2024-01-03")));
        assert_eq!(fall.recovery, Some(day("2024-01-05")));
    }

    #[test]
    fn the_start_is_a_peak_and_a_fall_may_not_recover() {
        let fall = max_drawdown(&steps(&[-0.1, -0.1])).unwrap();
        // 0.9 × 0.9 = 0.81
        assert!((fall.depth + 0.19).abs() < 1e-12);
        assert_eq!((fall.peak, fall.recovery), (day("2024-01-01"), None));
    }

    #[test]
    fn falls_come_one_after_another() {
        // Wealth 1, 0.9, 1.0, 1.1, 0.99, 0.88: a fall that is regained after two days and one that is not.
        let all = drawdowns(&steps(&[-0.1, 1.0 / 9.0 + 1e-12, 0.1, -0.1, -1.0 / 9.0]));
        let shown: Vec<_> = all.iter().map(|fall| (fall.peak, fall.trough, fall.recovery)).collect();
        let dates = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-06"].map(day);
        assert_eq!(shown, [(dates[0], dates[1], Some(dates[2])), (dates[3], dates[4], None)]);
        assert_eq!((all[0].length(dates[4]), all[1].length(dates[4])), (2, 2));
        assert!((all[1].depth + 0.2).abs() < 1e-9, "{all:?}");
        assert!(drawdowns(&[]).is_empty());
    }

    #[test]
    fn a_rise_has_no_depth() {
        let fall = max_drawdown(&steps(&[0.1, 0.1])).unwrap();
        assert_eq!((fall.depth, fall.trough), (0.0, day("2024-01-01")));
        assert_eq!(max_drawdown(&[]), None);
    }
}
