//! The same series under two symbols: a share class or a listing for which the vendor delivers another one's prices.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::finding::{Finding, Kind, Severity};
use super::series::DeliveredSeries;

/// Days with a new close that two series must share. Two resting shares may have the same close for long.
const LEAST_DAYS: usize = 20;

/// The part of the common days on which the closes must be equal.
const LEAST_EQUAL: f64 = 0.95;

/// Findings about the later one of two series, with its position. Only series that end alike are compared, so that a file of
/// thousands is gone through once.
#[must_use]
pub fn duplicate_series(all: &[(&str, &DeliveredSeries)]) -> Vec<(usize, Finding)> {
    let mut by_end: BTreeMap<(NaiveDate, Decimal), Vec<usize>> = BTreeMap::new();
    for (i, (_, series)) in all.iter().enumerate() {
        let end = series.rows().iter().rev().find_map(|row| Some((row.at.date, row.close?)));
        if let Some(end) = end {
            by_end.entry(end).or_default().push(i);
        }
    }
    let mut findings = Vec::new();
    for alike in by_end.values() {
        for (n, &later) in alike.iter().enumerate().skip(1) {
            findings.extend(alike[..n].iter().find_map(|&earlier| {
                let finding = compare(all[earlier].0, closes(all[earlier].1), all[later].0, &closes(all[later].1))?;
                Some((later, finding))
            }));
        }
    }
    findings
}

fn closes(series: &DeliveredSeries) -> BTreeMap<super::Moment, Decimal> {
    series.rows().iter().filter_map(|row| Some((row.at, row.close?))).collect()
}

fn compare(
    one: &str,
    closes: BTreeMap<super::Moment, Decimal>,
    other: &str,
    others: &BTreeMap<super::Moment, Decimal>,
) -> Option<Finding> {
    let common: Vec<_> = closes.into_iter().filter_map(|(at, close)| Some((at, close, *others.get(&at)?))).collect();
    let moved = common.windows(2).filter(|pair| pair[0].1 != pair[1].1 && pair[1].1 == pair[1].2).count();
    let equal = common.iter().filter(|(_, close, other)| close == other).count();
    #[expect(clippy::cast_precision_loss, reason = "numbers of rows")]
    let (part, days) = (equal as f64 / common.len().max(1) as f64, common.len() as f64);
    let (first, last) = (common.first()?.0.date, common.last()?.0.date);
    (moved >= LEAST_DAYS && part >= LEAST_EQUAL).then(|| {
        Finding::of_days(Kind::DuplicateSeries, Severity::Error, first, last)
            .figure("common_rows", days)
            .figure("equal", part)
            .because(format!("{other} has the closes of {one} on {equal} of {} common rows.", common.len()))
    })
}
