//! Units that come from the outside, leave for it, or move between accounts of the portfolio.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::book::Books;
use super::fixed::{Money, Units};
use super::lot::Amounts;
use super::pool::{Moved, Taken};
use super::trades::Side;
use super::{Flow, InKind, LedgerError, LotPick, LotScope, Trade, Transaction};
use crate::id::{AccountId, InstrumentId};
use crate::money::{ArithmeticError, Currency, add};

/// What crosses an account's border in kind.
struct Crossing {
    instrument: InstrumentId,
    quantity: Decimal,
    /// What it is worth as a flow.
    amounts: Amounts,
    cost_base: Money,
}

impl Books<'_> {
    /// Units at a given cost; only the fee moves cash.
    pub(super) fn transfer_in(
        &mut self,
        entry: &Transaction,
        trade: &Trade,
        opened_on: Option<NaiveDate>,
    ) -> Result<(), LedgerError> {
        entry.positive_quantity(trade.quantity)?;
        // Nobody is paid for it, so it would be income from nowhere.
        entry.zero("accrued interest", trade.accrued_interest)?;
        let overflow = LedgerError::overflow(entry.id);
        let valued = self.value(entry, trade, Side::Pays)?;
        let charges = add(trade.fee, trade.tax).map_err(&overflow)?;
        let charges = Money::rounded(charges).map_err(&overflow)?;
        let given = valued.total.minus(charges).map_err(&overflow)?;
        let opened_on = opened_on.filter(|day| *day < entry.trade_date).unwrap_or(entry.trade_date);
        // What they cost was paid when they were bought, at the rates of that day; the charges are of today.
        let local_currency = self.pools[valued.pool].terms.currency();
        let today = self.amounts(entry, trade, given, local_currency)?;
        let amounts = self.amounts_on(entry, trade, given, local_currency, opened_on)?;
        let cost = valued.amounts.minus(today).and_then(|charges| amounts.plus(charges)).map_err(&overflow)?;
        let part = Moved { lot: entry.id, opened_on, quantity: trade.quantity, cost };
        self.receive(entry, valued.pool, valued.place, part, true)?;
        if !charges.is_zero() {
            self.post(entry, charges.negated(), trade.currency)?;
        }
        let (instrument, quantity) = (trade.instrument, trade.quantity);
        let crossing = Crossing { instrument, quantity, amounts, cost_base: cost.base };
        self.in_kind_flow(entry, entry.account, None, &crossing)
    }

    /// Units at their cost: nothing is realised.
    pub(super) fn transfer_out(
        &mut self,
        entry: &Transaction,
        instrument: InstrumentId,
        quantity: Decimal,
        (fee, currency): (Decimal, Currency),
        picks: &[LotPick],
    ) -> Result<(), LedgerError> {
        entry.not_negative("fee", fee)?;
        let (pool, _) = self.take_held(entry, entry.account, instrument, quantity, picks, "transfers")?;
        let (units, cost) = self.sum_taken().map_err(LedgerError::overflow(entry.id))?;
        let units = self.pools[pool].decimal(units);
        if !fee.is_zero() {
            let fee_base = self.base_amount(entry, fee, currency)?;
            self.count(entry, instrument, |state| {
                state.fees_base = state.fees_base.plus(fee_base)?;
                state.expensed_base = state.expensed_base.plus(fee_base)?;
                Ok(())
            })?;
            self.post_decimal(entry, -fee, currency)?;
        }
        let crossing =
            Crossing { instrument, quantity: -units, amounts: cost.negated(), cost_base: cost.base.negated() };
        self.in_kind_flow(entry, entry.account, None, &crossing)
    }

    /// Units to another account; lots keep cost and dates.
    pub(super) fn transfer(
        &mut self,
        entry: &Transaction,
        instrument: InstrumentId,
        quantity: Decimal,
        to: AccountId,
        picks: &[LotPick],
    ) -> Result<(), LedgerError> {
        if to == entry.account {
            return Err(LedgerError::SelfTransfer { transaction: entry.id, date: entry.trade_date, quantity });
        }
        let (pool, _) = self.take_held(entry, entry.account, instrument, quantity, picks, "transfers")?;
        let (units, cost) = self.sum_taken().map_err(LedgerError::overflow(entry.id))?;
        let units = self.pools[pool].decimal(units);
        let receiver = match self.policy.scope {
            LotScope::Account => self.pool(entry, to, instrument)?,
            LotScope::Portfolio => pool,
        };
        let place = self.pools[receiver].place(to);
        for part in self.moved(pool) {
            self.receive(entry, receiver, place, part, false)?;
        }
        let out = Crossing { instrument, quantity: -units, amounts: cost.negated(), cost_base: cost.base.negated() };
        self.in_kind_flow(entry, entry.account, Some(to), &out)?;
        let in_ = Crossing { instrument, quantity: units, amounts: cost, cost_base: cost.base };
        self.in_kind_flow(entry, to, Some(entry.account), &in_)
    }

    /// Adds part of a lot to a pool. Units that come to what is owed cover it, and units owed are
    /// delivered from what is held. `opens` says that the entry opens the lot
    /// itself; else it keeps what opened it.
    pub(super) fn receive(
        &mut self,
        entry: &Transaction,
        pool: usize,
        place: usize,
        part: Moved,
        opens: bool,
    ) -> Result<(), LedgerError> {
        let overflow = LedgerError::overflow(entry.id);
        let at = &mut self.pools[pool];
        let units = at.units(part.quantity).map_err(&overflow)?;
        if at.quantity.is_negative() && units.is_positive() {
            return self.acquire(entry, pool, place, units, part.cost, &[]);
        }
        if at.quantity.is_positive() && units.is_negative() {
            return self.dispose(entry, pool, place, units.negated(), part.cost.negated(), &[], "delivers");
        }
        let account = at.places[place].account;
        let added = match opens {
            true => at.open(account, part.lot, part.opened_on, units, part.cost),
            false => at.move_in(account, part),
        };
        added.map_err(&overflow)?;
        at.record(place, units, entry.trade_date).map_err(&overflow)
    }

    /// Units and cost of what was taken out of a pool.
    pub(super) fn sum_taken(&self) -> Result<(Units, Amounts), ArithmeticError> {
        self.taken.iter().try_fold((Units::ZERO, Amounts::default()), |(units, cost), part| {
            Ok((units.plus(part.quantity)?, cost.plus(part.cost)?))
        })
    }

    /// What was taken out of a pool, for another one.
    fn moved(&self, pool: usize) -> Vec<Moved> {
        let pool = &self.pools[pool];
        let moved = |part: &Taken| Moved {
            lot: part.lot,
            opened_on: part.opened_on,
            quantity: pool.decimal(part.quantity),
            cost: part.cost,
        };
        self.taken.iter().map(moved).collect()
    }

    fn in_kind_flow(
        &mut self,
        entry: &Transaction,
        account: AccountId,
        counter_account: Option<AccountId>,
        crossing: &Crossing,
    ) -> Result<(), LedgerError> {
        let currency = self.terms(entry, crossing.instrument)?.currency();
        self.booked.flows.push(Flow {
            transaction: entry.id,
            account,
            counter_account,
            date: entry.trade_date,
            currency,
            amount: crossing.amounts.local.decimal(),
            amount_base: crossing.amounts.base.decimal(),
            in_kind: Some(InKind {
                instrument: crossing.instrument,
                quantity: crossing.quantity,
                cost_base: crossing.cost_base.decimal(),
            }),
        });
        Ok(())
    }
}
