//! Purchases and sales, long and short.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::book::Books;
use super::fixed::{Money, Units};
use super::lot::Amounts;
use super::picks::{choose, no_match};
use super::pool::{Pool, Taken};
use super::{InstrumentTerms, LedgerError, LotMatch, LotPick, Oversell, Trade, TradeCharges, TradeValue, Transaction};
use crate::id::{AccountId, InstrumentId};
use crate::money::{ArithmeticError, Currency, mul, product};

/// A trade in the currencies that it touches.
pub(super) struct Valued {
    pub(super) pool: usize,
    pub(super) place: usize,
    pub(super) units: Units,
    /// What counts as cost or proceeds.
    pub(super) amounts: Amounts,
    /// What was paid or received for the units, fee and tax inside, accrued interest not, in the trade's currency.
    pub(super) total: Money,
}

/// Which way the money goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Pays,
    Receives,
}

impl Books<'_> {
    pub(super) fn buy(&mut self, entry: &Transaction, trade: &Trade) -> Result<(), LedgerError> {
        entry.positive_quantity(trade.quantity)?;
        let valued = self.value(entry, trade, Side::Pays)?;
        let pool = &self.pools[valued.pool];
        if let Some(pick) = trade.lots.first().filter(|_| !pool.quantity.is_negative()) {
            return Err(no_match(entry, pool, pick, trade.quantity));
        }
        self.acquire(entry, valued.pool, valued.place, valued.units, valued.amounts, &trade.lots)?;
        self.settle(entry, trade, valued.total, Side::Pays)
    }

    pub(super) fn sell(&mut self, entry: &Transaction, trade: &Trade, verb: &'static str) -> Result<(), LedgerError> {
        entry.positive_quantity(trade.quantity)?;
        let valued = self.value(entry, trade, Side::Receives)?;
        self.dispose(entry, valued.pool, valued.place, valued.units, valued.amounts, &trade.lots, verb)?;
        self.settle(entry, trade, valued.total, Side::Receives)
    }

    pub(super) fn short_sell(&mut self, entry: &Transaction, trade: &Trade) -> Result<(), LedgerError> {
        entry.positive_quantity(trade.quantity)?;
        let valued = self.value(entry, trade, Side::Receives)?;
        let pool = &mut self.pools[valued.pool];
        if pool.quantity.is_positive() {
            return Err(LedgerError::HoldsLong {
                transaction: entry.id,
                name: pool.terms.name().to_owned(),
                date: entry.trade_date,
                requested: trade.quantity,
                held: pool.said(pool.quantity),
            });
        }
        open_short(entry, pool, valued.place, valued.units, valued.amounts).map_err(LedgerError::overflow(entry.id))?;
        self.settle(entry, trade, valued.total, Side::Receives)
    }

    pub(super) fn cover(&mut self, entry: &Transaction, trade: &Trade) -> Result<(), LedgerError> {
        entry.positive_quantity(trade.quantity)?;
        let valued = self.value(entry, trade, Side::Pays)?;
        let pool = &mut self.pools[valued.pool];
        let (short, dust) = (pool.quantity.negated(), pool.dust);
        if valued.units > short.plus(dust).map_err(LedgerError::overflow(entry.id))? {
            let short = pool.said(short.max(Units::ZERO));
            return Err(insufficient(entry, pool, "covers", "is short", trade.quantity, short));
        }
        self.acquire(entry, valued.pool, valued.place, valued.units, valued.amounts, &trade.lots)?;
        self.settle(entry, trade, valued.total, Side::Pays)
    }

    /// Finds the pool of a trade and what it is worth there; counts its fee, tax and accrued interest.
    pub(super) fn value(&mut self, entry: &Transaction, trade: &Trade, side: Side) -> Result<Valued, LedgerError> {
        entry.check_trade(trade)?;
        let overflow = LedgerError::overflow(entry.id);
        let pool = self.pool(entry, entry.account, trade.instrument)?;
        let terms = self.pools[pool].terms;
        if let Some(option) = terms.option().filter(|option| entry.trade_date > option.expiry) {
            return Err(expired(entry, terms, option.expiry));
        }
        let units = self.pools[pool].named(trade.quantity, &trade.lots).map_err(&overflow)?;
        let fee = Money::rounded(trade.fee).map_err(&overflow)?;
        let tax = Money::rounded(trade.tax).map_err(&overflow)?;
        let charges = fee.plus(tax).map_err(&overflow)?;
        let total = total(trade, terms, charges, side).map_err(&overflow)?;
        if side == Side::Pays && total < charges {
            return Err(entry.out_of_range("total", total.decimal().normalize(), "at least the fee and the tax"));
        }
        let counted = match (self.policy.charges, side) {
            (TradeCharges::InCost, _) => total,
            (TradeCharges::Expensed, Side::Pays) => total.minus(charges).map_err(&overflow)?,
            (TradeCharges::Expensed, Side::Receives) => total.plus(charges).map_err(&overflow)?,
        };
        let amounts = self.amounts(entry, trade, counted, terms.currency())?;
        let place = self.pools[pool].place(entry.account);
        if !charges.is_zero() {
            let fee = self.at_booked_rate(entry, trade, fee, self.policy.base, entry.trade_date)?;
            let tax = self.at_booked_rate(entry, trade, tax, self.policy.base, entry.trade_date)?;
            let expensed = self.policy.charges == TradeCharges::Expensed;
            let state = &mut self.pools[pool].places[place].state;
            state.fees_base = state.fees_base.plus(fee).map_err(&overflow)?;
            state.taxes_base = state.taxes_base.plus(tax).map_err(&overflow)?;
            if expensed {
                let both = fee.plus(tax).map_err(&overflow)?;
                state.expensed_base = state.expensed_base.plus(both).map_err(&overflow)?;
            }
        }
        if !trade.accrued_interest.is_zero() {
            let accrued = Money::rounded(trade.accrued_interest).map_err(&overflow)?;
            let accrued = self.amounts(entry, trade, accrued, terms.currency())?;
            let income = if side == Side::Pays { accrued.negated() } else { accrued };
            let state = &mut self.pools[pool].places[place].state;
            state.income = state.income.plus(income).map_err(&overflow)?;
        }
        Ok(Valued { pool, place, units, amounts, total })
    }

    /// An amount of a trade in the instrument's and the base currency: at the rate that was booked with the trade where it
    /// leads there, else at the reference rate.
    pub(super) fn amounts(
        &mut self,
        entry: &Transaction,
        trade: &Trade,
        amount: Money,
        local_currency: Currency,
    ) -> Result<Amounts, LedgerError> {
        self.amounts_on(entry, trade, amount, local_currency, entry.trade_date)
    }

    /// The same where the reference rate is that of a day.
    pub(super) fn amounts_on(
        &mut self,
        entry: &Transaction,
        trade: &Trade,
        amount: Money,
        local_currency: Currency,
        day: NaiveDate,
    ) -> Result<Amounts, LedgerError> {
        let local = self.at_booked_rate(entry, trade, amount, local_currency, day)?;
        let base = if local_currency == self.policy.base {
            local
        } else {
            self.at_booked_rate(entry, trade, amount, self.policy.base, day)?
        };
        Ok(Amounts { local, base })
    }

    fn at_booked_rate(
        &mut self,
        entry: &Transaction,
        trade: &Trade,
        amount: Money,
        to: Currency,
        day: NaiveDate,
    ) -> Result<Money, LedgerError> {
        if trade.currency == to {
            return Ok(amount);
        }
        match trade.conversion {
            Some(conversion) if conversion.currency == to => {
                let converted = product(amount.decimal(), conversion.rate).and_then(Money::rounded);
                converted.map_err(LedgerError::overflow(entry.id))
            }
            _ => self.convert_on(entry, amount.decimal(), trade.currency, to, day),
        }
    }

    /// Moves the cash of a trade: in the booked conversion's currency, unless that is the instrument's own and the trade was
    /// made in another one.
    pub(super) fn settle(
        &mut self,
        entry: &Transaction,
        trade: &Trade,
        total: Money,
        side: Side,
    ) -> Result<(), LedgerError> {
        let overflow = LedgerError::overflow(entry.id);
        let mut total = total;
        if !trade.accrued_interest.is_zero() {
            let accrued = Money::rounded(trade.accrued_interest).map_err(&overflow)?;
            total = total.plus(accrued).map_err(&overflow)?;
        }
        let (mut amount, mut currency) = (if side == Side::Pays { total.negated() } else { total }, trade.currency);
        if let Some(conversion) = trade.conversion {
            let instrument_currency = self.terms(entry, trade.instrument)?.currency();
            if conversion.currency != instrument_currency || trade.currency == instrument_currency {
                let converted = mul(amount.decimal(), conversion.rate).and_then(Money::rounded);
                (amount, currency) = (converted.map_err(&overflow)?, conversion.currency);
            }
        }
        self.post(entry, amount, currency)?;
        Ok(())
    }

    /// Adds units at a cost: short lots are covered first, the rest opens a lot.
    pub(super) fn acquire(
        &mut self,
        entry: &Transaction,
        pool: usize,
        place: usize,
        quantity: Units,
        cost: Amounts,
        picks: &[LotPick],
    ) -> Result<(), LedgerError> {
        let overflow = LedgerError::overflow(entry.id);
        let at = &mut self.pools[pool];
        let short = at.quantity.negated();
        let mut rest = (quantity, cost);
        let mut units = quantity;
        if short.is_positive() {
            let dust = at.dust;
            let closes = within(quantity, short, dust).map_err(&overflow)?;
            let opens = quantity.minus(closes).map_err(&overflow)?;
            let opens = if opens <= dust { Units::ZERO } else { opens };
            let paid = if opens.is_zero() { cost } else { cost.share(closes, quantity).map_err(&overflow)? };
            rest = (opens, cost.minus(paid).map_err(&overflow)?);
            units = closes.plus(opens).map_err(&overflow)?;
            self.close_lots(entry, pool, place, closes, paid.negated(), picks)?;
        }
        let at = &mut self.pools[pool];
        let account = at.places[place].account;
        at.open(account, entry.id, entry.trade_date, rest.0, rest.1).map_err(&overflow)?;
        at.record(place, units, entry.trade_date).map_err(&overflow)?;
        one_side(entry, at)
    }

    /// Takes units out for proceeds. What the account does not hold is treated as the policy says.
    #[expect(clippy::too_many_arguments, reason = "one call says what leaves, from where, for what and why")]
    pub(super) fn dispose(
        &mut self,
        entry: &Transaction,
        pool: usize,
        place: usize,
        quantity: Units,
        proceeds: Amounts,
        picks: &[LotPick],
        verb: &'static str,
    ) -> Result<(), LedgerError> {
        let overflow = LedgerError::overflow(entry.id);
        let at = &mut self.pools[pool];
        let dust = at.dust;
        let held = at.places[place].state.quantity.max(Units::ZERO);
        let closes = within(quantity, held, dust).map_err(&overflow)?;
        let missing = quantity.minus(closes).map_err(&overflow)?;
        if missing <= dust {
            self.close_lots(entry, pool, place, closes, proceeds, picks)?;
            return self.pools[pool].record(place, closes.negated(), entry.trade_date).map_err(&overflow);
        }
        if self.policy.oversell == Oversell::Refuse {
            return Err(insufficient(entry, at, verb, "holds", at.said(quantity), at.said(held)));
        }
        let own = proceeds.share(closes, quantity).map_err(&overflow)?;
        let rest = proceeds.minus(own).map_err(&overflow)?;
        self.close_lots(entry, pool, place, closes, own, picks)?;
        let at = &mut self.pools[pool];
        if self.policy.oversell == Oversell::GoShort {
            at.record(place, closes.negated(), entry.trade_date).map_err(&overflow)?;
            open_short(entry, at, place, missing, rest).map_err(&overflow)?;
            return one_side(entry, at);
        }
        let taken = Taken {
            lot: entry.id,
            place: (entry.account, 0),
            opened_on: entry.trade_date,
            quantity: missing,
            cost: Amounts::default(),
        };
        realize(entry, at, place, None, taken, rest).map_err(&overflow)?;
        at.record(place, closes.negated(), entry.trade_date).map_err(&overflow)
    }

    /// Closes so many units (above zero) of what is held or owed; each part of a lot takes its share of the proceeds.
    pub(super) fn close_lots(
        &mut self,
        entry: &Transaction,
        pool: usize,
        place: usize,
        quantity: Units,
        proceeds: Amounts,
        picks: &[LotPick],
    ) -> Result<(), LedgerError> {
        let overflow = LedgerError::overflow(entry.id);
        self.take_lots(entry, pool, quantity, picks)?;
        let at = &mut self.pools[pool];
        let (mut left, mut proceeds) = (quantity, proceeds);
        for &taken in &self.taken {
            let units = taken.quantity.abs();
            // The share is of what is left of both, so that the last lot takes the rest.
            let share = if units == left { proceeds } else { proceeds.share(units, left).map_err(&overflow)? };
            left = left.minus(units).map_err(&overflow)?;
            proceeds = proceeds.minus(share).map_err(&overflow)?;
            realize(entry, at, place, Some(taken.lot), taken, share).map_err(&overflow)?;
        }
        Ok(())
    }

    /// Fills [`Books::taken`] with so many units (above zero) of the lots that were picked or that the method uses first.
    pub(super) fn take_lots(
        &mut self,
        entry: &Transaction,
        pool: usize,
        quantity: Units,
        picks: &[LotPick],
    ) -> Result<(), LedgerError> {
        self.taken.clear();
        let at = &mut self.pools[pool];
        if !picks.is_empty() {
            // Lots are chosen by what they are shown to cost.
            at.spread_cost().map_err(LedgerError::overflow(entry.id))?;
        }
        let taken = match choose(entry, at, picks, quantity)? {
            Some(chosen) => at.take_picked(&chosen, entry.trade_date, &mut self.taken),
            None => at.take(quantity, entry.trade_date, &mut self.taken),
        };
        taken.map_err(LedgerError::overflow(entry.id))
    }

    /// Takes units that an account must hold, for an entry that moves them on.
    pub(super) fn take_held(
        &mut self,
        entry: &Transaction,
        account: AccountId,
        instrument: InstrumentId,
        quantity: Decimal,
        picks: &[LotPick],
        verb: &'static str,
    ) -> Result<(usize, usize), LedgerError> {
        entry.positive_quantity(quantity)?;
        let overflow = LedgerError::overflow(entry.id);
        let pool = self.pool(entry, account, instrument)?;
        let at = &mut self.pools[pool];
        let place = at.place(account);
        let units = at.named(quantity, picks).map_err(&overflow)?;
        let dust = at.dust;
        let held = at.places[place].state.quantity.max(Units::ZERO);
        let closes = within(units, held, dust).map_err(&overflow)?;
        if units.minus(closes).map_err(&overflow)? > dust {
            return Err(insufficient(entry, at, verb, "holds", quantity, at.said(held)));
        }
        self.take_lots(entry, pool, closes, picks)?;
        self.pools[pool].record(place, closes.negated(), entry.trade_date).map_err(&overflow)?;
        Ok((pool, place))
    }
}

/// How many of `held` units a request for `quantity` closes: a rest within the dust goes too.
fn within(quantity: Units, held: Units, dust: Units) -> Result<Units, ArithmeticError> {
    let held = held.max(Units::ZERO);
    if quantity >= held || (!dust.is_zero() && !quantity.is_zero() && held.minus(quantity)? <= dust) {
        return Ok(held);
    }
    Ok(quantity)
}

/// Pooled lots are all held or all owed, so the accounts that share them must be too.
fn one_side(entry: &Transaction, pool: &Pool<'_>) -> Result<(), LedgerError> {
    let any = |sign: fn(Units) -> bool| pool.places.iter().any(|place| sign(place.state.quantity));
    if pool.places.len() > 1 && any(Units::is_positive) && any(Units::is_negative) {
        let name = pool.terms.name().to_owned();
        return Err(LedgerError::MixedSides { transaction: entry.id, name, date: entry.trade_date });
    }
    Ok(())
}

/// An option that is no more.
pub(super) fn expired(entry: &Transaction, terms: &InstrumentTerms, expiry: NaiveDate) -> LedgerError {
    let name = terms.name().to_owned();
    LedgerError::OptionExpired { transaction: entry.id, name, date: entry.trade_date, expiry }
}

pub(super) fn insufficient(
    entry: &Transaction,
    pool: &Pool<'_>,
    action: &'static str,
    state: &'static str,
    requested: Decimal,
    held: Decimal,
) -> LedgerError {
    LedgerError::InsufficientQuantity {
        transaction: entry.id,
        instrument: pool.instrument,
        name: pool.terms.name().to_owned(),
        date: entry.trade_date,
        action,
        state,
        requested,
        held,
    }
}

/// Opens a short lot: its cost is what it brought, below zero.
fn open_short(
    entry: &Transaction,
    pool: &mut Pool<'_>,
    place: usize,
    quantity: Units,
    proceeds: Amounts,
) -> Result<(), ArithmeticError> {
    let account = pool.places[place].account;
    pool.open(account, entry.id, entry.trade_date, quantity.negated(), proceeds.negated())?;
    pool.record(place, quantity.negated(), entry.trade_date)
}

/// Counts a gain and notes which lot it came from.
pub(super) fn realize(
    entry: &Transaction,
    pool: &mut Pool<'_>,
    place: usize,
    lot: Option<crate::id::TransactionId>,
    taken: Taken,
    proceeds: Amounts,
) -> Result<(), ArithmeticError> {
    let (instrument, quantity) = (pool.instrument, pool.decimal(taken.quantity));
    let place = &mut pool.places[place];
    let gain = proceeds.minus(taken.cost)?;
    place.state.realized = place.state.realized.plus(gain)?;
    let ordinal = place.matches.last().filter(|last| last.sale == entry.id).map_or(0, |last| last.ordinal + 1);
    place.matches.push(LotMatch {
        sale: entry.id,
        ordinal,
        lot,
        lot_account: taken.place.0,
        lot_ordinal: taken.place.1,
        account: place.account,
        instrument,
        opened_on: taken.opened_on,
        closed_on: entry.trade_date,
        quantity,
        cost_local: taken.cost.local.decimal(),
        cost_base: taken.cost.base.decimal(),
        proceeds_local: proceeds.local.decimal(),
        proceeds_base: proceeds.base.decimal(),
    });
    Ok(())
}

/// What a trade costs or brings, fee and tax inside, accrued interest not.
fn total(trade: &Trade, terms: &InstrumentTerms, charges: Money, side: Side) -> Result<Money, ArithmeticError> {
    let price = match trade.value {
        TradeValue::Total(total) => return Money::rounded(total),
        TradeValue::Price(price) => price,
    };
    let gross = match Money::exact_product(trade.quantity, price) {
        // Most products need no rounding, so that they can be formed in whole numbers.
        Some(gross) if terms.is_priced_by_unit() => gross,
        _ => Money::rounded(mul(mul(trade.quantity, price)?, terms.multiplier())?)?,
    };
    if side == Side::Pays { gross.plus(charges) } else { gross.minus(charges) }
}
