//! Distributions against each other: one that is given twice within days, one at a hundred times its neighbours.

use super::bars::{Bar, Bars, days};
use super::finding::{Finding, Kind, Severity};
use super::statistics::median;

/// Days within which two equal amounts are one distribution under two dates: the ex-date beside the record or payment date.
const SAME_DAYS: i32 = 10;

/// Without a third distribution nothing tells how often this one pays; some funds do every week.
const SAME_DAYS_ALONE: i32 = 6;

/// How many times longer the usual distance of distributions must be.
const LEAST_USUAL: f64 = 3.0;

/// Amounts that differ by less are equal: currencies are converted at the day's rate.
const EQUAL: f64 = 0.01;

/// What main and minor units differ by.
const UNIT: f64 = 100.0;

/// How far, in logarithms, a hundredth of the amount may be from both neighbours (30 %).
const LIKE_NEIGHBOURS: f64 = 0.26;

/// From this part of the median on an amount belongs to the schedule.
const ORDINARY: f64 = 0.1;

/// A small amount stands in the place of an ordinary one if without it there would be a hole in the schedule, this many
/// times as long as the longest other one. Small amounts between the ordinary ones are real: remainders of a fund's income, scrip dividends.
const HOLE: f64 = 1.5;

pub(super) fn check(bars: &Bars) -> Vec<Finding> {
    let mut findings = duplicates(bars);
    findings.extend(unlike_neighbours(bars));
    findings
}

fn duplicates(bars: &Bars) -> Vec<Finding> {
    let paid: Vec<&Bar> = bars.bars.iter().filter(|bar| bar.dividend > 0.0).collect();
    let gaps: Vec<i32> = paid.windows(2).map(|pair| days(pair[0].date, pair[1].date)).collect();
    let mut findings = Vec::new();
    for (i, pair) in paid.windows(2).enumerate() {
        let equal = (pair[1].dividend / pair[0].dividend - 1.0).abs() <= EQUAL;
        let others = gaps.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, gap)| f64::from(*gap));
        let close = match median(others) {
            Some(usual) => gaps[i] <= SAME_DAYS && LEAST_USUAL * f64::from(gaps[i]) <= usual,
            None => gaps[i] <= SAME_DAYS_ALONE,
        };
        if equal && close && !bars.coarse {
            let mut finding = Finding::of_bar(Kind::DividendWrong, Severity::Error, pair[1]);
            finding.rows.insert(0, pair[0].row);
            finding.first = pair[0].date;
            let says = format!("{} is given on {} and again on {}.", pair[0].dividend, pair[0].date, pair[1].date);
            let finding = finding.figure("dividend", pair[0].dividend).figure("days", f64::from(gaps[i]));
            findings.push(finding.because(says));
        }
    }
    findings
}

/// A distribution at a hundred times, or a hundredth of, the one before and the one after.
fn unlike_neighbours(bars: &Bars) -> Vec<Finding> {
    let paid: Vec<&Bar> = bars.bars.iter().filter(|bar| bar.dividend > 0.0).collect();
    let ordinary = ORDINARY * median(paid.iter().map(|bar| bar.dividend)).unwrap_or_default();
    let ordinary: Vec<&Bar> = paid.iter().copied().filter(|bar| bar.dividend >= ordinary).collect();
    let mut findings = Vec::new();
    for three in paid.windows(3) {
        let [before, bar, after] = [three[0], three[1], three[2]];
        let ratios = [before, after].map(|other| (bar.dividend / other.dividend).ln());
        let is = |factor: f64| ratios.iter().all(|ratio| (ratio - factor.ln()).abs() <= LIKE_NEIGHBOURS);
        let others = ordinary.windows(2).filter(|pair| pair[0].row != before.row);
        let longest = others.map(|pair| days(pair[0].date, pair[1].date)).max();
        let without = f64::from(days(before.date, after.date));
        let hole = longest.is_some_and(|longest| without >= HOLE * f64::from(longest));
        let says = if is(UNIT) {
            "a hundred times"
        } else if is(1.0 / UNIT) && hole {
            "a hundredth of"
        } else {
            continue;
        };
        let says = format!(
            "The dividend of {} is {says} those before and after it, {} and {}.",
            bar.dividend, before.dividend, after.dividend
        );
        let finding = Finding::of_bar(Kind::DividendWrong, Severity::Error, bar).figure("dividend", bar.dividend);
        findings.push(
            finding.figure("dividend_before", before.dividend).figure("dividend_after", after.dividend).because(says),
        );
    }
    findings
}
