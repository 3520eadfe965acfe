//! Every line of a portfolio on one day: quantity, price, value, weight and gain, with what is missing said.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{Inputs, MissingInput, Subject, ValuationError};
use crate::id::{AccountId, InstrumentId};
use crate::ledger::{CashPeriod, InstrumentTerms, PositionPeriod};
use crate::money::{Currency, add, div, mul, sub};
use crate::pricing::{Lookup, MissingReason, Rate};

/// The lines and totals of a day, in the currency that was asked for unless a field says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Holdings {
    /// The day; values are at its close.
    pub as_of: NaiveDate,
    /// Securities held at its end, in the order of the rows.
    pub positions: Vec<HoldingLine>,
    /// Cash balances other than zero, in the order of the rows.
    pub cash: Vec<CashLine>,
    /// Value of all lines; `None` where one has none.
    pub value: Option<Decimal>,
    /// What is known, whatever is missing.
    pub known: Known,
}

/// The known part of a total.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Value of the lines that have one.
    pub value: Decimal,
    /// Share of lines (securities and cash balances, by count) that have a value: 0 to 1, 1 where there are no lines.
    pub coverage: f64,
    /// The lines without a value.
    pub missing: Vec<MissingLine>,
}

/// A line without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingLine {
    /// Where it is held.
    pub account: AccountId,
    /// What is held: the instrument, or the currency of a cash balance.
    pub line: Subject,
    /// What it lacks.
    pub input: MissingInput,
}

/// A security held.
#[derive(Clone, Debug, PartialEq)]
pub struct HoldingLine {
    /// Where it is held.
    pub account: AccountId,
    /// What is held.
    pub instrument: InstrumentId,
    /// The instrument's currency, that of `price` and the `…_local` fields.
    pub local_currency: Currency,
    /// Units.
    pub quantity: Decimal,
    /// The price as quoted, with its day and status.
    pub price: Lookup,
    /// The currency rate; `None` where it or the price is missing.
    pub rate: Option<Rate>,
    /// Quantity × price × multiplier.
    pub market_value_local: Option<Decimal>,
    /// The same at the day's rate.
    pub market_value: Option<Decimal>,
    /// Share of the total value, as a fraction; `None` unless the total is known and above zero.
    pub weight: Option<f64>,
    /// What the open lots cost.
    pub cost_local: Decimal,
    /// What the open lots cost at the trade dates' rates, in the base currency of the books.
    pub cost_base: Decimal,
    /// Value minus cost in the instrument's currency.
    pub unrealized_gain_local: Option<Decimal>,
    /// Value at the day's rate minus cost at the trade dates' rates; `None` where the value is, and where the currency
    /// asked for is not the books' base: cost in another currency needs books in that currency.
    pub unrealized_gain: Option<Decimal>,
}

/// A cash balance.
#[derive(Clone, Debug, PartialEq)]
pub struct CashLine {
    /// Where it is held.
    pub account: AccountId,
    /// Its currency.
    pub currency: Currency,
    /// The balance in that currency.
    pub amount: Decimal,
    /// The part of it that has not settled: receivables minus payables.
    pub unsettled: Decimal,
    /// The currency rate; `None` where it is missing.
    pub rate: Option<Rate>,
    /// The balance at the day's rate.
    pub value: Option<Decimal>,
    /// Share of the total value, as a fraction; `None` unless the total is known and above zero.
    pub weight: Option<f64>,
}

/// Values each line at the end of `as_of`.
///
/// # Errors
/// [`ValuationError`]; a missing price or rate is none, it is reported in [`Known::missing`].
pub fn holdings(inputs: &Inputs<'_>, as_of: NaiveDate) -> Result<Holdings, ValuationError> {
    let mut lines = Lines { inputs, as_of, known: Decimal::ZERO, missing: Vec::new() };
    let mut positions = Vec::new();
    for row in inputs.positions.iter().filter(|row| covers(row.valid_from, row.valid_until, as_of)) {
        if !row.quantity.is_zero() {
            positions.push(lines.position(row)?);
        }
    }
    let mut cash = Vec::new();
    for row in inputs.cash.iter().filter(|row| covers(row.valid_from, row.valid_until, as_of)) {
        if !row.amount.is_zero() {
            cash.push(lines.cash(row)?);
        }
    }
    let Lines { known, missing, .. } = lines;
    let value = missing.is_empty().then_some(known);
    for line in &mut positions {
        line.weight = weight(line.market_value, value);
    }
    for line in &mut cash {
        line.weight = weight(line.value, value);
    }
    let coverage = match positions.len() + cash.len() {
        0 => 1.0,
        count => (count - missing.len()) as f64 / count as f64,
    };
    Ok(Holdings { as_of, positions, cash, value, known: Known { value: known, coverage, missing } })
}

fn covers(from: NaiveDate, until: Option<NaiveDate>, date: NaiveDate) -> bool {
    from <= date && until.is_none_or(|until| date < until)
}

fn weight(value: Option<Decimal>, total: Option<Decimal>) -> Option<f64> {
    let total = total.filter(|total| *total > Decimal::ZERO)?;
    div(value?, total).ok()?.to_f64()
}

/// Lines while they are added up.
struct Lines<'a> {
    inputs: &'a Inputs<'a>,
    as_of: NaiveDate,
    known: Decimal,
    missing: Vec<MissingLine>,
}

impl Lines<'_> {
    fn position(&mut self, row: &PositionPeriod) -> Result<HoldingLine, ValuationError> {
        let instrument = row.instrument;
        let terms = self.inputs.instruments.get(&instrument);
        let terms = terms.ok_or(ValuationError::UnknownInstrument { instrument })?;
        let price = match self.inputs.prices.get(&instrument) {
            Some(prices) => prices.series.as_of(self.as_of, prices.max_age),
            None => Lookup::Missing { reason: MissingReason::NoData },
        };
        let line = Subject::Instrument(instrument);
        let (market_value_local, market_value, rate) = match price {
            Lookup::Missing { reason } => {
                let input = MissingInput { subject: line, reason };
                self.missing.push(MissingLine { account: row.account, line, input });
                (None, None, None)
            }
            Lookup::Known { value, .. } => {
                let local = local_value(row.quantity, value, terms)?;
                let (value, rate) = self.convert(row.account, line, local, terms.currency())?;
                (Some(local), value, rate)
            }
        };
        let gain = |value: Option<Decimal>, cost| value.map(|value| sub(value, cost)).transpose();
        let in_base = market_value.filter(|_| self.inputs.currency == self.inputs.base);
        Ok(HoldingLine {
            account: row.account,
            instrument,
            local_currency: terms.currency(),
            quantity: row.quantity,
            price,
            rate,
            market_value_local,
            market_value,
            weight: None,
            cost_local: row.cost_local,
            cost_base: row.cost_base,
            unrealized_gain_local: gain(market_value_local, row.cost_local)?,
            unrealized_gain: gain(in_base, row.cost_base)?,
        })
    }

    fn cash(&mut self, row: &CashPeriod) -> Result<CashLine, ValuationError> {
        let line = Subject::Currency(row.currency);
        let (value, rate) = self.convert(row.account, line, row.amount, row.currency)?;
        Ok(CashLine {
            account: row.account,
            currency: row.currency,
            amount: row.amount,
            unsettled: row.unsettled,
            rate,
            value,
            weight: None,
        })
    }

    /// The value of a line and its rate, counted as known or noted as missing.
    fn convert(
        &mut self,
        account: AccountId,
        line: Subject,
        local: Decimal,
        currency: Currency,
    ) -> Result<(Option<Decimal>, Option<Rate>), ValuationError> {
        match self.inputs.fx.rate(currency, self.inputs.currency, self.as_of) {
            Ok(rate) => {
                let value = rate.convert(local)?;
                self.known = add(self.known, value)?;
                Ok((Some(value), Some(rate)))
            }
            Err(error) => {
                let input = ValuationError::missing(error)?;
                self.missing.push(MissingLine { account, line, input });
                Ok((None, None))
            }
        }
    }
}

fn local_value(quantity: Decimal, price: Decimal, terms: &InstrumentTerms) -> Result<Decimal, ValuationError> {
    Ok(mul(mul(quantity, terms.multiplier())?, price)?)
}
