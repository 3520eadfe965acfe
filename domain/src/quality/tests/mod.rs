//! Small synthetic series: a fault is found, and its healthy neighbour is not.

mod calendar;
mod dividends;
mod properties;
mod rows;
mod splits;
mod units;

use chrono::Days;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::*;
use crate::testing::day;

/// Daily returns in per cent, in turn: restless as a share is, and without a trend.
const RETURNS: [f64; 13] = [0.6, -0.9, 1.1, 0.2, -1.3, 0.8, -0.4, 0.0, 1.4, -0.7, -1.0, 0.5, -0.3];

const START: &str = "2024-01-01";

fn decimal(value: f64) -> Option<Decimal> {
    Some(format!("{value:.6}").parse().unwrap())
}

fn float(value: Option<Decimal>) -> f64 {
    value.unwrap().to_f64().unwrap()
}

/// So many rows, a day each, at about 100 with an honest range and volume and without any event.
fn sound(count: usize) -> Vec<Row> {
    let mut close = 100.0;
    let mut date = day(START);
    (0..count)
        .map(|i| {
            let open = close;
            close *= 1.0 + RETURNS[i % RETURNS.len()] / 100.0;
            let row = Row {
                open: decimal(open),
                high: decimal(1.002 * f64::max(open, close)),
                low: decimal(0.998 * f64::min(open, close)),
                close: decimal(close),
                adjusted_close: Some(close),
                volume: decimal(1000.0 + 100.0 * RETURNS[i % RETURNS.len()]),
                currency: Some("EUR".to_owned()),
                dividend: Some(Decimal::ZERO),
                ..Row::empty(Moment { date, utc: None })
            };
            date = date + Days::new(1);
            row
        })
        .collect()
}

/// Multiplies prices and adjusted closes.
fn scale(rows: &mut [Row], factor: f64) {
    for row in rows {
        scale_prices(std::slice::from_mut(row), factor);
        row.adjusted_close = row.adjusted_close.map(|value| value * factor);
    }
}

/// Multiplies prices, and leaves the adjusted closes.
fn scale_prices(rows: &mut [Row], factor: f64) {
    for price in rows.iter_mut().flat_map(|row| [&mut row.open, &mut row.high, &mut row.low, &mut row.close]) {
        *price = price.and_then(|price| decimal(price.to_f64().unwrap() * factor));
    }
}

/// Pays the amount on the row's day: the price falls by it, and the adjusted close carries it.
fn pay(rows: &mut [Row], at: usize, amount: f64) {
    let before = float(rows[at - 1].close);
    scale_prices(&mut rows[at..], 1.0 - amount / before);
    rows[at].dividend = decimal(amount);
    adjust(rows);
}

/// The adjusted closes that the recorded dividends make.
fn adjust(rows: &mut [Row]) {
    let mut factor = 1.0;
    for i in (0..rows.len()).rev() {
        rows[i].adjusted_close = Some(float(rows[i].close) * factor);
        if i > 0 && rows[i].dividend.is_some() {
            factor *= 1.0 - float(rows[i].dividend) / float(rows[i - 1].close);
        }
    }
}

fn findings(rows: Vec<Row>) -> Vec<Finding> {
    check(&DeliveredSeries::new(rows), &Context::default())
}

/// The kinds that flag the rows, each once.
fn flags(rows: Vec<Row>) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = findings(rows).iter().filter(|finding| finding.flags()).map(|it| it.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[test]
fn a_sound_series_raises_nothing() {
    assert_eq!(findings(sound(260)), []);
    assert_eq!(findings(Vec::new()), []);
    assert_eq!(findings(sound(1)), []);
}

#[test]
fn a_sound_series_of_weeks_with_dividends_raises_nothing() {
    let mut days = sound(350);
    for at in [40, 130, 220, 310] {
        pay(&mut days, at, 1.2);
    }
    // A week's row is named for its first day, so what it pays lies within it.
    let weeks = days.chunks(7).map(|week| {
        let first = &week[0];
        let last = &week[week.len() - 1];
        Row {
            open: first.open,
            high: week.iter().filter_map(|row| row.high).max(),
            low: week.iter().filter_map(|row| row.low).min(),
            dividend: Some(week.iter().filter_map(|row| row.dividend).sum()),
            ..Row { at: first.at, ..last.clone() }
        }
    });
    assert_eq!(flags(weeks.collect()), []);
}

#[test]
fn a_crash_that_stays_raises_nothing() {
    let mut rows = sound(60);
    scale(&mut rows[30..], 0.7);
    assert_eq!(flags(rows), []);
}

#[test]
fn a_finding_carries_its_rows_days_figures_and_a_sentence() {
    let mut rows = sound(60);
    scale(&mut rows[20..23], 100.0);
    let found = findings(rows);
    let finding = &found[0];
    assert_eq!(
        (finding.kind, finding.severity, finding.rows.as_slice()),
        (Kind::UnitError, Severity::Error, &[20, 21, 22][..])
    );
    assert_eq!((finding.first, finding.last), (day("2024-01-21"), day("2024-01-23")));
    assert!(finding.figures.iter().any(|figure| figure.name == "factor" && (figure.value - 100.0).abs() < 1e-9));
    assert!(finding.explanation.contains("a hundred times"));
    assert_eq!(found.len(), 1, "what the wrong scale explains is not told again: {found:?}");
}
