//! Returns and risk of portfolios over several ranges at once: each is valued once, on every day that one of its ranges has.
//!
//! What comes of it for a range is what a [`Book`](super::Book) of that range alone gives. A value is of its day, whatever other days
//! are asked for; which days a range has, and where it begins, is told by the rows within it.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use domain::ledger::{CashPeriod, Flow, PositionPeriod};
use domain::money::{self, Currency};
use domain::pricing::Doubt;
use domain::valuation::{self, Daily, Inputs, ValuationError};
use rust_decimal::Decimal;

use super::super::ServiceError;
use super::super::performance::{Performance, performance_of};
use super::super::valuation::{History, Market, Rows, View, valuation_days};
use super::FreeReturns;
use super::Range;
use super::book::{beginning, first_in};
use super::risk::{Risk, risk};

/// How good the worst of what values are made of is, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quality {
    /// Every input is final, and of its day.
    Complete,
    /// Some price is of a session that had not closed.
    Provisional,
    /// Some input is older than its day.
    Stale,
    /// Some input was accepted or put in by a person.
    Estimated,
    /// Some input is missing.
    Missing,
}

impl From<Option<Doubt>> for Quality {
    fn from(doubt: Option<Doubt>) -> Self {
        match doubt {
            None => Self::Complete,
            Some(Doubt::Provisional) => Self::Provisional,
            Some(Doubt::Stale { .. }) => Self::Stale,
            Some(Doubt::Estimated) => Self::Estimated,
        }
    }
}

/// The figures of a range that are asked for most, under default terms: after charges, no risk-free rate, nothing required.
#[derive(Clone, Debug, PartialEq)]
pub struct RangeFigures {
    /// The currency of amounts.
    pub currency: Currency,
    /// Returns, and the deepest fall.
    pub performance: Performance,
    /// Risk.
    pub risk: Risk,
    /// The value at the close that the figures open from; nothing where it is unknown.
    pub opening_value: Option<Decimal>,
    /// The value at the end; nothing where it is unknown.
    pub end_value: Option<Decimal>,
    /// What came in from outside between the two, less what went out.
    pub flow: Decimal,
    /// How good the worst of what the values are made of is.
    pub quality: Quality,
    /// The share of the valuation days on which the value is known.
    pub coverage: f64,
}

impl RangeFigures {
    /// What was earned between the two closes; nothing where a value is unknown.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] for a sum that is too large.
    pub fn gain(&self) -> Result<Option<Decimal>, ServiceError> {
        let ends = self.opening_value.zip(self.end_value);
        let gain = |(opening, end)| money::sub(money::sub(end, opening)?, self.flow);
        Ok(ends.map(gain).transpose()?)
    }
}

/// A portfolio to compute: its rows reach back to the earliest of its ranges.
pub(in crate::services) struct Unit {
    pub(in crate::services) view: View,
    pub(in crate::services) rows: Rows,
    pub(in crate::services) ranges: Vec<Range>,
}

/// The rows that bear on a range, as they would be read for it alone.
struct Within<'a> {
    rows: &'a Rows,
    range: Range,
}

impl<'a> Within<'a> {
    fn holds(&self, from: NaiveDate, until: Option<NaiveDate>) -> bool {
        from <= self.range.end && until.is_none_or(|until| until > self.range.opening)
    }

    fn positions(&self) -> impl Iterator<Item = &'a PositionPeriod> {
        self.rows.positions.iter().filter(|row| self.holds(row.valid_from, row.valid_until))
    }

    fn cash(&self) -> impl Iterator<Item = &'a CashPeriod> {
        self.rows.cash.iter().filter(|row| self.holds(row.valid_from, row.valid_until))
    }

    fn flows(&self) -> impl Iterator<Item = (usize, &'a Flow)> {
        let Range { opening, end } = self.range;
        self.rows.flows.iter().enumerate().filter(move |(_, flow)| flow.date >= opening && flow.date <= end)
    }

    /// The valuation days of the range, from where anything was there.
    fn days(&self, market: &Market) -> Vec<NaiveDate> {
        let held = self.positions().map(|row| row.instrument.uuid());
        let mut days = valuation_days(held, market, self.range.opening, self.range.end);
        let first = first_in(self.positions(), self.cash(), self.flows().map(|(_, flow)| flow));
        days.drain(..beginning(first, &days));
        days
    }
}

/// What a portfolio is worth on the days of all its ranges.
struct Valued {
    daily: Daily,
    doubts: Vec<Option<Doubt>>,
    /// What each of its flows is worth.
    flows: Vec<Result<Decimal, ValuationError>>,
}

/// The figures of each range of a portfolio, in their order. One that cannot be computed does not keep the others from it.
pub(in crate::services) fn figures_of(unit: &Unit, market: &Market) -> Vec<Result<RangeFigures, ServiceError>> {
    let Unit { view, rows, ranges } = unit;
    let days: Vec<Vec<NaiveDate>> = ranges.iter().map(|range| Within { rows, range: *range }.days(market)).collect();
    // Openings apart, ranges have days of each other.
    let mut all: Vec<NaiveDate> = days.iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    let valued = market.value(view.currency, &rows.positions, &rows.cash, &[], |inputs| {
        Ok(Valued {
            daily: valuation::daily(inputs, &all)?,
            doubts: valuation::worst_doubts(inputs, &all)?,
            flows: rows.flows.iter().map(|flow| valuation::flow_value(inputs, flow)).collect(),
        })
    });
    match (valued, ranges.as_slice()) {
        (Ok(valued), _) => {
            let of = |(range, days): (&Range, Vec<NaiveDate>)| of_range(unit, *range, days, &valued, market);
            ranges.iter().zip(days).map(of).collect()
        }
        (Err(error), [_]) => vec![Err(error)],
        // A sum may be too large on a day that not all of them have.
        (Err(_), ranges) => {
            let alone = |range: &Range| Unit { view: view.clone(), rows: rows.clone(), ranges: vec![*range] };
            ranges.iter().flat_map(|range| figures_of(&alone(range), market)).collect()
        }
    }
}

fn of_range(
    unit: &Unit,
    range: Range,
    days: Vec<NaiveDate>,
    valued: &Valued,
    market: &Market,
) -> Result<RangeFigures, ServiceError> {
    let within = Within { rows: &unit.rows, range };
    let currency = unit.view.currency;
    let mut values = Vec::with_capacity(days.len());
    let mut known_values = Vec::with_capacity(days.len());
    let mut doubt = None;
    let mut at = 0;
    for day in &days {
        at += valued.daily.dates.iter().skip(at).take_while(|date| *date < day).count();
        values.push(valued.daily.values.get(at).copied().flatten());
        known_values.push(valued.daily.known_values.get(at).copied().unwrap_or_default());
        doubt = doubt.max(valued.doubts.get(at).copied().flatten());
    }
    let flows: Vec<(NaiveDate, Decimal)> = within
        .flows()
        .filter_map(|(at, flow)| Some((flow.date, valued.flows.get(at)?.clone())))
        .map(|(date, value)| Ok((date, value?)))
        .collect::<Result<_, ValuationError>>()?;
    // One that comes after the last valuation day is in no step: the end of the range is such a day.
    let net = valuation::net_flows(&days, flows.iter().copied().map(Ok))?;
    let known = values.iter().flatten().count();
    let mut history = History {
        currency,
        daily: Daily { dates: days, values, known_values, flows: net, missing: Vec::new() },
        // What crossed on the day of the opening close is in it.
        flows: flows.into_iter().filter(|(date, _)| *date > range.opening).collect(),
        names: HashMap::new(),
    };
    if known < history.daily.dates.len() {
        let positions: Vec<PositionPeriod> = within.positions().cloned().collect();
        let cash: Vec<CashPeriod> = within.cash().cloned().collect();
        let missing = |inputs: &Inputs<'_>| Ok(valuation::daily(inputs, &history.daily.dates)?.missing);
        history.daily.missing = market.value(currency, &positions, &cash, &[], missing)?;
        let names = market.instruments().iter().map(|(id, instrument)| (*id, instrument.symbol.clone()));
        history.names = names.collect();
    }
    let daily = &history.daily;
    let quality = if daily.missing.is_empty() { Quality::from(doubt) } else { Quality::Missing };
    let flow = daily.flows.iter().skip(1).try_fold(Decimal::ZERO, |sum, flow| money::add(sum, *flow))?;
    let chain = history.chain();
    Ok(RangeFigures {
        currency,
        performance: performance_of(&history, &chain, 0.0)?,
        risk: risk(&chain, &FreeReturns::constant(0.0, chain.returns.len()), 0.0),
        opening_value: daily.values.first().copied().flatten(),
        end_value: daily.values.last().copied().flatten(),
        flow,
        quality,
        coverage: known as f64 / daily.dates.len().max(1) as f64,
    })
}

/// What became of the ranges of each unit, computed on the threads that there are, off those that serve requests.
pub(in crate::services) async fn figures_of_all(
    units: Vec<Unit>,
    market: Arc<Market>,
) -> Result<Vec<Vec<Result<RangeFigures, ServiceError>>>, ServiceError> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let size = units.len().div_ceil(threads).max(1);
    let mut units = units.into_iter();
    let mut working = Vec::new();
    loop {
        let part: Vec<Unit> = units.by_ref().take(size).collect();
        if part.is_empty() {
            break;
        }
        let market = Arc::clone(&market);
        working.push(tokio::task::spawn_blocking(move || {
            part.iter().map(|unit| figures_of(unit, &market)).collect::<Vec<_>>()
        }));
    }
    let mut figures = Vec::new();
    for part in working {
        figures.extend(part.await.map_err(|error| ServiceError::Internal(error.to_string()))?);
    }
    Ok(figures)
}
