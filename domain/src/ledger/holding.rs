//! One instrument in one account: its lots, its running totals and the rows they leave behind.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::lot::Amounts;
use super::{Lot, LotMatch, LotMethod, PositionPeriod};
use crate::id::{AccountId, InstrumentId, TransactionId};
use crate::money::{ArithmeticError, add, sub};

/// A holding while it is being booked.
#[derive(Debug)]
pub(super) struct Holding {
    pub(super) state: PositionPeriod,
    pub(super) rows: Vec<PositionPeriod>,
    /// In opening order.
    pub(super) lots: Vec<Lot>,
    /// In closing order.
    pub(super) matches: Vec<LotMatch>,
    /// Lots before this one are closed; keeps first-in-first-out from walking them again.
    closed_before: usize,
}

/// A checked trade, valued.
#[derive(Clone, Copy, Debug)]
pub(super) struct Valued {
    pub(super) transaction: TransactionId,
    pub(super) date: NaiveDate,
    pub(super) quantity: Decimal,
    /// Cost of a purchase, proceeds of a sale, fee and tax inside.
    pub(super) amounts: Amounts,
}

impl Holding {
    pub(super) fn new(account: AccountId, instrument: InstrumentId) -> Self {
        Self {
            state: PositionPeriod::empty(account, instrument),
            rows: Vec::new(),
            lots: Vec::new(),
            matches: Vec::new(),
            closed_before: 0,
        }
    }

    /// Makes the totals what holds at the end of `date`.
    pub(super) fn record(&mut self, date: NaiveDate) {
        super::period::record(&mut self.rows, &self.state, date);
    }

    pub(super) fn buy(&mut self, trade: Valued) -> Result<(), ArithmeticError> {
        let state = &mut self.state;
        state.quantity = add(state.quantity, trade.quantity)?;
        state.cost_local = add(state.cost_local, trade.amounts.local)?;
        state.cost_base = add(state.cost_base, trade.amounts.base)?;
        self.lots.push(Lot {
            opened_by: trade.transaction,
            account: state.account,
            instrument: state.instrument,
            opened_on: trade.date,
            closed_on: None,
            quantity_opened: trade.quantity,
            quantity_remaining: trade.quantity,
            cost_local: trade.amounts.local,
            cost_base: trade.amounts.base,
        });
        Ok(())
    }

    /// Closes lots for a sale of at most what is held.
    pub(super) fn sell(&mut self, sale: Valued, method: LotMethod) -> Result<(), ArithmeticError> {
        let mut wanted = sale.quantity;
        let mut proceeds = sale.amounts;
        while wanted > Decimal::ZERO {
            let open = self.lots.get_mut(self.closed_before..).unwrap_or_default();
            let Some(lot) = method.next(open) else { break };
            let (quantity, cost) = lot.take(wanted, sale.date)?;
            let lot = (lot.opened_by, lot.opened_on);
            // The share is of what is left of both, so that the last lot takes the rest.
            let share = if quantity == wanted { proceeds } else { proceeds.share(quantity, wanted)? };
            wanted = sub(wanted, quantity)?;
            proceeds = proceeds.minus(share)?;
            self.realize(sale, lot, quantity, cost, share)?;
            self.skip_closed();
        }
        Ok(())
    }

    fn realize(
        &mut self,
        sale: Valued,
        (lot, opened_on): (TransactionId, NaiveDate),
        quantity: Decimal,
        cost: Amounts,
        proceeds: Amounts,
    ) -> Result<(), ArithmeticError> {
        let gain = proceeds.minus(cost)?;
        let state = &mut self.state;
        state.quantity = sub(state.quantity, quantity)?;
        state.cost_local = sub(state.cost_local, cost.local)?;
        state.cost_base = sub(state.cost_base, cost.base)?;
        state.realized_local = add(state.realized_local, gain.local)?;
        state.realized_base = add(state.realized_base, gain.base)?;
        self.matches.push(LotMatch {
            sale: sale.transaction,
            lot,
            account: state.account,
            instrument: state.instrument,
            opened_on,
            closed_on: sale.date,
            quantity,
            cost_local: cost.local,
            cost_base: cost.base,
            proceeds_local: proceeds.local,
            proceeds_base: proceeds.base,
        });
        Ok(())
    }

    fn skip_closed(&mut self) {
        while self.lots.get(self.closed_before).is_some_and(|lot| !lot.is_open()) {
            self.closed_before += 1;
        }
    }

    pub(super) fn split(&mut self, numerator: Decimal, denominator: Decimal) -> Result<(), ArithmeticError> {
        let mut held = Decimal::ZERO;
        for lot in self.lots.iter_mut().filter(|lot| lot.is_open()) {
            lot.split(numerator, denominator)?;
            held = add(held, lot.quantity_remaining)?;
        }
        self.state.quantity = held;
        Ok(())
    }
}
