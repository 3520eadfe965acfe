//! What is computed from a book.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::analytics::{FlowTimings, Twr, carino};
use domain::money;
use domain::valuation::{GainSplit, Line};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use super::super::ServiceError;
use super::super::performance::{Performance, performance};
use super::super::valuation::History;
use super::{Book, Range};

/// What returns are before or after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReturnTerms {
    /// Before fees that no trade carries.
    pub gross_of_fees: bool,
    /// Before taxes.
    pub gross_of_taxes: bool,
}

/// What a holding, or all cash, brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// The instrument; nothing for cash and charges on no holding.
    pub instrument: Option<Uuid>,
    /// Its part of the time-weighted return of the range, linked by Carino: all parts sum to it.
    pub contribution: Option<f64>,
    /// What its gain is made of.
    pub gain: Option<GainSplit>,
    /// Its share of the value at the end.
    pub weight: Option<f64>,
}

impl Book {
    /// The range of its columns.
    pub fn range(&self) -> Range {
        let dates = &self.history.daily.dates;
        let day = |date: Option<&NaiveDate>| date.copied().unwrap_or_default();
        Range { opening: day(dates.first()), end: day(dates.last()) }
    }

    /// Returns, and risk without a risk-free rate.
    ///
    /// # Errors
    /// [`ServiceError::BadInput`] for a range without days.
    pub fn performance(&self, terms: ReturnTerms) -> Result<Performance, ServiceError> {
        performance(&*self.history_before(terms)?, 0.0)
    }

    /// The history as it would be had charges been paid from outside: each is a flow into the scope in the step that it was paid in.
    pub(super) fn history_before(&self, terms: ReturnTerms) -> Result<Cow<'_, History>, ServiceError> {
        let mut history = Cow::Borrowed(&self.history);
        if !(terms.gross_of_fees || terms.gross_of_taxes) {
            return Ok(history);
        }
        for (at, charge) in self.charges()?.iter().enumerate() {
            let fees = if terms.gross_of_fees { charge.fees } else { Decimal::ZERO };
            let taxes = if terms.gross_of_taxes { charge.taxes } else { Decimal::ZERO };
            let paid = money::add(fees, taxes)?;
            if paid.is_zero() {
                continue;
            }
            let history = history.to_mut();
            if let (Some(flow), Some(day)) = (history.daily.flows.get_mut(at), history.daily.dates.get(at)) {
                *flow = money::sub(*flow, paid)?;
                history.flows.push((*day, -paid));
            }
        }
        Ok(history)
    }

    /// The chain of returns as it would be had charges been paid from outside.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] for sums that are too large.
    pub fn chain_before(&self, terms: ReturnTerms) -> Result<Cow<'_, Twr>, ServiceError> {
        Ok(match self.history_before(terms)? {
            Cow::Borrowed(_) => Cow::Borrowed(&self.chain),
            Cow::Owned(history) => Cow::Owned(history.chain()),
        })
    }

    /// The share of each instrument that is held at the end of the value then, over all accounts; nothing where one is not known.
    pub fn weights(&self) -> BTreeMap<Uuid, Option<f64>> {
        let mut weights = BTreeMap::new();
        for line in &self.ends[1].positions {
            let weight = weights.entry(line.instrument.uuid()).or_insert(Some(0.0));
            *weight = weight.zip(line.weight).map(|(sum, weight)| sum + weight);
        }
        weights
    }

    /// What each holding brought, the largest part first, and the rest.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] for sums that are too large.
    pub fn contributions(&self) -> Result<Vec<Contribution>, ServiceError> {
        let total = self.chain.total.map(|total| total.0);
        let steps = self.linked_steps();
        let weights = self.weights();
        let split = self.split()?;
        let mut contributions = Vec::with_capacity(split.lines.len() + 1);
        let mut rest = total;
        let mut gain = split.gain;
        for line in &split.lines {
            let part = total.and_then(|_| part_of(line, &steps));
            rest = rest.zip(part).map(|(rest, part)| rest - part);
            gain = match (gain, line.split) {
                (Some(gain), Some(of_line)) => Some(less(&gain, &of_line)?),
                _ => None,
            };
            let id = line.instrument.uuid();
            let weight = weights.get(&id).copied().unwrap_or(Some(0.0));
            contributions.push(Contribution { instrument: Some(id), contribution: part, gain: line.split, weight });
        }
        contributions
            .sort_by(|one, other| other.contribution.unwrap_or(0.0).total_cmp(&one.contribution.unwrap_or(0.0)));
        let weight = self.ends[1].cash.iter().try_fold(0.0, |sum, row| Some(sum + row.weight?));
        contributions.push(Contribution { instrument: None, contribution: rest, gain, weight });
        Ok(contributions)
    }

    /// The steps of the chain: the days that each spans, and what a gain within it counts for in the return of the range.
    fn linked_steps(&self) -> Vec<Step> {
        let daily = &self.history.daily;
        let Some(of_range) = self.chain.total.and_then(|total| carino(total.0)) else { return Vec::new() };
        let place = |date: NaiveDate| daily.dates.partition_point(|day| *day < date);
        let linked = self.chain.returns.iter().filter_map(|step| {
            let (from, to) = (place(step.from), place(step.date));
            let opening = daily.values.get(from).copied().flatten()?.to_f64()?;
            let flow: f64 = daily.flows.get(from + 1..=to)?.iter().filter_map(Decimal::to_f64).sum();
            let capital = FlowTimings::default().capital(opening, flow);
            Some(Step { from, to, factor: carino(step.value)? / of_range / capital })
        });
        linked.collect()
    }
}

struct Step {
    from: usize,
    to: usize,
    factor: f64,
}

/// What the gains of a line within the steps come to; nothing where one is unknown at the end of a step.
fn part_of(line: &Line, steps: &[Step]) -> Option<f64> {
    steps.iter().try_fold(0.0, |sum, step| {
        let gains = line.gains.get(step.from + 1..=step.to)?;
        gains.last().copied().flatten()?;
        let gain: f64 = gains.iter().flatten().filter_map(Decimal::to_f64).sum();
        Some(sum + gain * step.factor)
    })
}

fn less(whole: &GainSplit, part: &GainSplit) -> Result<GainSplit, ServiceError> {
    Ok(GainSplit {
        price: money::sub(whole.price, part.price)?,
        fx: money::sub(whole.fx, part.fx)?,
        income: money::sub(whole.income, part.income)?,
        fees: money::sub(whole.fees, part.fees)?,
        taxes: money::sub(whole.taxes, part.taxes)?,
        total: money::sub(whole.total, part.total)?,
    })
}
