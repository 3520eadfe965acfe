//! The daily columns that every analytic reads: value and net external flow by valuation day.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Inputs, MissingInput, Subject, ValuationError};
use crate::id::InstrumentId;
use crate::ledger::{Flow, InKind};
use crate::money::{Currency, ProductSum, add, mul};
use crate::pricing::{Cursor, Lookup, MissingReason};

/// Grows with every change of what [`daily`] answers: values stored under an older one are computed again.
pub const CALCULATION_VERSION: i32 = 1;

/// Columns by valuation day, all of one length, in the currency that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daily {
    /// The valuation days, ascending.
    pub dates: Vec<NaiveDate>,
    /// Total value at the close, cash inside; `None` where any part of it is unknown.
    pub values: Vec<Option<Decimal>>,
    /// The value of what is known, which is the total where all of it is.
    pub known_values: Vec<Decimal>,
    /// Net external flow after the previous valuation day up to this one, above zero inwards, each at its own day's rate.
    /// The first entry is of the first day alone.
    pub flows: Vec<Decimal>,
    /// What was missing, by subject.
    pub missing: Vec<MissingSpan>,
}

/// The valuation days on which something had no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingSpan {
    /// What it is, with the reason of the first day.
    pub input: MissingInput,
    /// The first such day.
    pub first: NaiveDate,
    /// The last such day.
    pub last: NaiveDate,
    /// How many such days, counted once for each account that holds it.
    pub days: usize,
}

/// Values the rows on each of `days` (both ends included; business days, say).
///
/// Σ quantity × price × multiplier is formed per currency and converted once a day. Nothing is rounded.
///
/// # Errors
/// [`ValuationError`]; a missing price or rate is none, it is reported in [`Daily::missing`].
pub fn daily(inputs: &Inputs<'_>, days: &[NaiveDate]) -> Result<Daily, ValuationError> {
    for (&previous, &date) in days.iter().zip(days.iter().skip(1)) {
        if date <= previous {
            return Err(ValuationError::DaysNotAscending { previous, date });
        }
    }
    let mut columns = Columns {
        days,
        local: BTreeMap::new(),
        known: vec![Decimal::ZERO; days.len()],
        incomplete: vec![false; days.len()],
        missing: BTreeMap::new(),
    };
    columns.add_positions(inputs)?;
    columns.add_cash(inputs)?;
    columns.convert(inputs)?;
    let values = columns.known.iter().zip(&columns.incomplete);
    Ok(Daily {
        dates: days.to_vec(),
        values: values.map(|(value, incomplete)| (!incomplete).then_some(*value)).collect(),
        known_values: columns.known,
        flows: net_flows(days, valued_flows(inputs, days))?,
        missing: columns.missing.into_values().collect(),
    })
}

struct Columns<'a> {
    days: &'a [NaiveDate],
    /// Value per currency and day, before conversion.
    local: BTreeMap<Currency, Vec<Decimal>>,
    known: Vec<Decimal>,
    incomplete: Vec<bool>,
    missing: BTreeMap<Subject, MissingSpan>,
}

impl Columns<'_> {
    fn add_positions(&mut self, inputs: &Inputs<'_>) -> Result<(), ValuationError> {
        let mut sums: BTreeMap<Currency, Vec<ProductSum>> = BTreeMap::new();
        let mut rows = inputs.positions.iter().filter(|row| !row.quantity.is_zero()).peekable();
        // Each row is read once, where it lies. Those of an instrument mostly come one after another, account by account and by day, so
        // that its prices are read in one walk; in any other order days and prices are searched for.
        while let Some(instrument) = rows.peek().map(|row| row.instrument) {
            let terms = inputs.instruments.get(&instrument).ok_or(ValuationError::UnknownInstrument { instrument })?;
            let mut cursor = inputs.prices.get(&instrument).map(|prices| prices.series.cursor(prices.max_age));
            let column = sums.entry(terms.currency()).or_insert_with(|| vec![ProductSum::default(); self.days.len()]);
            let is_single = terms.multiplier() == Decimal::ONE;
            let mut end = 0;
            while let Some(row) = rows.next_if(|row| row.instrument == instrument) {
                let quantity = if is_single { row.quantity } else { mul(row.quantity, terms.multiplier())? };
                let span = span_after(self.days, end, row.valid_from, row.valid_until);
                end = span.end;
                self.add_row(instrument, span, quantity, cursor.as_mut(), column)?;
            }
        }
        for (currency, sums) in sums {
            let totals = sums.into_iter().map(ProductSum::total).collect::<Result<_, _>>()?;
            self.local.insert(currency, totals);
        }
        Ok(())
    }

    /// Adds one period's value to the days that it spans.
    fn add_row(
        &mut self,
        instrument: InstrumentId,
        span: Range<usize>,
        quantity: Decimal,
        mut cursor: Option<&mut Cursor<'_>>,
        column: &mut [ProductSum],
    ) -> Result<(), ValuationError> {
        let days = self.days.get(span.clone()).unwrap_or_default();
        let sums = column.get_mut(span.clone()).unwrap_or_default();
        for ((at, &date), sum) in span.zip(days).zip(sums) {
            let lookup = match &mut cursor {
                Some(cursor) => cursor.as_of(date),
                None => Lookup::Missing { reason: MissingReason::NoData },
            };
            match lookup {
                Lookup::Known { value, .. } => sum.add(quantity, value)?,
                Lookup::Missing { reason } => {
                    let subject = Subject::Instrument(instrument);
                    note_missing(&mut self.missing, MissingInput { subject, reason }, date);
                    if let Some(incomplete) = self.incomplete.get_mut(at) {
                        *incomplete = true;
                    }
                }
            }
        }
        Ok(())
    }

    fn add_cash(&mut self, inputs: &Inputs<'_>) -> Result<(), ValuationError> {
        for row in inputs.cash.iter().filter(|row| !row.amount.is_zero()) {
            let mut local = self.take_local(row.currency);
            let span = span(self.days, row.valid_from, row.valid_until);
            for total in local.get_mut(span).unwrap_or_default() {
                *total = add(*total, row.amount)?;
            }
            self.local.insert(row.currency, local);
        }
        Ok(())
    }

    fn take_local(&mut self, currency: Currency) -> Vec<Decimal> {
        let column = self.local.get_mut(&currency).map(std::mem::take);
        column.unwrap_or_else(|| vec![Decimal::ZERO; self.days.len()])
    }

    /// Sums the currencies, each converted at its day's rate. What is zero needs no rate.
    fn convert(&mut self, inputs: &Inputs<'_>) -> Result<(), ValuationError> {
        for (&currency, local) in &self.local {
            let mut rates = inputs.fx.cursor(currency, inputs.currency);
            let totals = self.known.iter_mut().zip(&mut self.incomplete);
            for ((&date, &value), (known, incomplete)) in self.days.iter().zip(local).zip(totals) {
                if value.is_zero() {
                    continue;
                }
                match rates.at(date) {
                    Ok(rate) => *known = add(*known, rate.convert(value)?)?,
                    Err(error) => {
                        note_missing(&mut self.missing, ValuationError::missing(error)?, date);
                        *incomplete = true;
                    }
                }
            }
        }
        Ok(())
    }
}

fn note_missing(missing: &mut BTreeMap<Subject, MissingSpan>, input: MissingInput, date: NaiveDate) {
    let first = MissingSpan { input, first: date, last: date, days: 0 };
    let span = missing.entry(input.subject).or_insert(first);
    // Accounts are walked one after another, so days do not come in order.
    if date < span.first {
        (span.first, span.input) = (date, input);
    }
    span.last = span.last.max(date);
    span.days += 1;
}

/// The positions among `days` that a period covers.
pub(super) fn span(days: &[NaiveDate], from: NaiveDate, until: Option<NaiveDate>) -> Range<usize> {
    let before = |date: NaiveDate| days.partition_point(|day| *day < date);
    let start = before(from);
    start..until.map_or(days.len(), before).max(start)
}

/// The same where periods before it ended at the position `last`: the next one mostly begins there, and is short where there are many.
pub(super) fn span_after(days: &[NaiveDate], last: usize, from: NaiveDate, until: Option<NaiveDate>) -> Range<usize> {
    let is_next = |at: usize, date: NaiveDate| {
        let (before, on) = days.split_at_checked(at).unwrap_or((days, &[]));
        before.last().is_none_or(|day| *day < date) && on.first().is_none_or(|day| date <= *day)
    };
    match until {
        _ if !is_next(last, from) => span(days, from, until),
        Some(until) if is_next(last + 1, until) => last..(last + 1).min(days.len()),
        _ => last..span(days, from, until).end.max(last),
    }
}

/// What flows are worth that come on these days or between them: no other need have a rate.
fn valued_flows<'a>(
    inputs: &'a Inputs<'_>,
    days: &'a [NaiveDate],
) -> impl Iterator<Item = Result<(NaiveDate, Decimal), ValuationError>> + 'a {
    let within = |date: NaiveDate| days.first().zip(days.last()).is_some_and(|(a, b)| (*a..=*b).contains(&date));
    let flows = inputs.flows.iter().filter(move |flow| within(flow.date));
    flows.map(|flow| Ok((flow.date, flow_value(inputs, flow)?)))
}

/// The column [`Daily::flows`] of these days, from what each flow is worth on its own day.
///
/// # Errors
/// The first error among the flows, or [`ValuationError::Arithmetic`] for a sum that is too large.
pub fn net_flows(
    days: &[NaiveDate],
    flows: impl IntoIterator<Item = Result<(NaiveDate, Decimal), ValuationError>>,
) -> Result<Vec<Decimal>, ValuationError> {
    let mut column = vec![Decimal::ZERO; days.len()];
    for flow in flows {
        let (date, value) = flow?;
        if days.first().is_none_or(|first| date < *first) {
            continue;
        }
        if let Some(net) = column.get_mut(days.partition_point(|day| *day < date)) {
            *net = add(*net, value)?;
        }
    }
    Ok(column)
}

/// What a flow is worth on its day in the currency asked for: units at the day's close, or at the cost they were given
/// where there is no price.
///
/// # Errors
/// [`ValuationError::Flow`] for a missing rate, [`ValuationError::Arithmetic`] for a value that is too large.
pub fn flow_value(inputs: &Inputs<'_>, flow: &Flow) -> Result<Decimal, ValuationError> {
    let local = match flow.in_kind {
        None => flow.amount,
        Some(InKind { instrument, quantity, .. }) => {
            let terms = inputs.instruments.get(&instrument).ok_or(ValuationError::UnknownInstrument { instrument })?;
            let price = inputs.prices.get(&instrument).map(|prices| prices.series.as_of(flow.date, prices.max_age));
            match price.and_then(Lookup::value) {
                Some(price) => mul(mul(quantity, terms.multiplier())?, price)?,
                None => flow.amount,
            }
        }
    };
    inputs.fx.convert(local, flow.currency, inputs.currency, flow.date).map_err(ValuationError::Flow)
}
