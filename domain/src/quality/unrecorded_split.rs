//! Steps of a split's ratio where no split is recorded.

use super::bars::{Bar, Bars};
use super::finding::{Finding, Kind, Severity};
use super::statistics::median;

/// Ratios that companies choose. 3:2 is left out: a loss of a third is met too often.
const RATIOS: [f64; 10] = [2.0, 3.0, 4.0, 5.0, 8.0, 10.0, 15.0, 20.0, 25.0, 50.0];

/// How far the step may be from the ratio: what a share moves on a day without news.
const TOLERANCE: f64 = 0.04;

/// Of the step's logarithm, how much the rows' own ranges may be: a split happens overnight, a crash in trading.
const LARGEST_RANGE: f64 = 0.2;

/// A split leaves the value that is traded as it was (or the units, where the vendor has adjusted those), and a crash
/// multiplies both.
const LARGEST_TURNOVER: f64 = 4.0;

/// Rows before whose turnover is the usual one.
const TURNOVER_ROWS: usize = 20;

/// Without volumes only ratios from here on are believed: prices halve for other reasons.
const LEAST_RATIO_WITHOUT_VOLUME: f64 = 3.0;

/// Rows around a recorded split that are left to its own check, and rows in which a step may come back (an outlier).
const ROWS_AROUND: usize = 20;
const ROWS_BACK: usize = 5;

pub(super) fn check(bars: &Bars, explained: &[usize]) -> Vec<Finding> {
    (1..bars.bars.len()).filter_map(|i| at(bars, explained, i)).collect()
}

fn at(bars: &Bars, explained: &[usize], i: usize) -> Option<Finding> {
    let all = &bars.bars;
    let (before, after) = (&all[i - 1], &all[i]);
    let step = Bars::log_step(before, after);
    let ratio = RATIOS.into_iter().find(|ratio| (step.abs() - ratio.ln()).abs() <= TOLERANCE)?;
    let known = [before.row, after.row].iter().any(|row| explained.binary_search(row).is_ok());
    let recorded = &all[i.saturating_sub(ROWS_AROUND)..all.len().min(i + ROWS_AROUND)];
    let recorded = recorded.iter().any(|bar| (bar.split - 1.0).abs() > f64::EPSILON);
    // A distribution takes its amount out of the price whether or not the adjusted close knows.
    let paid = ((after.close + after.dividend + after.gain) / before.close).ln().abs() < 0.5 * step.abs();
    // What jumps and comes back is an outlier, and neither way is a split.
    let is_near = |bar: &Bar, close: f64| (bar.close / close).ln().abs() < 0.5 * step.abs();
    let comes_back = all[i + 1..all.len().min(i + 1 + ROWS_BACK)].iter().any(|bar| is_near(bar, before.close))
        || all[i.saturating_sub(ROWS_BACK)..i].iter().any(|bar| is_near(bar, after.close));
    if known || recorded || paid || comes_back || !overnight(before, after, step) {
        return None;
    }
    match turnover(all, i) {
        Some(times) if times > LARGEST_TURNOVER => return None,
        None if ratio < LEAST_RATIO_WITHOUT_VOLUME => return None,
        _ => {}
    }
    let split = if step < 0.0 { format!("{ratio}:1") } else { format!("1:{ratio}") };
    let says = format!(
        "The price steps from {} to {} overnight, as a split of {split} makes it, and none is recorded.",
        before.close, after.close
    );
    let finding = Finding::of_bar(Kind::SplitWrong, Severity::Warning, after).figure("close_before", before.close);
    Some(finding.figure("close", after.close).figure("ratio", (-step).exp()).because(says))
}

fn overnight(before: &Bar, after: &Bar, step: f64) -> bool {
    let calm = |bar: &Bar| (bar.highest() / bar.lowest()).ln() <= LARGEST_RANGE * step.abs();
    calm(before) && calm(after)
}

/// What is traded on the row as a multiple of what is usual, where volumes are given.
fn turnover(all: &[Bar], i: usize) -> Option<f64> {
    let before = &all[i.saturating_sub(TURNOVER_ROWS)..i];
    let times = |traded: fn(&Bar) -> f64| {
        let usual = median(before.iter().map(traded)).filter(|usual| *usual > 0.0)?;
        Some(traded(&all[i]) / usual)
    };
    Some(times(|bar| bar.close * bar.volume)?.min(times(|bar| bar.volume)?))
}
