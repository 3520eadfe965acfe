//! Distributions against each other: one that is given twice within days.

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

pub(super) fn duplicates(bars: &Bars) -> Vec<Finding> {
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
