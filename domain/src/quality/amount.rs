//! Amounts of dividends against the price: what it is worth, and what it falls by on the ex-date.

use super::bars::{Bar, Bars, days};
use super::finding::{Finding, Kind, Severity};
use super::statistics::{median, robust_sigma};

/// From this yield of a single distribution on the price must show it. A hundred times an ordinary dividend lies above.
const LARGE_YIELD: f64 = 0.1;

/// How many robust deviations of a day that yield has to be, for the fall to be told from noise.
const LARGE_SIGMAS: f64 = 4.0;

/// The part of the amount that the lowest price must have fallen by; the market may have risen on the day.
const LEAST_FALL: f64 = 0.5;

/// Days from the ex-date in which the fall is looked for: a thinly traded share is next traded days later.
const FALL_DAYS: i32 = 4;

/// The yield up to which a dividend is suspiciously small: a hundredth of an ordinary one.
const SMALL_YIELD: f64 = 0.001;

/// The yields that a hundred times such a dividend would have.
const ORDINARY_YIELDS: std::ops::RangeInclusive<f64> = 0.003..=0.1;

/// Deviations by which the openings must fall more than the small amounts explain. Two suffice, since dividends of next to
/// nothing are suspicious before the price is asked.
const SMALL_SIGMAS: f64 = 2.0;

/// Small dividends that are believed to be one fault together.
const LEAST_SMALL: usize = 3;

/// How far a hundred times a single small dividend may be from the series' ordinary one.
const LIKE_OTHERS: std::ops::RangeInclusive<f64> = 0.5..=2.0;

pub(super) fn check(bars: &Bars) -> Vec<Finding> {
    let mut findings: Vec<Finding> = (1..bars.bars.len()).filter_map(|i| too_large(bars, i)).collect();
    findings.extend(too_small(bars));
    findings
}

/// A dividend that is a large part of the price, which does not fall by it.
fn too_large(bars: &Bars, i: usize) -> Option<Finding> {
    let all = &bars.bars;
    let (bar, before) = (&all[i], all[i - 1].close);
    // Amounts are per unit after a split of the same day; the close before may be as traded or adjusted, so the larger.
    let part = bar.dividend / before.max(before / bar.split);
    if part < LARGE_YIELD.max(LARGE_SIGMAS * bars.sigma) {
        return None;
    }
    let reaches = |(j, other): &(usize, &Bar)| *j <= i + 1 || days(bar.date, other.date) <= FALL_DAYS;
    let window: Vec<&Bar> = all.iter().enumerate().skip(i).take_while(reaches).map(|(_, bar)| bar).collect();
    let lowest = window.iter().map(|bar| bar.lowest()).fold(f64::INFINITY, f64::min);
    // A price that is only repeated says nothing of the dividend.
    let traded = window.iter().any(|bar| bar.volume > 0.0 || bar.close.to_bits() != before.to_bits());
    let fall = 1.0 - lowest / before;
    let says = if part >= 1.0 {
        format!("The dividend of {} is more than the price of {before} that it is paid out of.", bar.dividend)
    } else if traded && fall < LEAST_FALL * part {
        format!(
            "The dividend of {} is {:.0} % of the price, which falls by no more than {:.1} %.",
            bar.dividend,
            100.0 * part,
            100.0 * fall.max(0.0),
        )
    } else {
        return None;
    };
    Some(
        Finding::of_bar(Kind::DividendWrong, Severity::Error, bar)
            .figure("dividend", bar.dividend)
            .figure("close_before", before)
            .figure("yield", part)
            .figure("fall", fall)
            .because(says),
    )
}

/// Dividends of next to nothing, whose openings fall as a hundred times the amounts would make them.
fn too_small(bars: &Bars) -> Vec<Finding> {
    let gap = |before: &Bar, after: &Bar| 1.0 - after.open.unwrap_or(after.close) / before.close;
    let gaps: Vec<f64> = bars.pairs().map(|(before, after)| gap(before, after)).collect();
    let sigma = robust_sigma(&gaps).max(f64::EPSILON);
    let paid: Vec<(&Bar, &Bar)> = bars.pairs().filter(|(_, bar)| bar.dividend > 0.0).collect();
    let (small, ordinary): (Vec<_>, Vec<_>) =
        paid.into_iter().partition(|(before, bar)| bar.dividend / before.close <= SMALL_YIELD);
    let usual = median(ordinary.iter().map(|(_, bar)| bar.dividend));
    let candidates: Vec<(&Bar, &Bar)> = small
        .into_iter()
        .filter(|(before, bar)| ORDINARY_YIELDS.contains(&(100.0 * bar.dividend / before.close)))
        .collect();
    // They are judged together, since a small fall is seen only in the mean. Where others tell what is ordinary, one or two
    // are judged by themselves, if a hundred times as much is like the others.
    let groups: Vec<Vec<(&Bar, &Bar)>> = if candidates.len() >= LEAST_SMALL || ordinary.is_empty() {
        vec![candidates]
    } else {
        let like_others = |bar: &Bar| usual.is_some_and(|usual| LIKE_OTHERS.contains(&(100.0 * bar.dividend / usual)));
        candidates.into_iter().filter(|(_, bar)| like_others(bar)).map(|pair| vec![pair]).collect()
    };
    groups.into_iter().filter(|group| falls_as_a_hundredfold(group, sigma, gap)).flatten().map(too_small_at).collect()
}

fn falls_as_a_hundredfold(group: &[(&Bar, &Bar)], sigma: f64, gap: impl Fn(&Bar, &Bar) -> f64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "a number of dividends")]
    let count = group.len() as f64;
    let mean =
        |value: &dyn Fn(&Bar, &Bar) -> f64| group.iter().map(|(before, bar)| value(before, bar)).sum::<f64>() / count;
    let fall = mean(&gap);
    let part = mean(&|before, bar| bar.dividend / before.close);
    (fall - part) >= SMALL_SIGMAS * sigma / count.sqrt() && LIKE_OTHERS.contains(&(fall / (100.0 * part)))
}

fn too_small_at((before, bar): (&Bar, &Bar)) -> Finding {
    let part = bar.dividend / before.close;
    Finding::of_bar(Kind::DividendWrong, Severity::Error, bar)
        .figure("dividend", bar.dividend)
        .figure("close_before", before.close)
        .figure("yield", part)
        .figure("open", bar.open.unwrap_or(bar.close))
        .because(format!(
            "The dividend of {} is {:.3} % of the price, and openings fall as a hundred times as much makes them.",
            bar.dividend,
            100.0 * part,
        ))
}
