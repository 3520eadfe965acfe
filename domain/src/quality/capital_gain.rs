//! Capital gains of funds that are counted twice: within the dividends, and again beside them.

use super::bars::{Bar, Bars};
use super::finding::{Finding, Kind, Severity};

/// How near the carried amount must be to the sum, as a part of it.
const TOLERANCE: f64 = 0.02;

/// Robust deviations by which the price must have fallen less than dividends and gains together, for it to be no chance.
const LEAST_SIGMAS: f64 = 2.0;

/// An ex-date on which gains are recorded and the adjusted close carries dividends and gains together.
struct Distribution<'a> {
    before: &'a Bar,
    bar: &'a Bar,
    carried: f64,
}

/// Only the price tells whether dividends hold the gains already. One ex-date's fall is mixed with the market's, so all of the
/// series are summed: is the sum nearer to the dividends alone, or to dividends and gains?
pub(super) fn check(bars: &Bars) -> Vec<Finding> {
    let candidates: Vec<Distribution<'_>> = bars.pairs().filter_map(|(before, bar)| candidate(before, bar)).collect();
    let sum = |of: fn(&Distribution<'_>) -> f64| candidates.iter().map(of).sum::<f64>();
    let fallen = sum(|it| it.before.close - it.bar.close);
    let (dividends, gains) = (sum(|it| it.bar.dividend), sum(|it| it.bar.gain));
    let noise = bars.sigma * sum(|it| it.before.close.powi(2)).sqrt();
    let short = dividends + gains - fallen;
    if candidates.is_empty() || (fallen - dividends).abs() >= short || short < LEAST_SIGMAS * noise {
        return Vec::new();
    }
    candidates
        .iter()
        .map(|it| {
            let says = format!(
                "The adjusted close carries {:.6}, the dividend of {} and the gains of {}; by what the price falls on \
                 such days, the dividend holds the gains already.",
                it.carried, it.bar.dividend, it.bar.gain,
            );
            Finding::of_bar(Kind::CapitalGainDoubleCounted, Severity::Error, it.bar)
                .figure("dividend", it.bar.dividend)
                .figure("capital_gain", it.bar.gain)
                .figure("carried", it.carried)
                .figure("fall", it.before.close - it.bar.close)
                .because(says)
        })
        .collect()
}

fn candidate<'a>(before: &'a Bar, bar: &'a Bar) -> Option<Distribution<'a>> {
    // Dividends that are less than the gains cannot hold them.
    if bar.gain <= 0.0 || bar.dividend < bar.gain {
        return None;
    }
    let step = (before.adjusted? / before.close) / (bar.adjusted? / bar.close);
    let carried = (1.0 - step) * before.close;
    let total = bar.dividend + bar.gain;
    ((carried - total).abs() <= TOLERANCE * total).then_some(Distribution { before, bar, carried })
}
