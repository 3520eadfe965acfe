//! What a step of returns would have been had no exchange rate moved within it.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Inputs, Line, ValuationError, flow_value};
use crate::id::InstrumentId;
use crate::ledger::CashPeriod;
use crate::money::{Currency, add, mul, mul_div, sub};

/// What happened between two closes, in the currency that was asked for, everything at the rates that the step opens with.
///
/// A currency that has no rate at the opening, which nothing was held in then, is taken at the end's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalStep {
    /// The gain in local currencies, income and charges in it.
    pub gain: Decimal,
    /// What was paid in, net.
    pub flow: Decimal,
    /// Of the gain, fees that no trade and no holding carries; above zero where they were charged.
    pub fees: Decimal,
    /// Of the gain, taxes, those withheld and those of trades too; above zero where they were charged.
    pub taxes: Decimal,
}

/// The steps of everything in the scope, cash too, which earns interest in its own currency and nothing else. A step is the places of
/// the days that it opens from and ends on. `None` where a rate is missing at both or the gain of a line is unknown.
///
/// # Errors
/// [`ValuationError`]; a missing price or rate is none.
pub fn scope_steps(
    inputs: &Inputs<'_>,
    days: &[NaiveDate],
    lines: &[Line],
    steps: &[Range<usize>],
) -> Result<Vec<Option<LocalStep>>, ValuationError> {
    let mut columns = Columns::new(days, steps);
    for line in lines {
        columns.add_line(line)?;
    }
    let rows = inputs.cash.iter().map(|row| ((row.account, row.currency), row.valid_from, row));
    for ((_, currency), day, row, before) in by_owner(rows) {
        let change = |of: fn(&CashPeriod) -> Decimal| {
            sub(of(row), before.map_or(Decimal::ZERO, of)).map_err(ValuationError::from)
        };
        let (interest, fees, taxes) =
            (change(|row| row.interest_base)?, change(|row| row.fees_base)?, change(|row| row.taxes_base)?);
        let gain = sub(sub(interest, fees)?, taxes)?;
        columns.add_booked(currency, day, LocalStep { gain, flow: Decimal::ZERO, fees, taxes })?;
    }
    columns.add_taxes(inputs, |_| true)?;
    for flow in inputs.flows {
        if let Some(at) = columns.step_of(flow.date) {
            let amount = flow_value(&Inputs { currency: flow.currency, ..*inputs }, flow)?;
            columns.add(at, flow.currency, LocalStep { flow: amount, ..LocalStep::default() })?;
        }
    }
    columns.at_opening_rates(inputs)
}

/// The steps of one line by itself: what is paid for it flows in, what it brings flows out.
///
/// # Errors
/// [`ValuationError`]; a missing price or rate is none.
pub fn line_steps(
    inputs: &Inputs<'_>,
    days: &[NaiveDate],
    line: &Line,
    steps: &[Range<usize>],
) -> Result<Vec<Option<LocalStep>>, ValuationError> {
    let mut columns = Columns::new(days, steps);
    columns.add_line(line)?;
    columns.add_taxes(inputs, |instrument| instrument == line.instrument)?;
    for (at, step) in steps.iter().enumerate() {
        let value = |place: usize| line.local_values().get(place).copied().flatten();
        let (Some(before), Some(after)) = (value(step.start), value(step.end)) else {
            columns.lose(at);
            continue;
        };
        let gain =
            columns.local.get(at).and_then(|sums| sums.get(&line.currency)).map_or(Decimal::ZERO, |sum| sum.gain);
        let flow = sub(sub(after, before)?, gain)?;
        columns.add(at, line.currency, LocalStep { flow, ..LocalStep::default() })?;
    }
    columns.at_opening_rates(inputs)
}

/// Cumulative rows by whose they are and day, each with the one before it.
fn by_owner<'a, K: Ord + Copy, T>(
    rows: impl Iterator<Item = (K, NaiveDate, &'a T)>,
) -> Vec<(K, NaiveDate, &'a T, Option<&'a T>)> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|(owner, day, _)| (*owner, *day));
    let before = std::iter::once(None).chain(rows.iter().map(|row| Some((row.0, row.2))));
    let of_owner = |owner, before: Option<(K, &'a T)>| before.filter(|row| row.0 == owner).map(|row| row.1);
    rows.iter().zip(before).map(|((owner, day, row), before)| (*owner, *day, *row, of_owner(*owner, before))).collect()
}

/// Sums of each step by currency: in it, and what was booked in the currency asked for.
struct Columns<'a> {
    days: &'a [NaiveDate],
    steps: &'a [Range<usize>],
    local: Vec<BTreeMap<Currency, LocalStep>>,
    booked: Vec<BTreeMap<Currency, LocalStep>>,
    /// Of which steps something is unknown.
    lost: Vec<bool>,
}

impl<'a> Columns<'a> {
    fn new(days: &'a [NaiveDate], steps: &'a [Range<usize>]) -> Self {
        let sums = vec![BTreeMap::new(); steps.len()];
        Self { days, steps, local: sums.clone(), booked: sums, lost: vec![false; steps.len()] }
    }

    /// The step that a day is in.
    fn step_of(&self, day: NaiveDate) -> Option<usize> {
        let place = self.days.partition_point(|one| *one < day);
        let at = self.steps.partition_point(|step| step.end < place);
        self.steps.get(at).filter(|step| step.start < place && place < self.days.len()).map(|_| at)
    }

    fn lose(&mut self, at: usize) {
        if let Some(lost) = self.lost.get_mut(at) {
            *lost = true;
        }
    }

    fn add(&mut self, at: usize, currency: Currency, amounts: LocalStep) -> Result<(), ValuationError> {
        if let Some(sums) = self.local.get_mut(at) {
            sums.entry(currency).or_default().add(&amounts)?;
        }
        Ok(())
    }

    fn add_booked(&mut self, currency: Currency, day: NaiveDate, amounts: LocalStep) -> Result<(), ValuationError> {
        if amounts != LocalStep::default()
            && let Some(at) = self.step_of(day)
            && let Some(sums) = self.booked.get_mut(at)
        {
            sums.entry(currency).or_default().add(&amounts)?;
        }
        Ok(())
    }

    /// Taxes on holdings, which the gains of their lines have already.
    fn add_taxes(&mut self, inputs: &Inputs<'_>, is_of: impl Fn(InstrumentId) -> bool) -> Result<(), ValuationError> {
        let rows = inputs.positions.iter().filter(|row| is_of(row.instrument));
        let rows = rows.map(|row| ((row.account, row.instrument), row.valid_from, row));
        for ((_, instrument), day, row, before) in by_owner(rows) {
            let terms = inputs.instruments.get(&instrument).ok_or(ValuationError::UnknownInstrument { instrument })?;
            let taxes = sub(row.taxes_base, before.map_or(Decimal::ZERO, |row| row.taxes_base))?;
            self.add_booked(terms.currency(), day, LocalStep { taxes, ..LocalStep::default() })?;
        }
        Ok(())
    }

    fn add_line(&mut self, line: &Line) -> Result<(), ValuationError> {
        for (at, step) in self.steps.iter().enumerate() {
            let within = step.start + 1..=step.end;
            let (Some(gains), Some(all)) = (line.local_gains().get(within.clone()), line.gains.get(within)) else {
                continue;
            };
            // What is known in total but not in its own currency, and what is not known at the end, is not told.
            let is_known = all.last().is_some_and(Option::is_some)
                && all.iter().zip(gains).all(|(all, local)| all.is_some() == local.is_some());
            if !is_known {
                self.lose(at);
                continue;
            }
            let gain = gains.iter().flatten().copied().try_fold(Decimal::ZERO, add)?;
            if !gain.is_zero() {
                self.add(at, line.currency, LocalStep { gain, ..LocalStep::default() })?;
            }
        }
        Ok(())
    }

    /// Everything at the rates that each step opens with.
    fn at_opening_rates(self, inputs: &Inputs<'_>) -> Result<Vec<Option<LocalStep>>, ValuationError> {
        let mut currencies: Vec<Currency> =
            self.local.iter().chain(&self.booked).flat_map(BTreeMap::keys).copied().collect();
        currencies.sort_unstable();
        currencies.dedup();
        let mut rates = BTreeMap::new();
        for currency in currencies {
            let mut cursor = inputs.fx.cursor(currency, inputs.currency);
            let mut column = Vec::with_capacity(self.days.len());
            for &day in self.days {
                column.push(match cursor.at(day) {
                    Ok(rate) => Some(rate.value()?),
                    Err(error) => ValuationError::missing(error).map(|_| None)?,
                });
            }
            rates.insert(currency, column);
        }
        let at = |currency: &Currency, place: usize| rates.get(currency)?.get(place).copied().flatten();
        let sums = self.local.iter().zip(&self.booked).zip(self.steps).zip(&self.lost);
        sums.map(|(((local, booked), step), lost)| {
            let mut total = LocalStep::default();
            let opening = |currency| at(currency, step.start).or_else(|| at(currency, step.end));
            for (currency, sum) in local {
                let Some(rate) = opening(currency) else { return Ok(None) };
                total.add(&sum.each(|amount| Ok(mul(amount, rate)?))?)?;
            }
            for (currency, sum) in booked {
                let (Some(rate), Some(now)) = (opening(currency), at(currency, step.end)) else { return Ok(None) };
                total.add(&sum.each(|amount| Ok(mul_div(amount, rate, now)?))?)?;
            }
            Ok((!lost).then_some(total))
        })
        .collect()
    }
}

impl LocalStep {
    fn add(&mut self, other: &Self) -> Result<(), ValuationError> {
        *self = Self {
            gain: add(self.gain, other.gain)?,
            flow: add(self.flow, other.flow)?,
            fees: add(self.fees, other.fees)?,
            taxes: add(self.taxes, other.taxes)?,
        };
        Ok(())
    }

    fn each(&self, of: impl Fn(Decimal) -> Result<Decimal, ValuationError>) -> Result<Self, ValuationError> {
        Ok(Self { gain: of(self.gain)?, flow: of(self.flow)?, fees: of(self.fees)?, taxes: of(self.taxes)? })
    }
}
