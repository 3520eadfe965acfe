//! Recorded splits against the prices before them.
//!
//! Two conventions are sound. Prices as traded step by the ratio on the split's day, and the adjusted close does not.
//! Prices adjusted for splits step nowhere. What is suspicious is a step of a recorded ratio anywhere else: between it
//! and the split, or between two of them, rows lack the adjustment or have it twice.

use super::bars::{Bar, Bars};
use super::finding::{Finding, Kind, Severity};
use super::statistics::median;

/// By how much of the ratio's logarithm a step may differ: what the price really moved comes on top of the split.
const TOLERANCE: f64 = 0.2;

/// A ratio must be this many robust deviations large; a smaller one cannot be told from a day's news.
const LEAST_SIGMAS: f64 = 4.0;

/// Rows before a split in which its ratio is looked for, and rows after it.
const ROWS_BEFORE: usize = 20;
const ROWS_AFTER: usize = 5;

/// From this ratio on the whole history before the split is searched: prices hardly ever move fourfold in a session.
const UNMISTAKABLE: f64 = 4.0;

/// Splits that follow each other within so many rows are also looked for as one: rows before may lack both.
const ROWS_TOGETHER: usize = 60;

/// From this ratio on the columns of a row are told apart: the range of a bad week is that of a smaller one.
const LEAST_MIXED: f64 = 1.5;

/// A row's own range must be this many times smaller than the ratio, for its columns to be on two levels.
const RANGES: f64 = 5.0;

pub(super) fn check(bars: &Bars) -> Vec<Finding> {
    let splits: Vec<usize> = (0..bars.bars.len()).filter(|&i| is_split(&bars.bars[i])).collect();
    let mut findings: Vec<Finding> = splits.iter().flat_map(|&at| of_ratio(bars, at, bars.bars[at].split)).collect();
    for pair in splits.windows(2).filter(|pair| pair[1] - pair[0] <= ROWS_TOGETHER) {
        let both = bars.bars[pair[0]].split * bars.bars[pair[1]].split;
        findings.extend(of_ratio(bars, pair[0], both));
    }
    findings
}

fn is_split(bar: &Bar) -> bool {
    (bar.split - 1.0).abs() > f64::EPSILON
}

/// Looks for steps of the ratio around the split at `at`.
fn of_ratio(bars: &Bars, at: usize, ratio: f64) -> Vec<Finding> {
    let all = &bars.bars;
    let log_ratio = ratio.ln();
    let tolerance = TOLERANCE * log_ratio.abs();
    if log_ratio.abs() - tolerance < LEAST_SIGMAS * bars.sigma {
        return Vec::new();
    }
    let unmistakable = log_ratio.abs() >= UNMISTAKABLE.ln();
    let first = if unmistakable { 0 } else { at.saturating_sub(ROWS_BEFORE) };
    let end = all.len().min(at + ROWS_AFTER + 1);
    let near = at.saturating_sub(ROWS_BEFORE);

    let mut findings = Vec::new();
    // Where the level last rose to that of unadjusted rows, on the way through the rows.
    let mut entered = None;
    for i in first + 1..end {
        let step = Bars::log_step(&all[i - 1], &all[i]);
        let falls_back = |step: f64| (step + log_ratio).abs() <= tolerance;
        if (step - log_ratio).abs() <= tolerance {
            entered = Some(i);
        } else if falls_back(step) && !as_traded(bars, i, log_ratio) {
            let rows = &all[entered.take().unwrap_or(first)..i];
            findings.extend(unadjusted(rows, &all[at], ratio));
        } else if i.abs_diff(at) <= ROWS_BEFORE && i != at && falls_back((all[i].close / all[i - 1].close).ln()) {
            // The adjusted close is continuous, so only the prices are wrong, or the day.
            let rows = &all[first.max(near)..i];
            findings.extend(if i > at {
                other_day(&all[i], &all[at], ratio)
            } else {
                unadjusted(rows, &all[at], ratio)
            });
        }
    }
    // A rise that nothing undoes: what is before it lies a second ratio too low.
    if let Some(i) = entered.filter(|&i| i >= near) {
        let finding = Finding::of_bars(Kind::SplitWrong, Severity::Error, &all[near..i]);
        let says = format!(
            "Rows before {} lie at 1/{ratio} of the level after it: the split of {} is applied to them twice, or to \
             prices that never made its step.",
            all[i].date, all[at].date,
        );
        findings.extend(finding.map(|finding| finding.figure("ratio", ratio).because(says)));
    }
    findings.extend(mixed_rows(&all[first..end], log_ratio, ratio));
    findings
}

/// Whether the step at `i` is that of prices as they were traded: on the day of a split of that ratio (a coarse row may hold
/// the day before and after) and without an adjusted close, which would have to be continuous.
fn as_traded(bars: &Bars, i: usize, log_ratio: f64) -> bool {
    let all = &bars.bars;
    let adjusted = all[i].adjusted.is_some() && all[i - 1].adjusted.is_some();
    let splits = |bar: &Bar| (bar.split.ln() - log_ratio).abs() <= TOLERANCE * log_ratio.abs();
    !adjusted && (splits(&all[i]) || (bars.coarse && splits(&all[i - 1])))
}

fn unadjusted(rows: &[Bar], split: &Bar, ratio: f64) -> Option<Finding> {
    let finding = Finding::of_bars(Kind::SplitUnadjusted, Severity::Error, rows)?;
    let says = format!(
        "{} rows lie at {ratio} times the level after them: they lack the adjustment for the split of {}.",
        rows.len(),
        split.date,
    );
    Some(finding.figure("ratio", ratio).figure("close", rows[rows.len() - 1].close).because(says))
}

fn other_day(step: &Bar, split: &Bar, ratio: f64) -> Option<Finding> {
    let says = format!("The split is recorded on {}, and the price makes its step on {}.", split.date, step.date);
    Some(Finding::of_bar(Kind::SplitWrong, Severity::Error, step).figure("ratio", ratio).because(says))
}

/// Rows in which some of the four prices have the adjustment and others lack it.
fn mixed_rows(rows: &[Bar], log_ratio: f64, ratio: f64) -> Vec<Finding> {
    let range = |bar: &Bar| (bar.highest() / bar.lowest()).ln();
    let usual = median(rows.iter().map(range)).unwrap_or_default();
    if log_ratio.abs() < LEAST_MIXED.ln().max(RANGES * usual) {
        return Vec::new();
    }
    let mixed = rows.iter().filter(|bar| (range(bar) - log_ratio.abs()).abs() <= TOLERANCE * log_ratio.abs());
    mixed
        .map(|bar| {
            Finding::of_bar(Kind::SplitWrong, Severity::Error, bar)
                .figure("ratio", ratio)
                .figure("highest", bar.highest())
                .figure("lowest", bar.lowest())
                .because("Some of open, high, low and close are adjusted for the split and others are not.")
        })
        .collect()
}
