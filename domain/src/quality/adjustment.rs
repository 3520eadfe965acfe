//! Distributions against the adjusted close, which says by itself what it was adjusted for.
//!
//! With the factor *f = adjusted close / close*, an ex-date with an amount *D* after a close *C* makes the factor step by
//! *f(before) / f(ex-date) = 1 − D / C*, the multiplier that Yahoo and others after CRSP describe. So *(1 − step) · C* is
//! the amount that the adjusted close carries, and it should be the recorded one.

use super::bars::{Bar, Bars};
use super::finding::{Finding, Kind, Severity};
use super::statistics::{is_factor, quantile};

/// How far the carried amount may be from the recorded one, as a part of it. Some vendors divide by the close of the
/// ex-date instead, which moves the amount by as much as the price moved on the day; the faults are factors of two or more.
const TOLERANCE: f64 = 0.1;

/// The same for rows of a week or more, where the vendor took a close that is not in the series.
const COARSE_TOLERANCE: f64 = 0.5;

/// Below this part of the recorded amount nothing is carried. A hundredth is carried: that is a unit error.
const NOTHING: f64 = 0.005;

/// The least step of the factor on a day without a distribution that means something.
const LEAST_STEP: f64 = 0.001;

/// Up to this size a step that the row before or after undoes is one value that was rounded or corrected, no distribution.
const LARGEST_WOBBLE: f64 = 0.01;

/// From this ratio on a step is no distribution but a split.
const LEAST_SPLIT: f64 = 1.4;

/// Vendors round closes and adjusted closes, so the factor moves a little on every day. What it does on nine of ten days
/// without a distribution, taken so many times, is put down to rounding.
const ROUNDING_PART: f64 = 0.9;
const ROUNDING_TIMES: f64 = 4.0;

/// What one pair of rows says.
struct Carried {
    /// The factor before, as a fraction of the factor after.
    step: f64,
    /// The close before, in units after the split of the day.
    close: f64,
    /// The amount that the adjusted close carries.
    amount: f64,
    /// By how much the last digit of both adjusted closes moves the step: early ones are small and have few.
    last_digit: f64,
}

impl Carried {
    /// By how much rounding may move the amount, where it moves the step by so much on other days.
    fn rounding(&self, noise: f64) -> f64 {
        noise.max(self.last_digit) * self.close * self.step.abs()
    }
}

pub(super) fn check(bars: &Bars) -> Vec<Finding> {
    let noise = noise(bars);
    let mut findings = Vec::new();
    for (i, bar) in bars.bars.iter().enumerate().skip(1) {
        let Some(carried) = carried(bars, i) else { continue };
        if bar.dividend + bar.gain > 0.0 {
            findings.extend(recorded(bars, i, &carried, noise));
        } else if bars.records_dividends {
            findings.extend(unrecorded(bars, i, &carried, noise));
        }
    }
    findings
}

/// How far the factor moves by rounding alone.
fn noise(bars: &Bars) -> f64 {
    let days = bars.bars.iter().enumerate().skip(1).filter(|(_, bar)| bar.dividend + bar.gain <= 0.0);
    let moves = days.filter_map(|(i, _)| carried(bars, i)).map(|carried| (1.0 - carried.step).abs());
    ROUNDING_TIMES * quantile(moves, ROUNDING_PART).unwrap_or_default()
}

fn carried(bars: &Bars, i: usize) -> Option<Carried> {
    let (before, after) = (&bars.bars[i - 1], &bars.bars[i]);
    let (adjusted_before, adjusted_after) = (before.adjusted_raw?, after.adjusted_raw?);
    let mut step = (adjusted_before / before.close) / (adjusted_after / after.close);
    let mut close = before.close;
    // Prices as traded: the factor also carries the split, whose step the price makes on the same day.
    let log_split = after.split.ln();
    let is_split = |log_step: f64| log_split != 0.0 && (log_step + log_split).abs() <= 0.3 * log_split.abs();
    if is_split((after.close / before.close).ln()) && is_split(step.ln()) {
        step *= after.split;
        close /= after.split;
    }
    let amount = (1.0 - step) * close;
    let last_digit = bars.adjusted_rounding * (1.0 / adjusted_before.abs() + 1.0 / adjusted_after.abs());
    amount.is_finite().then_some(Carried { step, close, amount, last_digit })
}

/// A recorded distribution against what is carried.
fn recorded(bars: &Bars, i: usize, carried: &Carried, noise: f64) -> Option<Finding> {
    let bar = &bars.bars[i];
    let mut amount = carried.amount;
    let mut tolerance = TOLERANCE;
    if bars.coarse {
        // The factor steps at the row's beginning or at its end, as the ex-date lay to the day that the row is named for.
        amount += bars.bars.get(i + 1).and_then(|_| self::carried(bars, i + 1)).map_or(0.0, |next| next.amount);
        tolerance = COARSE_TOLERANCE;
    }
    // Vendors give a fund's gains within its dividends or beside them; which of both is another check's question.
    let totals = [bar.dividend, bar.dividend + bar.gain, bar.gain];
    let fits = |total: f64| (amount - total).abs() <= (tolerance * total).max(carried.rounding(noise));
    if totals.into_iter().filter(|total| *total > 0.0).any(fits) {
        return None;
    }
    let total = if bar.dividend > 0.0 { bar.dividend } else { bar.gain };
    let (kind, says) = if amount.abs() <= (NOTHING * total).max(carried.rounding(noise)) {
        match other_row(bars, i, total, noise) {
            Some(other) => (
                Kind::DividendWrong,
                format!("{total} is recorded on {}, and the adjusted close carries it on {}.", bar.date, other.date),
            ),
            None => {
                (Kind::DividendUnadjusted, format!("The adjusted close does not carry the distribution of {total}."))
            }
        }
    } else {
        (
            Kind::DividendWrong,
            format!("{total} is recorded and the adjusted close carries {}: {}.", short(amount), times(total / amount)),
        )
    };
    Some(
        Finding::of_bar(kind, Severity::Error, bar)
            .figure("recorded", total)
            .figure("carried", amount)
            .figure("close_before", carried.close)
            .figure("yield", total / carried.close)
            .figure("drop", 1.0 - bar.close / carried.close)
            .because(says),
    )
}

/// The neighbour without a distribution of its own on which the adjusted close carries the total.
fn other_row(bars: &Bars, i: usize, total: f64, noise: f64) -> Option<&Bar> {
    [i - 1, i + 1].into_iter().filter(|&j| j > 0).find_map(|j| {
        let bar = bars.bars.get(j).filter(|bar| bar.dividend + bar.gain <= 0.0)?;
        let carried = carried(bars, j)?;
        ((carried.amount - total).abs() <= (TOLERANCE * total).max(carried.rounding(noise))).then_some(bar)
    })
}

/// A step of the factor on a day on which nothing is recorded.
fn unrecorded(bars: &Bars, i: usize, carried: &Carried, noise: f64) -> Option<Finding> {
    let (all, bar) = (&bars.bars, &bars.bars[i]);
    if carried.step <= 0.0 || (1.0 - carried.step).abs() <= LEAST_STEP.max(noise).max(carried.last_digit) {
        return None;
    }
    // A neighbour's distribution that is carried here is that row's finding, and of coarse rows it is none.
    let neighbours = [i.checked_sub(1), Some(i + 1)].into_iter().flatten().filter_map(|j| all.get(j));
    let near = neighbours.map(|bar| bar.dividend + bar.gain).fold(0.0, f64::max);
    if near > 0.0 && (bars.coarse || (carried.amount - near).abs() <= TOLERANCE * near) {
        return None;
    }
    let log_step = carried.step.ln();
    let undone = |j: usize| {
        self::carried(bars, j).is_some_and(|other| (carried.step * other.step - 1.0).abs() <= 0.5 * log_step.abs())
    };
    if log_step.abs() <= LARGEST_WOBBLE && ((i > 1 && undone(i - 1)) || (i + 1 < all.len() && undone(i + 1))) {
        return None;
    }
    let (kind, says) = if is_factor(log_step, 100_f64.ln(), 0.1) {
        (Kind::UnitError, "The adjusted close changes its unit against the close.".to_owned())
    } else if is_split_step(bars, i, log_step) {
        let says = format!("The adjusted close carries a split of {} that is not recorded.", short(1.0 / carried.step));
        (Kind::SplitWrong, says)
    } else if carried.step < 1.0 {
        let says =
            format!("The adjusted close carries a distribution of {} that is not recorded.", short(carried.amount));
        (Kind::DividendWrong, says)
    } else {
        let says = "The adjusted close rises against the close, which no distribution explains.".to_owned();
        (Kind::DividendWrong, says)
    };
    Some(
        Finding::of_bar(kind, Severity::Warning, bar)
            .figure("carried", carried.amount)
            .figure("close_before", carried.close)
            .figure("step", carried.step)
            .because(says),
    )
}

/// Whether the price makes the step that the factor undoes.
fn is_split_step(bars: &Bars, i: usize, log_step: f64) -> bool {
    let price = (bars.bars[i].close / bars.bars[i - 1].close).ln();
    log_step.abs() >= LEAST_SPLIT.ln() && (price - log_step).abs() <= 0.2 * log_step.abs()
}

/// A figure in a sentence, exact enough to recognise it.
fn short(value: f64) -> String {
    if value == 0.0 || (1e-3..1e9).contains(&value.abs()) { format!("{value:.4}") } else { format!("{value:.3e}") }
}

fn times(ratio: f64) -> String {
    if ratio > 0.0 { format!("{} times it", short(ratio)) } else { "of the other sign".to_owned() }
}
