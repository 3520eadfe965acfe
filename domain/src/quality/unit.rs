//! Unit errors: prices at a hundred times or a hundredth, where pence are taken for pounds or cents for dollars.

use super::bars::{Bar, Bars};
use super::finding::{Finding, Kind, Severity};
use super::statistics::is_factor;

/// What main and minor units differ by.
const UNIT: f64 = 100.0;

/// A ratio between 62 and 160 counts as a hundred: no share moves so far in a session, and what it really moved between
/// the rows (up to 60 %) comes on top.
const TOLERANCE: f64 = 0.47;

pub(super) fn check(bars: &Bars) -> Vec<Finding> {
    let mut findings = stretches(bars);
    findings.extend(mixed_rows(bars));
    findings
}

/// Stretches of rows between two steps of a hundred, or from one to the end.
fn stretches(bars: &Bars) -> Vec<Finding> {
    let all = &bars.bars;
    let log_unit = UNIT.ln();
    // A recorded split of about a hundred explains such a step, and its own check looks at it.
    let split = all.iter().any(|bar| is_factor(bar.split.ln(), log_unit, TOLERANCE));
    let step = |i: usize| (all[i].close / all[i - 1].close).ln();
    let steps: Vec<usize> = (1..all.len()).filter(|&i| !split && is_factor(step(i), log_unit, TOLERANCE)).collect();
    if steps.is_empty() {
        return Vec::new();
    }
    // The steps cut the series into parts of alternating level; the level of fewer rows is the suspicious one.
    let mut levels: Vec<(i32, &[Bar])> = Vec::new();
    let (mut level, mut start) = (0, 0);
    for &i in &steps {
        levels.push((level, &all[start..i]));
        level += if step(i) > 0.0 { 1 } else { -1 };
        start = i;
    }
    levels.push((level, &all[start..]));
    let rows = |level: i32| levels.iter().filter(|(at, _)| *at == level).map(|(_, part)| part.len()).sum::<usize>();
    // Of two levels with as many rows the later one is taken for right: it is what a vendor delivers now.
    let usual = levels.iter().map(|(level, _)| *level).max_by_key(|level| rows(*level)).unwrap_or_default();
    levels
        .iter()
        .filter(|(level, _)| *level != usual)
        .filter_map(|(level, part)| {
            let far = if *level > usual { "a hundred times" } else { "a hundredth of" };
            let finding = Finding::of_bars(Kind::UnitError, Severity::Error, part)?;
            Some(
                finding
                    .figure("close", part[0].close)
                    .figure("factor", UNIT.powi(level - usual))
                    .because(format!("The close of {} rows is {far} the others' level.", part.len())),
            )
        })
        .collect()
}

/// Rows in which some of the four prices are at a hundred times the others.
fn mixed_rows(bars: &Bars) -> Vec<Finding> {
    let mixed = bars.bars.iter().filter(|bar| is_factor((bar.highest() / bar.lowest()).ln(), UNIT.ln(), TOLERANCE));
    mixed
        .map(|bar| {
            Finding::of_bar(Kind::UnitError, Severity::Error, bar)
                .figure("highest", bar.highest())
                .figure("lowest", bar.lowest())
                .figure("factor", bar.highest() / bar.lowest())
                .because("Some of open, high, low and close are about a hundred times the others.")
        })
        .collect()
}
