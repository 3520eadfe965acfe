//! What each holding did by day: its value, what was paid into it, its gain, and what the gain is made of.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::gain::GainSplit;
use super::{Inputs, ValuationError, flow_value};
use crate::id::InstrumentId;
use crate::ledger::{Flow, PositionPeriod};
use crate::money::{Currency, add, div, mul, mul_div, sub};
use crate::pricing::FxCursor;

/// An instrument of the scope by valuation day, over all accounts of the scope, in the currency that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What is held.
    pub instrument: InstrumentId,
    /// The currency that it is priced in.
    pub currency: Currency,
    /// Value at each close, zero where nothing is held; `None` where it is unknown.
    pub values: Vec<Option<Decimal>>,
    /// Net amount paid into the holding after the previous valuation day up to this one: purchases and expensed charges less proceeds
    /// and income, above zero inwards. Units that crossed the border of the scope count at the close of their day. Zero on the first day.
    pub flows: Vec<Decimal>,
    /// Gain since the last day with a known value, zero on the first; `None` where the value is unknown, so that a later day bridges it.
    pub gains: Vec<Option<Decimal>>,
    /// What the gain over all days is made of; `None` where the value of the first or the last day is unknown.
    pub split: Option<GainSplit>,
    /// The columns in the instrument's currency, where that is another than the one that was asked for.
    foreign: Option<Foreign>,
}

#[derive(Clone, Debug, PartialEq)]
struct Foreign {
    values: Vec<Option<Decimal>>,
    gains: Vec<Option<Decimal>>,
}

impl Line {
    /// Value at each close in the instrument's currency, zero where nothing is held; `None` without a price.
    pub fn local_values(&self) -> &[Option<Decimal>] {
        self.foreign.as_ref().map_or(&self.values, |foreign| &foreign.values)
    }

    /// The gain in the instrument's currency, income and charges in it, since the same day as in `gains`; `None` where that is, or where
    /// something was charged and the day has no rate. Charges count at their day's rate.
    pub fn local_gains(&self) -> &[Option<Decimal>] {
        self.foreign.as_ref().map_or(&self.gains, |foreign| &foreign.gains)
    }
}

/// Values each instrument on `days`, the first of which opens the range.
///
/// The books must be kept in the currency that is asked for. In a step from one day to the next the price effect is the gain in the
/// instrument's currency at the rate of the earlier day, and the currency effect is the rest: the cross term, and what a booked rate
/// differs from the day's, are in it. A spin-off or merger moves cost from one line to another, so what its market value differs from
/// that cost by is a gain of one and a loss of the other.
///
/// # Errors
/// [`ValuationError`]; a missing price or rate is none.
pub fn lines(inputs: &Inputs<'_>, days: &[NaiveDate]) -> Result<Vec<Line>, ValuationError> {
    let mut rows: BTreeMap<InstrumentId, Vec<&PositionPeriod>> = BTreeMap::new();
    for row in inputs.positions {
        rows.entry(row.instrument).or_default().push(row);
    }
    let mut in_kind: BTreeMap<InstrumentId, Vec<&Flow>> = BTreeMap::new();
    for flow in inputs.flows {
        if let Some(units) = flow.in_kind {
            in_kind.entry(units.instrument).or_default().push(flow);
        }
    }
    rows.into_iter()
        .map(|(instrument, rows)| {
            let flows = in_kind.remove(&instrument).unwrap_or_default();
            line(inputs, days, instrument, rows, &flows)
        })
        .collect()
}

/// What the books say of a holding at a close: cumulative but quantity and cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Books {
    quantity: Decimal,
    cost_local: Decimal,
    cost: Decimal,
    realized_local: Decimal,
    realized: Decimal,
    income_local: Decimal,
    income: Decimal,
    fees: Decimal,
    taxes: Decimal,
    expensed: Decimal,
}

impl Books {
    fn with(self, row: &PositionPeriod) -> Result<Self, ValuationError> {
        Ok(Self {
            quantity: add(self.quantity, row.quantity)?,
            cost_local: add(self.cost_local, row.cost_local)?,
            cost: add(self.cost, row.cost_base)?,
            realized_local: add(self.realized_local, row.realized_local)?,
            realized: add(self.realized, row.realized_base)?,
            income_local: add(self.income_local, row.income_local)?,
            income: add(self.income, row.income_base)?,
            fees: add(self.fees, row.fees_base)?,
            taxes: add(self.taxes, row.taxes_base)?,
            expensed: add(self.expensed, row.expensed_base)?,
        })
    }

    /// Fees and taxes inside cost and proceeds.
    fn embedded(&self) -> Result<Decimal, ValuationError> {
        Ok(sub(add(self.fees, self.taxes)?, self.expensed)?)
    }

    /// What was paid in and not taken out again.
    fn paid_in(&self) -> Result<Decimal, ValuationError> {
        Ok(add(sub(sub(self.cost, self.realized)?, self.income)?, self.expensed)?)
    }
}

/// The rows of an instrument as days go by.
struct Walk<'a> {
    /// By account, each in the order of its days, the next one first.
    accounts: Vec<&'a [&'a PositionPeriod]>,
    current: Vec<Option<&'a PositionPeriod>>,
    books: Books,
}

impl<'a> Walk<'a> {
    /// Of rows by account and day.
    fn new(rows: &'a [&'a PositionPeriod]) -> Self {
        let accounts: Vec<_> = rows.chunk_by(|one, other| one.account == other.account).collect();
        let current = vec![None; accounts.len()];
        Self { accounts, current, books: Books::default() }
    }

    /// Goes on to a day; whether the books of its close are others than before.
    fn go_to(&mut self, day: NaiveDate) -> Result<bool, ValuationError> {
        let mut has_moved = false;
        for (rows, current) in self.accounts.iter_mut().zip(&mut self.current) {
            while let [row, later @ ..] = *rows
                && row.valid_from <= day
            {
                (*rows, *current, has_moved) = (later, Some(*row), true);
            }
        }
        if has_moved {
            self.books = self.current.iter().flatten().try_fold(Books::default(), |books, row| books.with(row))?;
        }
        Ok(has_moved)
    }
}

/// What a holding is worth at a close: nothing held is worth nothing, whatever is known.
struct Worth {
    local: Option<Decimal>,
    value: Option<Decimal>,
    /// Units of the currency asked for per unit of the instrument's.
    rate: Option<Decimal>,
}

impl Worth {
    fn of(
        units: Decimal,
        price: Option<Decimal>,
        rates: Option<&mut FxCursor<'_>>,
        day: NaiveDate,
    ) -> Result<Self, ValuationError> {
        let Some(rates) = rates else {
            let value =
                if units.is_zero() { Some(Decimal::ZERO) } else { price.map(|price| mul(units, price)).transpose()? };
            return Ok(Self { local: value, value, rate: Some(Decimal::ONE) });
        };
        let known = match rates.at(day) {
            Ok(rate) => Some(rate),
            Err(error) => ValuationError::missing(error).map(|_| None)?,
        };
        let rate = known.map(|rate| rate.value()).transpose()?;
        if units.is_zero() {
            return Ok(Self { local: Some(Decimal::ZERO), value: Some(Decimal::ZERO), rate });
        }
        let local = price.map(|price| mul(units, price)).transpose()?;
        let value = local.zip(known).map(|(local, rate)| rate.convert(local)).transpose()?;
        Ok(Self { local, value, rate })
    }
}

/// A close whose value is known.
#[derive(Clone, Copy)]
struct Known {
    books: Books,
    local: Decimal,
    value: Decimal,
    rate: Option<Decimal>,
}

/// What units that crossed the border were worth above their cost, in the currency asked for and in their own.
#[derive(Clone, Copy, Default, PartialEq)]
struct Crossed {
    value: Decimal,
    local: Decimal,
}

/// A line while its days go by.
struct Building {
    line: Line,
    split: GainSplit,
    paid_in: Decimal,
    /// The last close whose value is known, and what crossed since.
    known: Option<Known>,
    crossed: Crossed,
    /// Whether the books are still those of that close, and nothing crossed.
    is_quiet: bool,
    /// What the quiet days so far are of that stand in no split yet.
    quiet: Quiet,
}

/// Days on which prices and rates alone moved.
#[derive(Clone, Copy, Default)]
struct Quiet {
    /// The value that they begin with.
    opening: Decimal,
    /// The price effect where a rate moved too; without one it is all that the value did.
    price: Decimal,
}

fn line(
    inputs: &Inputs<'_>,
    days: &[NaiveDate],
    instrument: InstrumentId,
    mut rows: Vec<&PositionPeriod>,
    in_kind: &[&Flow],
) -> Result<Line, ValuationError> {
    let terms = inputs.instruments.get(&instrument).ok_or(ValuationError::UnknownInstrument { instrument })?;
    let prices = inputs.prices.get(&instrument);
    let mut closes = prices.map(|prices| prices.series.cursor(prices.max_age));
    let mut rates = (terms.currency() != inputs.currency).then(|| inputs.fx.cursor(terms.currency(), inputs.currency));
    rows.sort_by_key(|row| (row.account, row.valid_from));
    let mut walk = Walk::new(&rows);
    let mut building = Building::new(instrument, terms.currency(), inputs.currency, days.len());
    let mut previous: Option<NaiveDate> = None;
    let mut units = Decimal::ZERO;
    for &day in days {
        let has_moved = walk.go_to(day)?;
        if has_moved {
            units = mul(walk.books.quantity, terms.multiplier())?;
        }
        let price = closes.as_mut().and_then(|closes| closes.as_of(day).value());
        let worth = Worth::of(units, price, rates.as_mut(), day)?;
        let since = |flow: &&&Flow| previous.is_some_and(|last| flow.date > last) && flow.date <= day;
        let crossed = in_kind.iter().filter(since).try_fold(Crossed::default(), |sum, flow| sum.with(inputs, flow))?;
        building.is_quiet &= !has_moved && crossed == Crossed::default();
        building.add(&walk.books, &worth, crossed)?;
        previous = Some(day);
    }
    building.settle_quiet()?;
    let Building { mut line, split, .. } = building;
    let ends = [line.values.first(), line.values.last()];
    line.split = ends.iter().all(|end| end.is_some_and(Option::is_some)).then_some(split);
    Ok(line)
}

impl Building {
    fn new(instrument: InstrumentId, currency: Currency, asked: Currency, days: usize) -> Self {
        let column = || Vec::with_capacity(days);
        let foreign = (currency != asked).then(|| Foreign { values: column(), gains: column() });
        let flows = Vec::with_capacity(days);
        Self {
            line: Line { instrument, currency, values: column(), flows, gains: column(), split: None, foreign },
            split: GainSplit::default(),
            paid_in: Decimal::ZERO,
            known: None,
            crossed: Crossed::default(),
            is_quiet: false,
            quiet: Quiet::default(),
        }
    }

    /// Adds a close, and what crossed since the one before.
    fn add(&mut self, books: &Books, worth: &Worth, crossed: Crossed) -> Result<(), ValuationError> {
        if self.is_quiet {
            return self.add_quiet(worth);
        }
        self.settle_quiet()?;
        let is_first = self.line.values.is_empty();
        let paid_in = books.paid_in()?;
        let flow = add(sub(paid_in, self.paid_in)?, crossed.value)?;
        self.paid_in = paid_in;
        self.crossed = self.crossed.plus(crossed)?;
        let known =
            worth.value.zip(worth.local).map(|(value, local)| Known { books: *books, local, value, rate: worth.rate });
        let (gain, local_gain) = match (&self.known, &known) {
            (Some(before), Some(known)) => {
                let step = step(before, known, self.line.foreign.is_none(), self.crossed)?;
                self.split = self.split.plus(&step)?;
                (Some(step.total), local_step(before, known, self.crossed)?)
            }
            (None, Some(_)) if is_first => (Some(Decimal::ZERO), Some(Decimal::ZERO)),
            _ => (None, None),
        };
        self.push(worth, if is_first { Decimal::ZERO } else { flow }, gain, local_gain);
        if let Some(close) = known {
            self.quiet = Quiet { opening: close.value, price: Decimal::ZERO };
            (self.known, self.crossed, self.is_quiet) = (known, Crossed::default(), true);
        }
        Ok(())
    }

    /// As [`Building::add`] of a close with the books of the last known one. Most days are such.
    fn add_quiet(&mut self, worth: &Worth) -> Result<(), ValuationError> {
        let (Some(before), Some(value), Some(local)) = (&mut self.known, worth.value, worth.local) else {
            self.push(worth, Decimal::ZERO, None, None);
            return Ok(());
        };
        let moved = sub(value, before.value)?;
        let mut local_moved = moved;
        if self.line.foreign.is_some() {
            local_moved = sub(local, before.local)?;
            let price = match before.rate.or(worth.rate) {
                Some(rate) => mul(local_moved, rate)?,
                None => moved,
            };
            self.quiet.price = add(self.quiet.price, price)?;
        }
        (before.local, before.value, before.rate) = (local, value, worth.rate);
        self.push(worth, Decimal::ZERO, Some(moved), Some(local_moved));
        Ok(())
    }

    /// Takes the quiet days so far into the split.
    fn settle_quiet(&mut self) -> Result<(), ValuationError> {
        let Some(known) = &self.known else { return Ok(()) };
        let moved = sub(known.value, self.quiet.opening)?;
        let price = if self.line.foreign.is_some() { self.quiet.price } else { moved };
        self.split.price = add(self.split.price, price)?;
        self.split.fx = add(self.split.fx, sub(moved, price)?)?;
        self.split.total = add(self.split.total, moved)?;
        self.quiet = Quiet { opening: known.value, price: Decimal::ZERO };
        Ok(())
    }

    #[inline]
    fn push(&mut self, worth: &Worth, flow: Decimal, gain: Option<Decimal>, local_gain: Option<Decimal>) {
        self.line.values.push(worth.value);
        self.line.flows.push(flow);
        self.line.gains.push(gain);
        if let Some(foreign) = &mut self.line.foreign {
            foreign.values.push(worth.local);
            foreign.gains.push(local_gain);
        }
    }
}

impl Crossed {
    fn plus(self, other: Self) -> Result<Self, ValuationError> {
        Ok(Self { value: add(self.value, other.value)?, local: add(self.local, other.local)? })
    }

    fn with(self, inputs: &Inputs<'_>, flow: &Flow) -> Result<Self, ValuationError> {
        let in_own = Inputs { currency: flow.currency, ..*inputs };
        let value = sub(flow_value(inputs, flow)?, flow.amount_base)?;
        self.plus(Self { value, local: sub(flow_value(&in_own, flow)?, flow.amount)? })
    }
}

/// What happened between two closes.
fn step(before: &Known, after: &Known, is_own_currency: bool, crossed: Crossed) -> Result<GainSplit, ValuationError> {
    let change = |of: fn(&Books) -> Decimal| sub(of(&after.books), of(&before.books));
    let embedded = sub(after.books.embedded()?, before.books.embedded()?)?;
    let unrealized = sub(sub(after.value, before.value)?, change(|books| books.cost)?)?;
    let moved = sub(add(add(unrealized, change(|books| books.realized)?)?, embedded)?, crossed.value)?;
    let local = local_moved(before, after, crossed)?;
    // Where nothing was held before, or no rate was known, no rate could have moved.
    let rate = before.rate.or(after.rate);
    let price = match (rate, after.rate) {
        _ if is_own_currency => moved,
        (Some(rate), Some(now)) if !embedded.is_zero() => add(mul(local, rate)?, mul_div(embedded, rate, now)?)?,
        (Some(rate), _) => add(mul(local, rate)?, embedded)?,
        (None, _) => moved,
    };
    let (income, fees, taxes) =
        (change(|books| books.income)?, change(|books| books.fees)?, change(|books| books.taxes)?);
    let total = sub(sub(add(moved, income)?, fees)?, taxes)?;
    Ok(GainSplit { price, fx: sub(moved, price)?, income, fees, taxes, total })
}

/// What prices did between two closes in the instrument's currency, after charges inside cost and proceeds.
fn local_moved(before: &Known, after: &Known, crossed: Crossed) -> Result<Decimal, ValuationError> {
    let change = |of: fn(&Books) -> Decimal| sub(of(&after.books), of(&before.books));
    let unrealized = sub(sub(after.local, before.local)?, change(|books| books.cost_local)?)?;
    Ok(sub(add(unrealized, change(|books| books.realized_local)?)?, crossed.local)?)
}

/// The gain between two closes in the instrument's currency.
fn local_step(before: &Known, after: &Known, crossed: Crossed) -> Result<Option<Decimal>, ValuationError> {
    let change = |of: fn(&Books) -> Decimal| sub(of(&after.books), of(&before.books));
    let expensed = change(|books| books.expensed)?;
    let charged = match after.rate.or(before.rate) {
        _ if expensed.is_zero() => Decimal::ZERO,
        Some(rate) if !rate.is_zero() => div(expensed, rate)?,
        _ => return Ok(None),
    };
    let earned = add(local_moved(before, after, crossed)?, change(|books| books.income_local)?)?;
    Ok(Some(sub(earned, charged)?))
}
