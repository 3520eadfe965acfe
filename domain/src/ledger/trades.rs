//! Purchases and sales, long and short.

use rust_decimal::Decimal;

use super::book::Books;
use super::lot::Amounts;
use super::picks::choose;
use super::pool::{Pool, Taken};
use super::{LedgerError, LotMatch, LotPick, Oversell, Trade, TradeCharges, TradeValue, Transaction};
use crate::id::{AccountId, InstrumentId};
use crate::money::{ArithmeticError, Currency, MONEY_SCALE, add, mul, product, sub};

/// A trade in the currencies that it touches.
pub(super) struct Valued {
    pub(super) pool: usize,
    pub(super) place: usize,
    /// What counts as cost or proceeds.
    pub(super) amounts: Amounts,
    /// What was paid or received for the units, fee and tax inside, accrued interest not, in the trade's currency.
    pub(super) total: Decimal,
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
        self.acquire(entry, valued.pool, valued.place, trade.quantity, valued.amounts, &trade.lots)?;
        self.settle(entry, trade, valued.total, Side::Pays)
    }

    pub(super) fn sell(&mut self, entry: &Transaction, trade: &Trade, verb: &'static str) -> Result<(), LedgerError> {
        entry.positive_quantity(trade.quantity)?;
        let valued = self.value(entry, trade, Side::Receives)?;
        self.dispose(entry, valued.pool, valued.place, trade.quantity, valued.amounts, &trade.lots, verb)?;
        self.settle(entry, trade, valued.total, Side::Receives)
    }

    pub(super) fn short_sell(&mut self, entry: &Transaction, trade: &Trade) -> Result<(), LedgerError> {
        entry.positive_quantity(trade.quantity)?;
        let valued = self.value(entry, trade, Side::Receives)?;
        let pool = &mut self.pools[valued.pool];
        if pool.quantity > Decimal::ZERO {
            return Err(LedgerError::HoldsLong {
                transaction: entry.id,
                name: pool.terms.name().to_owned(),
                date: entry.trade_date,
                requested: trade.quantity,
                held: pool.quantity,
            });
        }
        open_short(entry, pool, valued.place, trade.quantity, valued.amounts)
            .map_err(LedgerError::overflow(entry.id))?;
        self.settle(entry, trade, valued.total, Side::Receives)
    }

    pub(super) fn cover(&mut self, entry: &Transaction, trade: &Trade) -> Result<(), LedgerError> {
        entry.positive_quantity(trade.quantity)?;
        let valued = self.value(entry, trade, Side::Pays)?;
        let pool = &self.pools[valued.pool];
        let short = -pool.quantity;
        if trade.quantity > add(short, self.policy.dust).map_err(LedgerError::overflow(entry.id))? {
            return Err(insufficient(entry, pool, "covers", "is short", trade.quantity, short.max(Decimal::ZERO)));
        }
        self.acquire(entry, valued.pool, valued.place, trade.quantity, valued.amounts, &trade.lots)?;
        self.settle(entry, trade, valued.total, Side::Pays)
    }

    /// Finds the pool of a trade and what it is worth there; counts its fee, tax and accrued interest.
    pub(super) fn value(&mut self, entry: &Transaction, trade: &Trade, side: Side) -> Result<Valued, LedgerError> {
        entry.check_trade(trade)?;
        let overflow = LedgerError::overflow(entry.id);
        let pool = self.pool(entry, entry.account, trade.instrument)?;
        let terms = self.pools[pool].terms;
        let charges = add(trade.fee, trade.tax).map_err(&overflow)?;
        let total = total(trade, terms.multiplier(), charges, side).map_err(&overflow)?;
        if side == Side::Pays && total < charges {
            return Err(entry.out_of_range("total", total, "at least the fee and the tax"));
        }
        let counted = match (self.policy.charges, side) {
            (TradeCharges::InCost, _) => total,
            (TradeCharges::Expensed, Side::Pays) => sub(total, charges).map_err(&overflow)?,
            (TradeCharges::Expensed, Side::Receives) => add(total, charges).map_err(&overflow)?,
        };
        let amounts = self.amounts(entry, trade, counted, terms.currency())?;
        let place = self.pools[pool].place(entry.account);
        if !charges.is_zero() {
            let fee = self.amounts(entry, trade, trade.fee, terms.currency())?.base;
            let tax = self.amounts(entry, trade, trade.tax, terms.currency())?.base;
            let state = &mut self.pools[pool].places[place].state;
            state.fees_base = add(state.fees_base, fee).map_err(&overflow)?;
            state.taxes_base = add(state.taxes_base, tax).map_err(&overflow)?;
            if self.policy.charges == TradeCharges::Expensed {
                let expensed = add(fee, tax).map_err(&overflow)?;
                state.expensed_base = add(state.expensed_base, expensed).map_err(&overflow)?;
            }
        }
        if !trade.accrued_interest.is_zero() {
            let accrued = self.amounts(entry, trade, trade.accrued_interest, terms.currency())?;
            let income = if side == Side::Pays { accrued.negated() } else { accrued };
            let state = &mut self.pools[pool].places[place].state;
            state.income_local = add(state.income_local, income.local).map_err(&overflow)?;
            state.income_base = add(state.income_base, income.base).map_err(&overflow)?;
        }
        Ok(Valued { pool, place, amounts, total })
    }

    /// An amount of a trade in the instrument's and the base currency: at the rate that was booked with the trade where it
    /// leads there, else at the reference rate.
    pub(super) fn amounts(
        &mut self,
        entry: &Transaction,
        trade: &Trade,
        amount: Decimal,
        local_currency: Currency,
    ) -> Result<Amounts, LedgerError> {
        if trade.currency == local_currency && local_currency == self.policy.base {
            let amount = amount.round_dp(MONEY_SCALE);
            return Ok(Amounts { local: amount, base: amount });
        }
        let local = self.at_booked_rate(entry, trade, amount, local_currency)?;
        let base = if local_currency == self.policy.base && trade.currency != self.policy.base {
            local
        } else {
            self.at_booked_rate(entry, trade, amount, self.policy.base)?
        };
        Ok(Amounts { local, base })
    }

    fn at_booked_rate(
        &mut self,
        entry: &Transaction,
        trade: &Trade,
        amount: Decimal,
        to: Currency,
    ) -> Result<Decimal, LedgerError> {
        match trade.conversion {
            Some(conversion) if conversion.currency == to && trade.currency != to => {
                product(amount, conversion.rate).map_err(LedgerError::overflow(entry.id))
            }
            _ => self.convert(entry, amount, trade.currency, to),
        }
    }

    /// Moves the cash of a trade: in the booked conversion's currency, unless that is the instrument's own and the trade was
    /// made in another one.
    pub(super) fn settle(
        &mut self,
        entry: &Transaction,
        trade: &Trade,
        total: Decimal,
        side: Side,
    ) -> Result<(), LedgerError> {
        let overflow = LedgerError::overflow(entry.id);
        let total = match trade.accrued_interest.is_zero() {
            true => total,
            false => add(total, trade.accrued_interest).map_err(&overflow)?,
        };
        let signed = if side == Side::Pays { -total } else { total };
        let (mut amount, mut currency) = (signed, trade.currency);
        if let Some(conversion) = trade.conversion {
            let instrument_currency = self.terms(entry, trade.instrument)?.currency();
            if conversion.currency != instrument_currency || trade.currency == instrument_currency {
                (amount, currency) = (mul(signed, conversion.rate).map_err(&overflow)?, conversion.currency);
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
        quantity: Decimal,
        cost: Amounts,
        picks: &[LotPick],
    ) -> Result<(), LedgerError> {
        let overflow = LedgerError::overflow(entry.id);
        let dust = self.policy.dust;
        let at = &mut self.pools[pool];
        let short = -at.quantity;
        let mut rest = (quantity, cost);
        let mut units = quantity;
        if short > Decimal::ZERO {
            let closes = within(quantity, short, dust).map_err(&overflow)?;
            let opens = sub(quantity, closes).map_err(&overflow)?.max(Decimal::ZERO);
            let opens = if opens <= dust { Decimal::ZERO } else { opens };
            let paid = if opens.is_zero() { cost } else { cost.share(closes, quantity).map_err(&overflow)? };
            rest = (opens, cost.minus(paid).map_err(&overflow)?);
            units = add(closes, opens).map_err(&overflow)?;
            self.close_lots(entry, pool, place, closes, paid.negated(), picks)?;
        }
        let at = &mut self.pools[pool];
        let account = at.places[place].state.account;
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
        quantity: Decimal,
        proceeds: Amounts,
        picks: &[LotPick],
        verb: &'static str,
    ) -> Result<(), LedgerError> {
        let overflow = LedgerError::overflow(entry.id);
        let dust = self.policy.dust;
        let held = self.pools[pool].places[place].state.quantity.max(Decimal::ZERO);
        let closes = within(quantity, held, dust).map_err(&overflow)?;
        let missing = sub(quantity, closes).map_err(&overflow)?;
        let missing = if missing <= dust { Decimal::ZERO } else { missing };
        if missing.is_zero() {
            self.close_lots(entry, pool, place, closes, proceeds, picks)?;
            return self.pools[pool].record(place, -closes, entry.trade_date).map_err(&overflow);
        }
        if self.policy.oversell == Oversell::Refuse {
            return Err(insufficient(entry, &self.pools[pool], verb, "holds", quantity, held));
        }
        let own = proceeds.share(closes, quantity).map_err(&overflow)?;
        let rest = proceeds.minus(own).map_err(&overflow)?;
        self.close_lots(entry, pool, place, closes, own, picks)?;
        let at = &mut self.pools[pool];
        if self.policy.oversell == Oversell::GoShort {
            at.record(place, -closes, entry.trade_date).map_err(&overflow)?;
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
        at.record(place, -closes, entry.trade_date).map_err(&overflow)
    }

    /// Closes so many units (above zero) of what is held or owed; each part of a lot takes its share of the proceeds.
    pub(super) fn close_lots(
        &mut self,
        entry: &Transaction,
        pool: usize,
        place: usize,
        quantity: Decimal,
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
            left = sub(left, units).map_err(&overflow)?;
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
        quantity: Decimal,
        picks: &[LotPick],
    ) -> Result<(), LedgerError> {
        self.taken.clear();
        let at = &mut self.pools[pool];
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
        let place = self.pools[pool].place(account);
        let held = self.pools[pool].places[place].state.quantity;
        let closes = within(quantity, held, self.policy.dust).map_err(&overflow)?;
        if closes < quantity && sub(quantity, closes).map_err(&overflow)? > self.policy.dust {
            return Err(insufficient(entry, &self.pools[pool], verb, "holds", quantity, held.max(Decimal::ZERO)));
        }
        self.take_lots(entry, pool, closes, picks)?;
        self.pools[pool].record(place, -closes, entry.trade_date).map_err(&overflow)?;
        Ok((pool, place))
    }
}

/// How many of `held` units a request for `quantity` closes: a rest within the dust goes too.
fn within(quantity: Decimal, held: Decimal, dust: Decimal) -> Result<Decimal, ArithmeticError> {
    let held = held.max(Decimal::ZERO);
    if quantity >= held || (!dust.is_zero() && !quantity.is_zero() && sub(held, quantity)? <= dust) {
        return Ok(held);
    }
    Ok(quantity)
}

/// Pooled lots are all held or all owed, so the accounts that share them must be too.
fn one_side(entry: &Transaction, pool: &Pool<'_>) -> Result<(), LedgerError> {
    let any = |sign: fn(&Decimal) -> bool| pool.places.iter().any(|place| sign(&place.state.quantity));
    if any(|quantity| *quantity > Decimal::ZERO) && any(|quantity| *quantity < Decimal::ZERO) {
        let name = pool.terms.name().to_owned();
        return Err(LedgerError::MixedSides { transaction: entry.id, name, date: entry.trade_date });
    }
    Ok(())
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
    quantity: Decimal,
    proceeds: Amounts,
) -> Result<(), ArithmeticError> {
    let account = pool.places[place].state.account;
    pool.open(account, entry.id, entry.trade_date, -quantity, proceeds.negated())?;
    pool.record(place, -quantity, entry.trade_date)
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
    let instrument = pool.instrument;
    let place = &mut pool.places[place];
    let gain = proceeds.minus(taken.cost)?;
    let state = &mut place.state;
    state.realized_local = add(state.realized_local, gain.local)?;
    state.realized_base = add(state.realized_base, gain.base)?;
    let ordinal = place.matches.last().filter(|last| last.sale == entry.id).map_or(0, |last| last.ordinal + 1);
    place.matches.push(LotMatch {
        sale: entry.id,
        ordinal,
        lot,
        lot_account: taken.place.0,
        lot_ordinal: taken.place.1,
        account: place.state.account,
        instrument,
        opened_on: taken.opened_on,
        closed_on: entry.trade_date,
        quantity: taken.quantity,
        cost_local: taken.cost.local,
        cost_base: taken.cost.base,
        proceeds_local: proceeds.local,
        proceeds_base: proceeds.base,
    });
    Ok(())
}

/// What a trade costs or brings, fee and tax inside, accrued interest not.
fn total(trade: &Trade, multiplier: Decimal, charges: Decimal, side: Side) -> Result<Decimal, ArithmeticError> {
    let price = match trade.value {
        TradeValue::Total(total) => return Ok(total.round_dp(MONEY_SCALE)),
        TradeValue::Price(price) => price,
    };
    let gross = mul(trade.quantity, price)?;
    let gross = if multiplier == Decimal::ONE { gross } else { product(gross, multiplier)? };
    let total = match side {
        Side::Pays => add(gross, charges)?,
        Side::Receives => sub(gross, charges)?,
    };
    Ok(total.round_dp(MONEY_SCALE))
}
