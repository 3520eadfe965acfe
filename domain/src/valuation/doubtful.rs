//! What a valuation by day is made of that is no final observation of its day.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::NaiveDate;

use super::daily::span;
use super::{Inputs, Subject, ValuationError};
use crate::pricing::{Doubt, Lookup, doubts};

/// The valuation days on which a price or rate was in one kind of doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoubtfulSpan {
    /// What it is of: the instrument, or the currency of what was converted.
    pub subject: Subject,
    /// What there is to doubt; of those that are stale, the oldest.
    pub doubt: Doubt,
    /// The first such day.
    pub first: NaiveDate,
    /// The last such day.
    pub last: NaiveDate,
    /// How many such days.
    pub days: usize,
}

/// The prices and rates that stood in for later days among `days`, which ascend, or were not final, by what they are of.
///
/// # Errors
/// [`ValuationError::UnknownInstrument`]; what is missing is none, it is not told here.
pub fn doubtful_inputs(inputs: &Inputs<'_>, days: &[NaiveDate]) -> Result<Vec<DoubtfulSpan>, ValuationError> {
    Ok(held(inputs, days)?.into_iter().flat_map(|(subject, on)| spans(inputs, subject, days, &on)).collect())
}

/// The worst doubt about a price or rate of each of `days`, which ascend: the same as [`doubtful_inputs`] tell, by day.
///
/// # Errors
/// [`ValuationError::UnknownInstrument`]; what is missing is none, it is not told here.
pub fn worst_doubts(inputs: &Inputs<'_>, days: &[NaiveDate]) -> Result<Vec<Option<Doubt>>, ValuationError> {
    let mut worst = vec![None; days.len()];
    for (subject, on) in held(inputs, days)? {
        each_doubt(inputs, subject, days, &on, |at, doubt| {
            if let Some(worst) = worst.get_mut(at) {
                *worst = (*worst).max(Some(doubt));
            }
        });
    }
    Ok(worst)
}

/// On which days each instrument was held, and each currency converted.
fn held(inputs: &Inputs<'_>, days: &[NaiveDate]) -> Result<BTreeMap<Subject, Vec<bool>>, ValuationError> {
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
    Ok(held)
}

fn spans(inputs: &Inputs<'_>, subject: Subject, days: &[NaiveDate], on: &[bool]) -> Vec<DoubtfulSpan> {
    // Provisional, stale, estimated.
    let mut found: [Option<DoubtfulSpan>; 3] = [None; 3];
    each_doubt(inputs, subject, days, on, |at, doubt| {
        let Some(&day) = days.get(at) else { return };
        let slot = match doubt {
            Doubt::Provisional => 0,
            Doubt::Stale { .. } => 1,
            Doubt::Estimated => 2,
        };
        if let Some(slot) = found.get_mut(slot) {
            let so_far = slot.unwrap_or(DoubtfulSpan { subject, doubt, first: day, last: day, days: 0 });
            *slot = Some(DoubtfulSpan { doubt: so_far.doubt.max(doubt), last: day, days: so_far.days + 1, ..so_far });
        }
    });
    found.into_iter().flatten().collect()
}

/// Tells each doubt about a subject, with the place of its day.
fn each_doubt(
    inputs: &Inputs<'_>,
    subject: Subject,
    days: &[NaiveDate],
    on: &[bool],
    mut note: impl FnMut(usize, Doubt),
) {
    let held = days.iter().enumerate().zip(on).filter(|(_, held)| **held).map(|((at, day), _)| (at, *day));
    match subject {
        Subject::Instrument(instrument) => {
            let Some(prices) = inputs.prices.get(&instrument) else { return };
            let mut cursor = prices.series.cursor(prices.max_age);
            for (at, day) in held {
                if let Lookup::Known { status, certainty, .. } = cursor.as_of(day) {
                    doubts(status, certainty).for_each(|doubt| note(at, doubt));
                }
            }
        }
        Subject::Currency(currency) => {
            let mut cursor = inputs.fx.cursor(currency, inputs.currency);
            for (at, day) in held {
                if let Ok(rate) = cursor.at(day) {
                    rate.doubts().for_each(|doubt| note(at, doubt));
                }
            }
        }
    }
}
