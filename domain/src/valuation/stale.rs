//! What a valuation by day is made of that is older than its day.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::NaiveDate;

use super::daily::span;
use super::{Inputs, Subject, ValuationError};
use crate::money::Currency;
use crate::pricing::{Lookup, Status};

/// The valuation days on which an older price or rate stood in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaleSpan {
    /// What it is of: the instrument, or the currency of what was converted.
    pub subject: Subject,
    /// The first such day.
    pub first: NaiveDate,
    /// The last such day.
    pub last: NaiveDate,
    /// How many such days.
    pub days: usize,
    /// How many calendar days the oldest one was behind.
    pub oldest: u32,
}

/// The prices and rates that stood in for later days among `days`, which ascend, by what they are of.
///
/// # Errors
/// [`ValuationError::UnknownInstrument`]; what is missing is none, it is not told here.
pub fn stale_inputs(inputs: &Inputs<'_>, days: &[NaiveDate]) -> Result<Vec<StaleSpan>, ValuationError> {
    let mut held: BTreeMap<Subject, Vec<bool>> = BTreeMap::new();
    let mut hold = |subject: Subject, span: Range<usize>| {
        let on = held.entry(subject).or_insert_with(|| vec![false; days.len()]);
        on.get_mut(span).unwrap_or_default().fill(true);
    };
    for row in inputs.positions.iter().filter(|row| !row.quantity.is_zero()) {
        let instrument = row.instrument;
        let terms = inputs.instruments.get(&instrument).ok_or(ValuationError::UnknownInstrument { instrument })?;
        let span = span(days, row.valid_from, row.valid_until);
        hold(Subject::Currency(terms.currency()), span.clone());
        hold(Subject::Instrument(instrument), span);
    }
    for row in inputs.cash.iter().filter(|row| !row.amount.is_zero()) {
        hold(Subject::Currency(row.currency), span(days, row.valid_from, row.valid_until));
    }
    Ok(held.into_iter().filter_map(|(subject, on)| stale(inputs, subject, days, &on)).collect())
}

fn stale(inputs: &Inputs<'_>, subject: Subject, days: &[NaiveDate], on: &[bool]) -> Option<StaleSpan> {
    let held = days.iter().copied().zip(on).filter(|(_, held)| **held).map(|(day, _)| day);
    let ages: Vec<(NaiveDate, u32)> = match subject {
        Subject::Instrument(instrument) => {
            let prices = inputs.prices.get(&instrument)?;
            let mut cursor = prices.series.cursor(prices.max_age);
            held.filter_map(|day| match cursor.as_of(day) {
                Lookup::Known { status: Status::Stale { days }, .. } => Some((day, days)),
                _ => None,
            })
            .collect()
        }
        Subject::Currency(currency) => rates(inputs, currency, held),
    };
    let (&(first, _), &(last, _)) = (ages.first()?, ages.last()?);
    let oldest = ages.iter().map(|(_, age)| *age).max().unwrap_or_default();
    Some(StaleSpan { subject, first, last, days: ages.len(), oldest })
}

fn rates(inputs: &Inputs<'_>, currency: Currency, held: impl Iterator<Item = NaiveDate>) -> Vec<(NaiveDate, u32)> {
    let mut cursor = inputs.fx.cursor(currency, inputs.currency);
    held.filter_map(|day| match cursor.at(day).ok()?.status() {
        Status::Stale { days } => Some((day, days)),
        Status::Complete => None,
    })
    .collect()
}
