//! Booked transactions, read on a day: what was held, what it cost and brought, and what it was worth.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::id::{AccountId, InstrumentId};
use domain::ledger::{Booking, CashPeriod, Flow, PositionPeriod};
use domain::money::{Currency, add};
use domain::pricing::{Lookup, MaxAge};
use domain::valuation::{HoldingLine, Holdings, Inputs, PriceSource, Subject, flow_value, holdings};
use rust_decimal::Decimal;

use super::world::World;
use crate::problem::Problem;

pub(super) struct Books<'a> {
    pub(super) world: &'a World,
    pub(super) booking: Booking,
}

/// A sum that may fail.
pub(super) fn sum(parts: impl IntoIterator<Item = Result<Decimal, Problem>>) -> Result<Decimal, Problem> {
    parts.into_iter().try_fold(Decimal::ZERO, |total, part| Ok(add(total, part?)?))
}

impl Books<'_> {
    /// The rows of every holding that there was by the end of a day, those that were sold too.
    pub(super) fn rows(&self, date: NaiveDate) -> impl Iterator<Item = &PositionPeriod> {
        let covers =
            move |row: &&PositionPeriod| row.valid_from <= date && row.valid_until.is_none_or(|end| date < end);
        self.booking.positions.iter().filter(covers)
    }

    /// The balances at the end of a day.
    pub(super) fn cash(&self, date: NaiveDate) -> impl Iterator<Item = &CashPeriod> {
        let covers = move |row: &&CashPeriod| row.valid_from <= date && row.valid_until.is_none_or(|end| date < end);
        self.booking.cash.iter().filter(covers)
    }

    /// What crossed the border of the portfolio up to the end of a day.
    pub(super) fn flows(&self, until: NaiveDate) -> impl Iterator<Item = &Flow> {
        let internal = &self.world.internal;
        let external = move |flow: &&Flow| flow.counter_account.is_none() && !internal.contains(&flow.transaction);
        self.booking.flows.iter().filter(external).filter(move |flow| flow.date <= until)
    }

    /// An amount in the base currency at the rate of a day.
    pub(super) fn to_base(&self, amount: Decimal, currency: Currency, date: NaiveDate) -> Result<Decimal, Problem> {
        // Nothing is nothing in every currency, as the ledger has it.
        if amount.is_zero() {
            return Ok(amount);
        }
        Ok(self.world.fx.convert(amount, currency, self.world.policy.base, date)?)
    }

    /// The currency of an instrument.
    pub(super) fn currency(&self, instrument: InstrumentId) -> Currency {
        self.world.instruments.get(&instrument).map_or(self.world.policy.base, |terms| terms.currency())
    }

    /// The price of an instrument on a day.
    pub(super) fn price(&self, instrument: InstrumentId, date: NaiveDate) -> Result<Decimal, Problem> {
        let series = self.world.prices.get(&instrument);
        let price = series.map(|series| series.as_of(date, MaxAge::UntilReplaced)).and_then(Lookup::value);
        price.ok_or_else(|| self.no_price(instrument, date))
    }

    fn no_price(&self, instrument: InstrumentId, date: NaiveDate) -> Problem {
        Problem::NoPrice { symbol: self.world.symbols.name(instrument.uuid()).to_owned(), date }
    }

    /// The product's valuation of a day.
    pub(super) fn valued(&self, date: NaiveDate) -> Result<Valued, Problem> {
        let sources = self.sources();
        let holdings = holdings(&self.inputs(&sources), date)?;
        Ok(Valued { holdings })
    }

    /// What units that leave are worth in the base currency: what the case says, else the day's close.
    pub(super) fn worth_of_leaving(&self, flow: &Flow) -> Result<Decimal, Problem> {
        if let Some(&(worth, currency)) = self.world.worth.get(&flow.transaction) {
            return self.to_base(worth, currency, flow.date);
        }
        let sources = self.sources();
        Ok(-flow_value(&self.inputs(&sources), flow)?)
    }

    fn sources(&self) -> BTreeMap<InstrumentId, PriceSource<'_>> {
        let source = |series| PriceSource { series, max_age: MaxAge::UntilReplaced };
        self.world.prices.iter().map(|(id, series)| (*id, source(series))).collect()
    }

    fn inputs<'i>(&'i self, prices: &'i BTreeMap<InstrumentId, PriceSource<'i>>) -> Inputs<'i> {
        Inputs {
            positions: &self.booking.positions,
            cash: &self.booking.cash,
            flows: &self.booking.flows,
            instruments: &self.world.instruments,
            prices,
            fx: &self.world.fx,
            base: self.world.policy.base,
            currency: self.world.policy.base,
        }
    }
}

/// The holdings of a day with what they are worth.
pub(super) struct Valued {
    holdings: Holdings,
}

impl Valued {
    /// The line of a holding; none where no unit is held.
    pub(super) fn line(&self, account: AccountId, instrument: InstrumentId) -> Option<&HoldingLine> {
        self.holdings.positions.iter().find(|line| line.account == account && line.instrument == instrument)
    }

    /// What a holding's units are worth in its own and in the base currency.
    pub(super) fn worth(&self, books: &Books<'_>, row: &PositionPeriod) -> Result<(Decimal, Decimal), Problem> {
        let Some(line) = self.line(row.account, row.instrument) else { return Ok((Decimal::ZERO, Decimal::ZERO)) };
        match (line.market_value_local, line.market_value) {
            (Some(local), Some(base)) => Ok((local, base)),
            (Some(local), None) => Ok((local, books.to_base(local, line.local_currency, self.holdings.as_of)?)),
            (None, _) => Err(books.no_price(row.instrument, self.holdings.as_of)),
        }
    }

    /// The value of everything, cash inside.
    pub(super) fn total(&self, books: &Books<'_>) -> Result<Decimal, Problem> {
        let date = self.holdings.as_of;
        match (self.holdings.value, self.holdings.known.missing.first()) {
            (Some(value), _) => Ok(value),
            (None, Some(missing)) => Err(match missing.input.subject {
                Subject::Instrument(instrument) => books.no_price(instrument, date),
                Subject::Currency(currency) => books
                    .to_base(Decimal::ONE, currency, date)
                    .err()
                    .unwrap_or_else(|| Problem::Input(format!("no {currency} rate on {date}"))),
            }),
            (None, None) => Err(Problem::Input(format!("no value on {date}"))),
        }
    }
}
