//! What is computed from a book.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::analytics::{FlowTimings, Twr, carino};
use domain::money::{self, to_f64};
use domain::valuation::{GainSplit, Line};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::super::ServiceError;
use super::super::performance::{Performance, performance};
use super::super::valuation::History;
use super::{Book, Range};

/// What returns are before or after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReturnTerms {
    /// Before fees that are on no holding.
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

    /// History and chain of returns as they would be had charges been paid from outside.
    pub(super) fn before(&self, terms: ReturnTerms) -> Result<Before<'_>, ServiceError> {
        let history = self.history_before(terms)?;
        let chain = match &history {
            Cow::Borrowed(_) => Cow::Borrowed(&self.chain),
            Cow::Owned(history) => Cow::Owned(history.chain()),
        };
        Ok(Before { history, chain })
    }

    /// The chain of returns as it would be had charges been paid from outside.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] for sums that are too large.
    pub fn chain_before(&self, terms: ReturnTerms) -> Result<Cow<'_, Twr>, ServiceError> {
        Ok(self.before(terms)?.chain)
    }

    /// What each holding earned, and what was paid for it, as it would be had taxes been paid from outside. No fee that is on no holding
    /// makes a difference to one.
    pub(super) fn earned(&self, terms: ReturnTerms) -> Result<Vec<Earned<'_>>, ServiceError> {
        let taxes = if terms.gross_of_taxes { self.taxes_of_holdings(|_| true)? } else { BTreeMap::new() };
        let lines = self.split()?.lines.iter();
        lines.map(|line| Earned::before(line, taxes.get(&line.instrument.uuid()).map(Vec::as_slice))).collect()
    }

    /// The same of one.
    pub(super) fn earned_by<'a>(&self, line: &'a Line, terms: ReturnTerms) -> Result<Earned<'a>, ServiceError> {
        let id = line.instrument.uuid();
        let taxes = if terms.gross_of_taxes { self.taxes_of_holdings(|one| one == id)? } else { BTreeMap::new() };
        Earned::before(line, taxes.get(&id).map(Vec::as_slice))
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
    pub fn contributions(&self, terms: ReturnTerms) -> Result<Vec<Contribution>, ServiceError> {
        let before = self.before(terms)?;
        let total = before.chain.total.map(|total| total.0);
        let steps = before.linked_steps();
        let weights = self.weights();
        let earned = self.earned(terms)?;
        let mut contributions = Vec::with_capacity(earned.len() + 1);
        let mut rest = total;
        let mut gain = self.gain_before(terms)?;
        for one in &earned {
            let part = total.and_then(|_| part_of(&one.gains, &steps));
            rest = rest.zip(part).map(|(rest, part)| rest - part);
            gain = match (gain, one.split) {
                (Some(gain), Some(of_line)) => Some(less(&gain, &of_line)?),
                _ => None,
            };
            let id = one.line.instrument.uuid();
            let weight = weights.get(&id).copied().unwrap_or(Some(0.0));
            contributions.push(Contribution { instrument: Some(id), contribution: part, gain: one.split, weight });
        }
        contributions
            .sort_by(|one, other| other.contribution.unwrap_or(0.0).total_cmp(&one.contribution.unwrap_or(0.0)));
        let weight = self.ends[1].cash.iter().try_fold(0.0, |sum, row| Some(sum + row.weight?));
        contributions.push(Contribution { instrument: None, contribution: rest, gain, weight });
        Ok(contributions)
    }

    /// The gain over the range as it would be had charges been paid from outside.
    fn gain_before(&self, terms: ReturnTerms) -> Result<Option<GainSplit>, ServiceError> {
        let Some(gain) = self.split()?.gain else { return Ok(None) };
        let mut fees = Decimal::ZERO;
        if terms.gross_of_fees {
            for charge in self.charges()? {
                fees = money::add(fees, charge.fees)?;
            }
        }
        let taxes = if terms.gross_of_taxes { gain.taxes } else { Decimal::ZERO };
        without(&gain, fees, taxes).map(Some)
    }
}

/// A book's columns before charges, or after them.
pub(super) struct Before<'a> {
    /// Value and flows.
    pub history: Cow<'a, History>,
    /// The returns of it.
    pub chain: Cow<'a, Twr>,
}

impl Before<'_> {
    /// The steps of the chain: the days that each spans, and what a gain within it counts for in the return of the range.
    fn linked_steps(&self) -> Vec<Step> {
        let daily = &self.history.daily;
        let Some(of_range) = self.chain.total.and_then(|total| carino(total.0)) else { return Vec::new() };
        let place = |date: NaiveDate| daily.dates.partition_point(|day| *day < date);
        let linked = self.chain.returns.iter().filter_map(|step| {
            let (from, to) = (place(step.from), place(step.date));
            let opening = to_f64(daily.values.get(from).copied().flatten()?);
            let flow: f64 = daily.flows.get(from + 1..=to)?.iter().copied().map(to_f64).sum();
            let capital = FlowTimings::default().capital(opening, flow);
            Some(Step { from, to, factor: carino(step.value)? / of_range / capital })
        });
        linked.collect()
    }
}

/// What a holding earned before taxes, or after them.
pub(super) struct Earned<'a> {
    /// The holding after taxes.
    pub line: &'a Line,
    /// What was paid for it, as [`Line::flows`].
    pub flows: Cow<'a, [Decimal]>,
    /// What it gained, as [`Line::gains`].
    pub gains: Cow<'a, [Option<Decimal>]>,
    /// What that is made of over the range.
    pub split: Option<GainSplit>,
}

impl<'a> Earned<'a> {
    /// Before taxes, of each step.
    fn before(line: &'a Line, taxes: Option<&[Decimal]>) -> Result<Self, ServiceError> {
        let mut earned = Self { line, flows: Cow::from(&line.flows), gains: Cow::from(&line.gains), split: line.split };
        let Some(taxes) = taxes else { return Ok(earned) };
        // A gain over days without a value is in the step that bridges them, and so is what was paid on them.
        let mut unseen = Decimal::ZERO;
        for ((tax, flow), gain) in taxes.iter().zip(earned.flows.to_mut()).zip(earned.gains.to_mut()) {
            *flow = money::sub(*flow, *tax)?;
            unseen = money::add(unseen, *tax)?;
            if let Some(gain) = gain {
                *gain = money::add(*gain, std::mem::take(&mut unseen))?;
            }
        }
        earned.split = earned.split.map(|split| without(&split, Decimal::ZERO, split.taxes)).transpose()?;
        Ok(earned)
    }
}

struct Step {
    from: usize,
    to: usize,
    factor: f64,
}

/// What the gains of a holding within the steps come to; nothing where one is unknown at the end of a step.
fn part_of(gains: &[Option<Decimal>], steps: &[Step]) -> Option<f64> {
    steps.iter().try_fold(0.0, |sum, step| {
        let gains = gains.get(step.from + 1..=step.to)?;
        gains.last().copied().flatten()?;
        let gain: f64 = gains.iter().flatten().copied().map(to_f64).sum();
        Some(sum + gain * step.factor)
    })
}

/// A gain as it would be without these charges.
fn without(gain: &GainSplit, fees: Decimal, taxes: Decimal) -> Result<GainSplit, ServiceError> {
    Ok(GainSplit {
        fees: money::sub(gain.fees, fees)?,
        taxes: money::sub(gain.taxes, taxes)?,
        total: money::add(money::add(gain.total, fees)?, taxes)?,
        ..*gain
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
