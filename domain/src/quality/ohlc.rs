//! Open, high, low and close of a row against each other.

use super::bars::{Bar, Bars};
use super::finding::{Finding, Kind, Severity};

/// Vendors round the four prices apart and adjust them apart for splits: a thousandth of the price means nothing.
const ROUNDING: f64 = 0.001;

/// Up to here an open or close outside of the range is seen in sound series: it comes from an auction or is a mid-quote,
/// while high and low are of continuous trading.
const OTHER_VENUE: f64 = 0.05;

pub(super) fn check(bars: &Bars, explained: &[usize]) -> Vec<Finding> {
    let open = bars.bars.iter().filter(|bar| explained.binary_search(&bar.row).is_err());
    open.filter_map(inconsistent).collect()
}

fn inconsistent(bar: &Bar) -> Option<Finding> {
    let (high, low) = (bar.high?, bar.low?);
    let crossed = low / high - 1.0;
    // By how much of the price the open or close lies beyond the high or the low.
    let excess = [bar.open, Some(bar.close)]
        .into_iter()
        .flatten()
        .map(|price| (price / high).max(low / price) - 1.0)
        .fold(0.0, f64::max);
    let (severity, size, says) = if crossed > ROUNDING {
        (Severity::Warning, crossed, "The high is below the low")
    } else if excess > OTHER_VENUE {
        (Severity::Warning, excess, "The open or close lies far outside of low and high")
    } else if excess > ROUNDING {
        (Severity::Info, excess, "The open or close lies outside of low and high")
    } else {
        return None;
    };
    let finding = Finding::of_bar(Kind::OhlcInconsistent, severity, bar).figure("open", bar.open.unwrap_or(f64::NAN));
    let finding = finding.figure("high", high).figure("low", low).figure("close", bar.close);
    Some(finding.figure("excess", size).because(format!("{says} by {:.2} %.", 100.0 * size)))
}
