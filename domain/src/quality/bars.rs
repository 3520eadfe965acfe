//! The rows that have a price, as floating point, with what the checks ask about neighbours.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::series::{DeliveredSeries, Row};
use super::statistics::{median, robust_sigma};

/// From this median distance of days on a row sums up more than a session, and an event may lie anywhere within it.
const COARSE_DAYS: f64 = 4.0;

/// Below this a series moves so little (or its closes are so often repeated) that its own deviation says nothing.
const LEAST_SIGMA: f64 = 0.005;

/// A row with a positive close. Its events include those of rows without a price since the bar before.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub row: usize,
    pub date: NaiveDate,
    pub open: Option<f64>,
    pub high: Option<f64>,
    pub low: Option<f64>,
    pub close: f64,
    /// Positive and finite, or not there.
    pub adjusted: Option<f64>,
    /// As delivered, whatever it is, to compare with neighbours that are wrong alike.
    pub adjusted_raw: Option<f64>,
    pub volume: f64,
    pub dividend: f64,
    /// 1 where no split is recorded.
    pub split: f64,
    pub gain: f64,
}

impl Bar {
    /// Open, high, low and close where they are positive.
    pub(super) fn prices(&self) -> impl Iterator<Item = f64> {
        [self.open, self.high, self.low, Some(self.close)].into_iter().flatten()
    }

    pub(super) fn lowest(&self) -> f64 {
        self.prices().fold(f64::INFINITY, f64::min)
    }

    pub(super) fn highest(&self) -> f64 {
        self.prices().fold(0.0, f64::max)
    }
}

pub(super) struct Bars {
    pub bars: Vec<Bar>,
    /// The robust deviation of the closes' log returns.
    pub sigma: f64,
    /// Rows of a week or a month.
    pub coarse: bool,
    /// Whether dividends are delivered at all, so that their absence on a day means that there was none.
    pub records_dividends: bool,
    /// Half of the last digit that adjusted closes are given with.
    pub adjusted_rounding: f64,
}

impl Bars {
    pub(super) fn new(series: &DeliveredSeries) -> Self {
        let mut bars: Vec<Bar> = Vec::new();
        let (mut dividend, mut split, mut gain) = (0.0, 1.0, 0.0);
        let mut before = None;
        for (position, row) in series.rows().iter().enumerate() {
            // The second row of a moment is a finding of its own, not another bar.
            if before.replace(row.at) == Some(row.at) {
                continue;
            }
            dividend += number(row.dividend).unwrap_or_default().max(0.0);
            gain += number(row.capital_gain).unwrap_or_default().max(0.0);
            split *= positive(row.split).unwrap_or(1.0);
            let Some(close) = positive(row.close) else { continue };
            bars.push(Bar { dividend, split, gain, ..bar(position, row, close) });
            (dividend, split, gain) = (0.0, 1.0, 0.0);
        }
        let returns: Vec<f64> = bars.windows(2).map(|pair| (pair[1].close / pair[0].close).ln()).collect();
        let gaps = bars.windows(2).map(|pair| f64::from(days(pair[0].date, pair[1].date)));
        Self {
            sigma: robust_sigma(&returns).max(LEAST_SIGMA),
            coarse: median(gaps).is_some_and(|gap| gap >= COARSE_DAYS),
            records_dividends: series.rows().iter().any(|row| row.dividend.is_some()),
            adjusted_rounding: half_digit(
                bars.iter().filter_map(|bar| bar.adjusted).map(decimals).max().unwrap_or_default(),
            ),
            bars,
        }
    }

    /// Bars with the one before them.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&Bar, &Bar)> {
        self.bars.windows(2).map(|pair| (&pair[0], &pair[1]))
    }

    /// The logarithm by which the vendor's own adjusted series moves, or the close's where there is none.
    pub(super) fn log_step(before: &Bar, after: &Bar) -> f64 {
        match (before.adjusted, after.adjusted) {
            (Some(before), Some(after)) => (after / before).ln(),
            _ => (after.close / before.close).ln(),
        }
    }
}

fn bar(position: usize, row: &Row, close: f64) -> Bar {
    Bar {
        row: position,
        date: row.at.date,
        open: positive(row.open),
        high: positive(row.high),
        low: positive(row.low),
        close,
        adjusted: row.adjusted_close.filter(|value| value.is_finite() && *value > 0.0),
        adjusted_raw: row.adjusted_close.filter(|value| value.is_finite() && *value != 0.0),
        volume: number(row.volume).unwrap_or_default(),
        dividend: 0.0,
        split: 1.0,
        gain: 0.0,
    }
}

fn number(value: Option<Decimal>) -> Option<f64> {
    value.and_then(|value| value.to_f64())
}

fn positive(value: Option<Decimal>) -> Option<f64> {
    number(value).filter(|value| *value > 0.0)
}

/// Days between two dates, at most what an `i32` holds.
pub(super) fn days(from: NaiveDate, to: NaiveDate) -> i32 {
    i32::try_from((to - from).num_days()).unwrap_or(i32::MAX)
}

/// Half a unit of the last of so many decimal places.
fn half_digit(places: usize) -> f64 {
    0.5 * 10_f64.powi(-i32::try_from(places).unwrap_or(i32::MAX))
}

/// The decimal places of a number as it is written shortest.
fn decimals(value: f64) -> usize {
    value.to_string().split_once('.').map_or(0, |(_, fraction)| fraction.len())
}
