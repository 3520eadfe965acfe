//! Returns in local currency, and what exchange rates did to them.

use std::ops::Range as Places;

use chrono::NaiveDate;
use domain::analytics::{FlowTimings, LocalAndCurrency, Twr, local_and_currency, policy, twr};
use domain::money::to_f64;
use domain::valuation::{self, LocalStep, Subject};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::super::ServiceError;
use super::super::performance::Figure;
use super::figures::Before;
use super::{Book, Part, ReturnTerms};

/// A time-weighted return and its two factors: (1 + local)·(1 + currency) − 1 is the return.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalReturns {
    /// The return.
    pub total: Figure,
    /// In local currency.
    pub local: Figure,
    /// Of the currencies.
    pub currency: Figure,
    /// The local return of each step that is linked, as far as it is known, beside the days that they end on.
    pub steps: Vec<(NaiveDate, Option<f64>)>,
}

impl Book {
    /// The return of the scope, taken apart.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] for sums that are too large.
    pub fn local_returns(&self, terms: ReturnTerms) -> Result<LocalReturns, ServiceError> {
        let Before { history, chain } = self.before(terms)?;
        let places = self.places(&chain);
        let split = self.split()?;
        let days = &self.history.daily.dates;
        let steps = self.value(|inputs| match (self.part, split.lines.first()) {
            (Part::Holding(_), Some(line)) => valuation::line_steps(inputs, days, line, &places),
            _ => valuation::scope_steps(inputs, days, &split.lines, &places),
        })?;
        let values = &history.daily.values;
        Ok(taken_apart(&chain, &places, values, &steps, terms).because(&self.history.missing(|_| true)))
    }

    /// The return of a holding by itself, taken apart: what is paid for it flows in, what it brings flows out. Nothing for one that is
    /// not in the scope.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] for sums that are too large.
    pub fn holding_returns(&self, instrument: Uuid, terms: ReturnTerms) -> Result<Option<LocalReturns>, ServiceError> {
        let lines = &self.split()?.lines;
        let Some(line) = lines.iter().find(|line| line.instrument.uuid() == instrument) else { return Ok(None) };
        let earned = self.earned_by(line, terms)?;
        let days = &self.history.daily.dates;
        let chain = chain_of(days, &line.values, &earned.flows);
        let places = self.places(&chain);
        let steps = self.value(|inputs| valuation::line_steps(inputs, days, line, &places))?;
        let is_of_line = |subject| match subject {
            Subject::Instrument(id) => id == line.instrument,
            Subject::Currency(currency) => currency == line.currency,
        };
        let returns = taken_apart(&chain, &places, &line.values, &steps, terms);
        Ok(Some(returns.because(&self.history.missing(is_of_line))))
    }

    /// Where the steps of a chain open and end among the valuation days.
    fn places(&self, chain: &Twr) -> Vec<Places<usize>> {
        let place = |date: NaiveDate| self.history.daily.dates.partition_point(|day| *day < date);
        chain.returns.iter().map(|step| place(step.from)..place(step.date)).collect()
    }
}

impl LocalReturns {
    /// With what is missing, where there is no figure.
    fn because(self, missing: &[(&'static str, String)]) -> Self {
        let [total, local, currency] =
            [self.total, self.local, self.currency].map(|figure| figure.with_reasons(missing));
        Self { total, local, currency, ..self }
    }
}

/// The time-weighted returns of a line.
fn chain_of(days: &[NaiveDate], values: &[Option<Decimal>], flows: &[Decimal]) -> Twr {
    let values: Vec<Option<f64>> = values.iter().map(|value| value.map(to_f64)).collect();
    let flows: Vec<f64> = flows.iter().copied().map(to_f64).collect();
    twr(days, &values, &flows, FlowTimings::default())
}

fn taken_apart(
    chain: &Twr,
    places: &[Places<usize>],
    values: &[Option<Decimal>],
    steps: &[Option<LocalStep>],
    terms: ReturnTerms,
) -> LocalReturns {
    let locals: Vec<Option<f64>> = places
        .iter()
        .zip(steps)
        .map(|(place, step)| {
            let opening = values.get(place.start).copied().flatten()?;
            local_return(to_f64(opening), step.as_ref()?, terms)
        })
        .collect();
    let total = Figure::of(policy::period_return(chain), |total| total.0);
    let withheld = |reasons: Vec<_>| Figure { value: None, reasons };
    let [local, currency] = if total.value.is_none() {
        [withheld(total.reasons.clone()), withheld(total.reasons.clone())]
    } else {
        let pairs = chain.returns.iter().zip(&locals);
        let pairs: Option<Vec<(f64, f64)>> = pairs.map(|(step, local)| Some((step.value, (*local)?))).collect();
        match pairs.and_then(local_and_currency) {
            Some(LocalAndCurrency { local, currency }) => {
                [local.0, currency.0].map(|value| Figure { value: Some(value), reasons: Vec::new() })
            }
            None => [(); 2].map(|()| withheld(unknown(chain, &locals, steps))),
        }
    };
    let dates = chain.returns.iter().map(|step| step.date);
    LocalReturns { total, local, currency, steps: dates.zip(locals).collect() }
}

/// The gain of a step over its capital, both at the rates that it opens with; nothing where there is no capital at these.
fn local_return(opening: f64, step: &LocalStep, terms: ReturnTerms) -> Option<f64> {
    let charged = [(terms.gross_of_fees, step.fees), (terms.gross_of_taxes, step.taxes)];
    let charged: f64 = charged.into_iter().filter(|one| one.0).map(|one| to_f64(one.1)).sum();
    let capital = FlowTimings::default().capital(opening, to_f64(step.flow) - charged);
    (capital > 0.0).then_some((to_f64(step.gain) + charged) / capital)
}

/// Why the steps cannot be linked: the first that is not known.
fn unknown(chain: &Twr, locals: &[Option<f64>], steps: &[Option<LocalStep>]) -> Vec<(&'static str, String)> {
    let mut all = chain.returns.iter().zip(locals).zip(steps);
    let first = all.find(|((_, local), _)| local.is_none_or(|local| local <= -1.0));
    let Some(((step, _), known)) = first else { return Vec::new() };
    let (from, to) = (step.from, step.date);
    vec![match known {
        None => ("NO_RATE", format!("what was earned from {from} to {to} is in a currency that has no rate on either")),
        Some(_) => ("NEGATIVE_CAPITAL", format!("nothing is left from {from} to {to} at the rates of {from}")),
    }]
}
