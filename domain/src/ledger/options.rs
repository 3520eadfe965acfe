//! Contracts that end: without worth, or as a trade in the underlying.

use rust_decimal::Decimal;

use super::book::Books;
use super::fixed::Units;
use super::lot::Amounts;
use super::trades::{expired, insufficient};
use super::{LedgerError, OptionEvent, OptionRight, OptionTerms, Trade, Transaction};
use crate::id::InstrumentId;
use crate::money::mul;

/// Which side of the contract the account is on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Holder,
    Writer,
}

impl Books<'_> {
    /// Held or written contracts close at nothing.
    pub(super) fn expiry(
        &mut self,
        entry: &Transaction,
        instrument: InstrumentId,
        quantity: Decimal,
    ) -> Result<(), LedgerError> {
        entry.positive_quantity(quantity)?;
        self.option_terms(entry, instrument)?;
        let pool = self.pool(entry, entry.account, instrument)?;
        let place = self.pools[pool].place(entry.account);
        let at = &mut self.pools[pool];
        let closes = at.units(quantity).map_err(LedgerError::overflow(entry.id))?;
        let held = at.places[place].state.quantity;
        if closes > held.abs() {
            return Err(insufficient(entry, at, "lets expire", "has", quantity, at.said(held.abs())));
        }
        self.close_lots(entry, pool, place, closes, Amounts::default(), &[])?;
        let units = if held.is_negative() { closes } else { closes.negated() };
        self.pools[pool].record(place, units, entry.trade_date).map_err(LedgerError::overflow(entry.id))
    }

    /// The premium becomes part of the cost or the proceeds of the underlying; nothing is realised on the option.
    pub(super) fn exercise(&mut self, entry: &Transaction, event: &OptionEvent, side: Side) -> Result<(), LedgerError> {
        let &OptionEvent { instrument, quantity, fee, tax } = event;
        entry.positive_quantity(quantity)?;
        let overflow = LedgerError::overflow(entry.id);
        let option = self.option_terms(entry, instrument)?;
        if entry.trade_date > option.expiry {
            return Err(expired(entry, self.terms(entry, instrument)?, option.expiry));
        }
        let premium = self.take_contracts(entry, instrument, quantity, side)?;
        let option_currency = self.terms(entry, instrument)?.currency();
        let underlying = self.terms(entry, option.underlying)?;
        let units = mul(quantity, option.units_per_contract).map_err(&overflow)?;
        let trade = Trade { fee, tax, ..Trade::at_price(option.underlying, units, option.strike, option_currency) };
        let local_premium = self.convert(entry, premium.local.decimal(), option_currency, underlying.currency())?;
        let premium = Amounts { local: local_premium, base: premium.base };
        let buys = (option.right == OptionRight::Call) == (side == Side::Holder);
        let way = if buys { super::trades::Side::Pays } else { super::trades::Side::Receives };
        let valued = self.value(entry, &trade, way)?;
        if buys {
            let cost = valued.amounts.plus(premium).map_err(&overflow)?;
            self.acquire(entry, valued.pool, valued.place, valued.units, cost, &[])?;
        } else {
            let proceeds = valued.amounts.minus(premium).map_err(&overflow)?;
            self.dispose(entry, valued.pool, valued.place, valued.units, proceeds, &[], "delivers")?;
        }
        self.settle(entry, &trade, valued.total, way)
    }

    /// Closes contracts without a gain; returns their premium: paid above zero, received below.
    fn take_contracts(
        &mut self,
        entry: &Transaction,
        instrument: InstrumentId,
        quantity: Decimal,
        side: Side,
    ) -> Result<Amounts, LedgerError> {
        let overflow = LedgerError::overflow(entry.id);
        let pool = self.pool(entry, entry.account, instrument)?;
        let place = self.pools[pool].place(entry.account);
        let at = &mut self.pools[pool];
        let closes = at.units(quantity).map_err(&overflow)?;
        let held = at.places[place].state.quantity;
        let (verb, state, there) = match side {
            Side::Holder => ("exercises", "holds", held),
            Side::Writer => ("is assigned", "is short", held.negated()),
        };
        let there = there.max(Units::ZERO);
        if closes > there {
            return Err(insufficient(entry, at, verb, state, quantity, at.said(there)));
        }
        self.take_lots(entry, pool, closes, &[])?;
        let (units, premium) = self.sum_taken().map_err(&overflow)?;
        self.pools[pool].record(place, units.negated(), entry.trade_date).map_err(&overflow)?;
        Ok(premium)
    }

    fn option_terms(&self, entry: &Transaction, instrument: InstrumentId) -> Result<OptionTerms, LedgerError> {
        let terms = self.terms(entry, instrument)?;
        terms.option().copied().ok_or_else(|| LedgerError::NotAnOption {
            transaction: entry.id,
            name: terms.name().to_owned(),
            date: entry.trade_date,
        })
    }
}
