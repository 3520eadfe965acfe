//! The series against its exchange's own calendar: what is missing, what should not be there, and what is late.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::Context;
use super::finding::{Finding, Kind, Severity};
use super::series::DeliveredSeries;

/// `sessions` are ascending. Only days between the first and the last of them are judged: a calendar that ends says nothing
/// of later days.
pub(super) fn check(series: &DeliveredSeries, sessions: &[NaiveDate], context: &Context<'_>) -> Vec<Finding> {
    let rows = series.rows();
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Vec::new() };
    // A row without a price is no delivery of that session.
    let priced: BTreeSet<NaiveDate> = rows.iter().filter(|row| row.close.is_some()).map(|row| row.at.date).collect();
    let mut findings = Vec::new();
    let inside = sessions.iter().filter(|day| (first.at.date..=last.at.date).contains(day));
    for &day in inside.filter(|day| !priced.contains(day)) {
        let finding = Finding::of_days(Kind::MissingSession, Severity::Warning, day, day);
        findings.push(finding.because(format!("The exchange was open on {day}, and there is no price.")));
    }
    for (i, row) in rows.iter().enumerate() {
        let day = row.at.date;
        let known =
            sessions.first().is_some_and(|first| *first <= day) && sessions.last().is_some_and(|last| day <= *last);
        if known && priced.contains(&day) && sessions.binary_search(&day).is_err() {
            let finding = Finding::of_row(Kind::OffSession, Severity::Warning, i, row);
            findings.push(finding.because(format!("The exchange was closed on {day}.")));
        }
    }
    findings.extend(context.as_of.and_then(|as_of| not_fresh(last.at.date, sessions, as_of)));
    findings
}

/// Sessions between the last row and the day of delivery. That day's own session may not have closed yet.
fn not_fresh(last: NaiveDate, sessions: &[NaiveDate], as_of: NaiveDate) -> Option<Finding> {
    let late: Vec<NaiveDate> = sessions.iter().copied().filter(|day| *day > last && *day < as_of).collect();
    let (first, end) = (*late.first()?, *late.last()?);
    let says = format!("The last row is of {last}; {} sessions closed since, before {as_of}.", late.len());
    #[expect(clippy::cast_precision_loss, reason = "a number of sessions")]
    let sessions = late.len() as f64;
    Some(Finding::of_days(Kind::NotFresh, Severity::Warning, first, end).figure("sessions", sessions).because(says))
}
