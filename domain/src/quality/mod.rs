//! Data quality: what is suspicious in a price series as a vendor delivered it.
//!
//! [`check`] runs one small function per check over a [`DeliveredSeries`] and returns findings, each with the figures that
//! make it suspicious. Nothing is repaired here and nothing is decided: a finding of [`Severity::Info`] is worth knowing
//! and flags nothing. `docs/data-quality.md` lists the checks with their thresholds and why they are what they are.
//!
//! Prices and amounts are exact as they are read; the checks are statistics and work in `f64`.

mod adjustment;
mod amount;
mod bars;
mod calendar;
mod capital_gain;
mod distribution;
mod duplicate_series;
mod finding;
mod ohlc;
mod outlier;
mod rows;
mod series;
mod split;
mod stale;
mod statistics;
#[cfg(test)]
mod tests;
mod unit;
mod unrecorded_split;

pub use duplicate_series::duplicate_series;
pub use finding::{Figure, Finding, Kind, Severity};
pub use series::{DeliveredSeries, Moment, Row};

use chrono::NaiveDate;

use bars::Bars;

/// What the checks know beside the series.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// The day of delivery: later rows are from the future, and sessions before it should be there.
    pub as_of: Option<NaiveDate>,
    /// The sessions of the series' exchange, ascending. Without them nothing is said of completeness.
    pub sessions: Option<&'a [NaiveDate]>,
}

/// Every finding in the series, by first day, then kind.
#[must_use]
pub fn check(series: &DeliveredSeries, context: &Context<'_>) -> Vec<Finding> {
    let bars = Bars::new(series);
    let mut findings = rows::duplicates(series);
    findings.extend(rows::not_positive(series));
    findings.extend(rows::currency(series));
    findings.extend(context.as_of.map(|as_of| rows::future(series, as_of)).unwrap_or_default());
    findings.extend(context.sessions.map(|sessions| calendar::check(series, sessions, context)).unwrap_or_default());
    findings.extend(stale::check(&bars));

    // A wrong scale explains what the later checks would see of the same rows, so those are told which rows are spoken for.
    let scale: Vec<Finding> = [split::check(&bars), unit::check(&bars)].into_iter().flatten().collect();
    let mut explained: Vec<usize> = scale.iter().flat_map(|finding| finding.rows.iter().copied()).collect();
    explained.sort_unstable();
    explained.dedup();
    findings.extend(scale);
    findings.extend(unrecorded_split::check(&bars, &explained));
    findings.extend(outlier::check(&bars, &explained));
    findings.extend(ohlc::check(&bars, &explained));

    findings.extend(capital_gain::check(&bars));
    findings.extend(adjustment::check(&bars));
    findings.extend(amount::check(&bars));
    findings.extend(distribution::check(&bars));
    findings.sort_by(|a, b| (a.first, a.kind, &a.rows).cmp(&(b.first, b.kind, &b.rows)));
    findings
}
