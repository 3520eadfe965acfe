//! What is wrong with rows by themselves, whatever the figures of their neighbours.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::finding::{Finding, Kind, Severity};
use super::series::{DeliveredSeries, Row};

/// Two rows for one moment. Equal ones are a nuisance; where they differ, one of them is wrong.
pub(super) fn duplicates(series: &DeliveredSeries) -> Vec<Finding> {
    let rows = series.rows();
    (1..rows.len())
        .filter(|&i| rows[i].at == rows[i - 1].at)
        .map(|i| {
            let equal = Row { line: 0, ..rows[i].clone() } == Row { line: 0, ..rows[i - 1].clone() };
            let severity = if equal { Severity::Warning } else { Severity::Error };
            let says = if equal { "is given twice, alike" } else { "is given twice with different figures" };
            let mut finding = Finding::of_row(Kind::DuplicateDate, severity, i, &rows[i]);
            finding.rows.insert(0, i - 1);
            finding.because(format!("{} {says}.", rows[i].at.date))
        })
        .collect()
}

/// A column's name, and whether a row's value in it is wrong.
type Column = (&'static str, fn(&Row) -> bool);

/// Prices of zero or less, and adjusted closes that are no positive number: each column once, with its rows.
pub(super) fn not_positive(series: &DeliveredSeries) -> Vec<Finding> {
    let columns: [Column; 5] = [
        ("open", |row| wrong(row.open)),
        ("high", |row| wrong(row.high)),
        ("low", |row| wrong(row.low)),
        ("close", |row| wrong(row.close)),
        ("adjusted close", |row| row.adjusted_close.is_some_and(|value| !value.is_finite() || value <= 0.0)),
    ];
    let mut findings = Vec::new();
    for (name, is_wrong) in columns {
        let rows: Vec<usize> =
            series.rows().iter().enumerate().filter(|(_, row)| is_wrong(row)).map(|(i, _)| i).collect();
        let (Some(&first), Some(&last)) = (rows.first(), rows.last()) else { continue };
        let (first, last) = (series.rows()[first].at.date, series.rows()[last].at.date);
        let count = rows.len();
        findings.push(Finding { rows, ..Finding::of_days(Kind::NotPositive, Severity::Error, first, last) }.because(
            format!("The {name} is zero, negative or no finite number in {count} of {} rows.", series.rows().len()),
        ));
    }
    findings
}

fn wrong(price: Option<Decimal>) -> bool {
    price.is_some_and(|price| price <= Decimal::ZERO)
}

/// Rows after the day of delivery.
pub(super) fn future(series: &DeliveredSeries, as_of: NaiveDate) -> Vec<Finding> {
    let late = series.rows().iter().enumerate().filter(|(_, row)| row.at.date > as_of);
    late.map(|(i, row)| {
        Finding::of_row(Kind::FutureDate, Severity::Error, i, row)
            .because(format!("{} is after {as_of}, the day of delivery.", row.at.date))
    })
    .collect()
}

/// Rows in another currency than most of the series. Nothing tells which is right, only that both cannot be one series.
pub(super) fn currency(series: &DeliveredSeries) -> Vec<Finding> {
    let mut rows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, row) in series.rows().iter().enumerate() {
        if let Some(code) = row.currency.as_deref() {
            rows.entry(code).or_default().push(i);
        }
    }
    let Some(main) = rows.iter().max_by_key(|(_, rows)| rows.len()).map(|(code, _)| *code) else { return Vec::new() };
    let others = rows.into_iter().filter(|(code, _)| *code != main);
    others
        .map(|(code, rows)| {
            let (first, last) = (rows[0], rows[rows.len() - 1]);
            let (first, last) = (series.rows()[first].at.date, series.rows()[last].at.date);
            let says = format!("{} of {} rows are in {code}, the others in {main}.", rows.len(), series.rows().len());
            Finding { rows, ..Finding::of_days(Kind::CurrencyMismatch, Severity::Error, first, last) }.because(says)
        })
        .collect()
}
