//! What issuers do to their instruments: splits, issues, detachments, mergers, repayments.

use rust_decimal::Decimal;

use super::book::Books;
use super::fixed::Units;
use super::lot::{Amounts, Restating};
use super::pool::{Moved, Pool, PoolDetachment, PoolSplit, Taken, proportion};
use super::trades::realize;
use super::{
    Boot, BootTreatment, Detachment, Exchange, LedgerError, LotScope, Merger, RightsExercise, TradeCharges, Transaction,
};
use crate::id::InstrumentId;
use crate::money::{Currency, add, div, mul, mul_div, product, sub};

impl Books<'_> {
    /// Where lots are pooled, further accounts' rows of one event find it done.
    pub(super) fn split(
        &mut self,
        entry: &Transaction,
        instrument: InstrumentId,
        numerator: Decimal,
        denominator: Decimal,
    ) -> Result<(), LedgerError> {
        self.terms(entry, instrument)?;
        entry.ratio(numerator, denominator)?;
        // A split of what the account never held leaves no trace.
        let Some(pool) = self.pool_if_any(entry.account, instrument) else {
            return Ok(());
        };
        let pool = &mut self.pools[pool];
        if self.policy.scope == LotScope::Portfolio && told_before(entry, pool, numerator, denominator)? {
            return Ok(());
        }
        pool.last_split =
            Some(PoolSplit { date: entry.trade_date, numerator, denominator, told_by: vec![entry.account] });
        let split = pool.split(numerator, denominator).and_then(|()| pool.record_all(entry.trade_date));
        split.map_err(LedgerError::overflow(entry.id))
    }

    pub(super) fn bonus_issue(
        &mut self,
        entry: &Transaction,
        instrument: InstrumentId,
        quantity: Decimal,
    ) -> Result<(), LedgerError> {
        entry.positive_quantity(quantity)?;
        let (pool, place) = self.held(entry, instrument, "receives a bonus on")?;
        let pool = &mut self.pools[pool];
        let issued = pool.enlarge(quantity).and_then(|()| {
            let units = pool.units(quantity)?;
            pool.record(place, units, entry.trade_date)
        });
        issued.map_err(LedgerError::overflow(entry.id))
    }

    /// Each lot gives part of its cost to a lot of the child, which keeps its date.
    pub(super) fn detach(&mut self, entry: &Transaction, detachment: &Detachment) -> Result<(), LedgerError> {
        let &Detachment { instrument, child, quantity, cost_fraction } = detachment;
        entry.positive_quantity(quantity)?;
        entry.fraction("cost fraction", cost_fraction)?;
        self.other_instrument(entry, instrument, child)?;
        let overflow = LedgerError::overflow(entry.id);
        let (parent, place) = self.held(entry, instrument, "receives units on")?;
        let pool = &mut self.pools[parent];
        pool.spread_cost().map_err(&overflow)?;
        let local_currency = pool.terms.currency();
        // Where lots are pooled, the account's units stand for their share of each lot.
        let (units, mut held_left) = (pool.held(place), pool.decimal(pool.quantity));
        let own = mul_div(cost_fraction, units, held_left).map_err(&overflow)?;
        // What other accounts' entries of this event gave away is no longer there to be shared.
        let given = match &pool.last_detachment {
            Some(last) if (last.date, last.child) == (entry.trade_date, child) => last.given,
            _ => Decimal::ZERO,
        };
        let there = sub(Decimal::ONE, given).map_err(&overflow)?;
        let fraction = if there.is_zero() { there } else { div(own, there).map_err(&overflow)?.min(Decimal::ONE) };
        let given = add(given, own).map_err(&overflow)?;
        pool.last_detachment = Some(PoolDetachment { date: entry.trade_date, child, given });
        let mut parts = Vec::new();
        let mut units_left = quantity;
        for at in pool.open_lots() {
            let held = pool.decimal(pool.lots[at].remaining);
            let received = proportion(units_left, held, held_left).map_err(&overflow)?;
            units_left = sub(units_left, received).map_err(&overflow)?;
            held_left = sub(held_left, held).map_err(&overflow)?;
            let lot = &mut pool.lots[at];
            let given = lot.cost.fraction(fraction).map_err(&overflow)?;
            lot.cost = lot.cost.minus(given).map_err(&overflow)?;
            pool.cost = pool.cost.minus(given).map_err(&overflow)?;
            parts.push(Moved { lot: lot.opened_by, opened_on: lot.opened_on, quantity: received, cost: given });
        }
        pool.retotal().and_then(|()| pool.record(place, Units::ZERO, entry.trade_date)).map_err(&overflow)?;
        self.move_lots(entry, &parts, local_currency, child)
    }

    pub(super) fn rights_exercise(
        &mut self,
        entry: &Transaction,
        exercise: &RightsExercise,
    ) -> Result<(), LedgerError> {
        let &RightsExercise { instrument, quantity, into, received, amount, fee, currency } = exercise;
        entry.positive_quantity(received)?;
        entry.not_negative("amount", amount)?;
        entry.not_negative("fee", fee)?;
        self.other_instrument(entry, instrument, into)?;
        let overflow = LedgerError::overflow(entry.id);
        let (rights, _) = self.take_held(entry, entry.account, instrument, quantity, &[], "exercises")?;
        let (_, given) = self.sum_taken().map_err(&overflow)?;
        let rights_currency = self.pools[rights].terms.currency();
        let pool = self.pool(entry, entry.account, into)?;
        let local_currency = self.pools[pool].terms.currency();
        let in_cost = self.policy.charges == TradeCharges::InCost;
        let paid = if in_cost { add(amount, fee).map_err(&overflow)? } else { amount };
        let paid = Amounts {
            local: self.convert(entry, paid, currency, local_currency)?,
            base: self.base_amount(entry, paid, currency)?,
        };
        let local = self.convert(entry, given.local.decimal(), rights_currency, local_currency)?;
        let cost = Amounts { local, ..given }.plus(paid).map_err(&overflow)?;
        let fee_base = self.base_amount(entry, fee, currency)?;
        let place = self.pools[pool].place(entry.account);
        let state = &mut self.pools[pool].places[place].state;
        state.fees_base = state.fees_base.plus(fee_base).map_err(&overflow)?;
        if !in_cost {
            state.expensed_base = state.expensed_base.plus(fee_base).map_err(&overflow)?;
        }
        let units = self.pools[pool].units(received).map_err(&overflow)?;
        self.acquire(entry, pool, place, units, cost, &[])?;
        self.post_decimal(entry, -add(amount, fee).map_err(&overflow)?, currency)?;
        Ok(())
    }

    pub(super) fn instrument_change(
        &mut self,
        entry: &Transaction,
        instrument: InstrumentId,
        into: InstrumentId,
    ) -> Result<(), LedgerError> {
        let exchange = Exchange { instrument: into, numerator: Decimal::ONE, denominator: Decimal::ONE };
        self.merger(entry, &Merger { instrument, into: Some(exchange), cash: None })
    }

    /// All units of the account go; what they become keeps the lots' dates. What is owed becomes owed units, and is paid
    /// for in cash where cash is what they become.
    pub(super) fn merger(&mut self, entry: &Transaction, merger: &Merger) -> Result<(), LedgerError> {
        let overflow = LedgerError::overflow(entry.id);
        if let Some(boot) = &merger.cash {
            entry.positive("cash", boot.amount)?;
        }
        if let Some(exchange) = &merger.into {
            entry.ratio(exchange.numerator, exchange.denominator)?;
            self.other_instrument(entry, merger.instrument, exchange.instrument)?;
        }
        let (pool, place) = self.any_held(entry, merger.instrument, "exchanges")?;
        let terms = self.pools[pool].terms;
        let units = self.pools[pool].places[place].state.quantity;
        self.take_lots(entry, pool, units.abs(), &[])?;
        let taken = std::mem::take(&mut self.taken);
        let mut boot_left = self.boot(entry, merger, terms.currency(), units.is_negative())?;
        let mut left = units;
        let mut exchanged = merger.into.map(|exchange| Restating::new(exchange.numerator, exchange.denominator));
        let mut parts = Vec::with_capacity(taken.len());
        for part in &taken {
            let boot = if part.quantity == left {
                boot_left
            } else {
                boot_left.share(part.quantity, left).map_err(&overflow)?
            };
            boot_left = boot_left.minus(boot).map_err(&overflow)?;
            left = left.minus(part.quantity).map_err(&overflow)?;
            let Some(exchanged) = &mut exchanged else {
                realize(entry, &mut self.pools[pool], place, Some(part.lot), *part, boot).map_err(&overflow)?;
                continue;
            };
            let received = exchanged.next(self.pools[pool].decimal(part.quantity)).map_err(&overflow)?;
            let sold = self.cost_against(entry, merger, *part, received, boot, terms.currency())?;
            if merger.cash.is_some() {
                let money = Taken { quantity: Units::ZERO, cost: sold, ..*part };
                realize(entry, &mut self.pools[pool], place, Some(part.lot), money, boot).map_err(&overflow)?;
            }
            let cost = part.cost.minus(sold).map_err(&overflow)?;
            parts.push(Moved { lot: part.lot, opened_on: part.opened_on, quantity: received, cost });
        }
        self.pools[pool].record(place, units.negated(), entry.trade_date).map_err(&overflow)?;
        if let Some(boot) = &merger.cash {
            let amount = if units.is_negative() { -boot.amount } else { boot.amount };
            self.post_decimal(entry, amount, boot.currency)?;
        }
        match merger.into {
            Some(exchange) => self.move_lots(entry, &parts, terms.currency(), exchange.instrument),
            None => Ok(()),
        }
    }

    /// The cash of a merger in the instrument's and the base currency; below zero where it is owed.
    fn boot(
        &mut self,
        entry: &Transaction,
        merger: &Merger,
        local_currency: Currency,
        owed: bool,
    ) -> Result<Amounts, LedgerError> {
        let Some(Boot { amount, currency, .. }) = merger.cash else {
            return Ok(Amounts::default());
        };
        let boot = Amounts {
            local: self.convert(entry, amount, currency, local_currency)?,
            base: self.base_amount(entry, amount, currency)?,
        };
        Ok(if owed { boot.negated() } else { boot })
    }

    /// The part of a lot's cost that is set against the cash.
    fn cost_against(
        &mut self,
        entry: &Transaction,
        merger: &Merger,
        part: Taken,
        received: Decimal,
        boot: Amounts,
        local_currency: Currency,
    ) -> Result<Amounts, LedgerError> {
        let overflow = LedgerError::overflow(entry.id);
        match (merger.cash, merger.into) {
            (Some(Boot { treatment: BootTreatment::PartialSale { cost_fraction }, .. }), _) => {
                entry.fraction("cost fraction", cost_fraction)?;
                part.cost.fraction(cost_fraction).map_err(&overflow)
            }
            (Some(Boot { treatment: BootTreatment::GainUpToCash { price }, .. }), Some(exchange)) => {
                entry.positive("price", price)?;
                let terms = self.terms(entry, exchange.instrument)?;
                let worth = mul(received, price).and_then(|gross| product(gross, terms.multiplier()));
                let worth = worth.map_err(&overflow)?;
                let stock = Amounts {
                    local: self.convert(entry, worth, terms.currency(), local_currency)?,
                    base: self.base_amount(entry, worth, terms.currency())?,
                };
                let gain = boot.plus(stock).and_then(|all| all.minus(part.cost)).map_err(&overflow)?;
                // The cash of a short holder is below zero; what limits the gain is how much it is.
                boot.minus(gain.at_least_zero().min(boot.abs())).map_err(&overflow)
            }
            _ => Ok(Amounts::default()),
        }
    }

    /// Money back on what is held: each lot's cost goes down by its share, and what exceeds it is gain.
    pub(super) fn return_of_capital(
        &mut self,
        entry: &Transaction,
        instrument: InstrumentId,
        amount: Decimal,
        currency: Currency,
    ) -> Result<(), LedgerError> {
        entry.positive("amount", amount)?;
        let overflow = LedgerError::overflow(entry.id);
        let (pool, place) = self.held(entry, instrument, "receives capital on")?;
        let local_currency = self.pools[pool].terms.currency();
        let mut left = Amounts {
            local: self.convert(entry, amount, currency, local_currency)?,
            base: self.base_amount(entry, amount, currency)?,
        };
        let at = &mut self.pools[pool];
        at.spread_cost().map_err(&overflow)?;
        let mut held_left = at.quantity;
        for index in at.open_lots() {
            let lot = &mut at.lots[index];
            let held = lot.remaining;
            let share = if held == held_left { left } else { left.share(held, held_left).map_err(&overflow)? };
            left = left.minus(share).map_err(&overflow)?;
            held_left = held_left.minus(held).map_err(&overflow)?;
            let returned = share.min(lot.cost);
            lot.cost = lot.cost.minus(returned).map_err(&overflow)?;
            let excess = share.minus(returned).map_err(&overflow)?;
            let money = Taken::nothing_of(lot);
            at.cost = at.cost.minus(returned).map_err(&overflow)?;
            if !excess.is_zero() {
                realize(entry, at, place, Some(money.lot), money, excess).map_err(&overflow)?;
            }
        }
        at.retotal().and_then(|()| at.record(place, Units::ZERO, entry.trade_date)).map_err(&overflow)?;
        self.post_decimal(entry, amount, currency)?;
        Ok(())
    }

    /// Adds parts of lots to another instrument of the entry's account, their cost restated in its currency.
    fn move_lots(
        &mut self,
        entry: &Transaction,
        parts: &[Moved],
        from: Currency,
        into: InstrumentId,
    ) -> Result<(), LedgerError> {
        let pool = self.pool(entry, entry.account, into)?;
        let to = self.pools[pool].terms.currency();
        let place = self.pools[pool].place(entry.account);
        for part in parts {
            let local = self.convert(entry, part.cost.local.decimal(), from, to)?;
            let moved = Moved { cost: Amounts { local, ..part.cost }, ..*part };
            self.receive(entry, pool, place, moved, false)?;
        }
        Ok(())
    }

    /// The holding of the entry's account, which must have units.
    fn held(
        &mut self,
        entry: &Transaction,
        instrument: InstrumentId,
        verb: &'static str,
    ) -> Result<(usize, usize), LedgerError> {
        let (pool, place) = self.any_held(entry, instrument, verb)?;
        if self.pools[pool].places[place].state.quantity.is_negative() {
            return Err(nothing_held(entry, &self.pools[pool], verb));
        }
        Ok((pool, place))
    }

    /// The position of the entry's account, which must have or owe units.
    fn any_held(
        &mut self,
        entry: &Transaction,
        instrument: InstrumentId,
        verb: &'static str,
    ) -> Result<(usize, usize), LedgerError> {
        let pool = self.pool(entry, entry.account, instrument)?;
        let place = self.pools[pool].place(entry.account);
        if self.pools[pool].places[place].state.quantity.is_zero() {
            return Err(nothing_held(entry, &self.pools[pool], verb));
        }
        Ok((pool, place))
    }

    fn other_instrument(
        &self,
        entry: &Transaction,
        instrument: InstrumentId,
        other: InstrumentId,
    ) -> Result<(), LedgerError> {
        let name = self.terms(entry, instrument)?.name();
        self.terms(entry, other)?;
        if instrument == other {
            return Err(LedgerError::SameInstrument {
                transaction: entry.id,
                name: name.to_owned(),
                date: entry.trade_date,
            });
        }
        Ok(())
    }
}

/// Accounts tell of one split within so many days of each other.
const SAME_SPLIT_DAYS: i64 = 7;

/// Whether another account, or the market, told of this split of pooled lots before.
fn told_before(
    entry: &Transaction,
    pool: &mut Pool<'_>,
    numerator: Decimal,
    denominator: Decimal,
) -> Result<bool, LedgerError> {
    let Some(last) = &mut pool.last_split else { return Ok(false) };
    let is_near = (entry.trade_date - last.date).num_days() <= SAME_SPLIT_DAYS;
    if !is_near || last.told_by.contains(&entry.account) {
        return Ok(false);
    }
    let ratios = mul(numerator, last.denominator).and_then(|one| Ok((one, mul(last.numerator, denominator)?)));
    let (one, other) = ratios.map_err(LedgerError::overflow(entry.id))?;
    if one != other {
        return Err(LedgerError::SplitsDiffer {
            transaction: entry.id,
            name: pool.terms.name().to_owned(),
            date: entry.trade_date,
            numerator,
            denominator,
            other_date: last.date,
            other_numerator: last.numerator,
            other_denominator: last.denominator,
        });
    }
    last.told_by.push(entry.account);
    Ok(true)
}

fn nothing_held(entry: &Transaction, pool: &Pool<'_>, action: &'static str) -> LedgerError {
    let name = pool.terms.name().to_owned();
    LedgerError::NothingHeld { transaction: entry.id, name, date: entry.trade_date, action }
}
