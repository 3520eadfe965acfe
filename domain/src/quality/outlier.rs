//! Outliers: a jump far out of the series' own distribution that comes back within days. One that stays is news.

use super::bars::Bars;
use super::finding::{Finding, Kind, Severity};

/// Robust deviations from which on a jump is out of the ordinary. Returns have fat tails: five are met every year.
const OUTLIER_SIGMAS: f64 = 10.0;

/// The least log return that is reported, whatever the deviation: in a quiet series ten deviations are a few per cent.
const LEAST_JUMP: f64 = 0.05;

/// The log return (35 %) from which on it flags the series: single trades outside of trading hours lie up to 20 % off.
const FLAGGED_JUMP: f64 = 0.30;

/// How many rows the wrong price may last.
const LONGEST: usize = 3;

/// The part of the jump that has to be undone.
const UNDONE: f64 = 0.8;

pub(super) fn check(bars: &Bars, explained: &[usize]) -> Vec<Finding> {
    let all = &bars.bars;
    let threshold = LEAST_JUMP.max(OUTLIER_SIGMAS * bars.sigma);
    let mut findings = Vec::new();
    let mut i = 1;
    while i < all.len() {
        let before = all[i - 1].close;
        let jump = (all[i].close / before).ln();
        // The jump is undone by one step, not by a drift: a crash that recovers over days is a crash.
        let back = (i + 1..all.len().min(i + 1 + LONGEST)).find(|&j| {
            let step = (all[j].close / all[j - 1].close).ln();
            let left = (all[j].close / before).ln();
            step * jump < 0.0 && step.abs() >= UNDONE * jump.abs() && left.abs() <= (1.0 - UNDONE) * jump.abs()
        });
        match back {
            Some(j) if jump.abs() >= threshold && !all[i - 1..=j].iter().any(|bar| is_in(explained, bar.row)) => {
                let severity = if jump.abs() >= FLAGGED_JUMP { Severity::Warning } else { Severity::Info };
                let finding = Finding::of_bars(Kind::Outlier, severity, &all[i..j]).map(|finding| {
                    finding
                        .figure("close_before", before)
                        .figure("close", all[i].close)
                        .figure("close_after", all[j].close)
                        .figure("sigmas", jump.abs() / bars.sigma)
                        .because(format!(
                            "The close jumps from {before} to {} and back to {}: {:.0} robust deviations.",
                            all[i].close,
                            all[j].close,
                            jump.abs() / bars.sigma,
                        ))
                });
                findings.extend(finding);
                i = j + 1;
            }
            _ => i += 1,
        }
    }
    findings
}

fn is_in(explained: &[usize], row: usize) -> bool {
    explained.binary_search(&row).is_ok()
}
