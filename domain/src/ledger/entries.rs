//! What each kind of transaction does to the books.

use rust_decimal::Decimal;

use super::book::Books;
use super::holding::Valued;
use super::lot::Amounts;
use super::{Flow, FxConversion, LedgerError, PositionPeriod, Trade, Transaction};
use crate::id::InstrumentId;
use crate::money::{ArithmeticError, Currency, MONEY_SCALE, add, mul, product, sub};

/// Which side of a trade.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Buy,
    Sell,
}

/// What a charge is called in its transaction, and where it is counted.
#[derive(Clone, Copy)]
pub(super) enum Charge {
    Fee,
    Tax,
}

impl Books<'_> {
    pub(super) fn trade(&mut self, entry: &Transaction, trade: &Trade, side: Side) -> Result<(), LedgerError> {
        let terms = entry.check_trade(trade, self.instruments)?;
        let overflow = LedgerError::overflow(entry.id);
        let total = trade_total(trade, terms.multiplier(), side).map_err(&overflow)?;
        let amounts = Amounts { local: total, base: self.to_base(entry, total, trade.currency)? };
        let fee = self.to_base(entry, trade.fee, trade.currency)?;
        let tax = self.to_base(entry, trade.tax, trade.currency)?;
        let valued = Valued { transaction: entry.id, date: entry.trade_date, quantity: trade.quantity, amounts };
        let method = self.method;
        let holding = self.holding(entry.account, trade.instrument);
        match side {
            Side::Buy => holding.buy(valued).map_err(&overflow)?,
            Side::Sell if trade.quantity > holding.state.quantity => {
                return Err(LedgerError::InsufficientQuantity {
                    transaction: entry.id,
                    instrument: trade.instrument,
                    name: terms.name().to_owned(),
                    date: entry.trade_date,
                    requested: trade.quantity,
                    held: holding.state.quantity,
                });
            }
            Side::Sell => holding.sell(valued, method).map_err(&overflow)?,
        }
        let state = &mut holding.state;
        state.fees_base = add(state.fees_base, fee).map_err(&overflow)?;
        state.taxes_base = add(state.taxes_base, tax).map_err(&overflow)?;
        holding.record(entry.trade_date);
        self.settle(entry, trade, total, side)
    }

    /// Moves the cash of a trade, in the currency that it settles in.
    fn settle(&mut self, entry: &Transaction, trade: &Trade, total: Decimal, side: Side) -> Result<(), LedgerError> {
        let signed = if side == Side::Buy { -total } else { total };
        let (amount, currency) = match trade.settlement {
            None => (signed, trade.currency),
            Some(settlement) => {
                let amount = mul(signed, settlement.rate).map_err(LedgerError::overflow(entry.id))?;
                (amount, settlement.currency)
            }
        };
        self.post(entry, amount, currency)?;
        Ok(())
    }

    pub(super) fn dividend(
        &mut self,
        entry: &Transaction,
        instrument: InstrumentId,
        [amount, withheld, fee]: [Decimal; 3],
        currency: Currency,
    ) -> Result<(), LedgerError> {
        let terms = entry.terms(self.instruments, instrument)?;
        entry.positive("amount", amount)?;
        entry.not_negative("withheld", withheld)?;
        entry.not_negative("fee", fee)?;
        let overflow = LedgerError::overflow(entry.id);
        let local = self.convert(entry, amount, currency, terms.currency())?;
        let [income, withheld_base, fee_base] = [
            self.to_base(entry, amount, currency)?,
            self.to_base(entry, withheld, currency)?,
            self.to_base(entry, fee, currency)?,
        ];
        let holding = self.holding(entry.account, instrument);
        let count = |state: &mut PositionPeriod| {
            state.income_local = add(state.income_local, local)?;
            state.income_base = add(state.income_base, income)?;
            state.withholding_base = add(state.withholding_base, withheld_base)?;
            state.fees_base = add(state.fees_base, fee_base)?;
            state.taxes_base = add(state.taxes_base, withheld_base)?;
            state.expensed_base = add(state.expensed_base, add(withheld_base, fee_base)?)?;
            Ok(())
        };
        count(&mut holding.state).map_err(&overflow)?;
        holding.record(entry.trade_date);
        let net = sub(amount, withheld).and_then(|rest| sub(rest, fee)).map_err(&overflow)?;
        self.post(entry, net, currency)?;
        Ok(())
    }

    pub(super) fn interest(
        &mut self,
        entry: &Transaction,
        amount: Decimal,
        tax: Decimal,
        currency: Currency,
    ) -> Result<(), LedgerError> {
        entry.not_zero("amount", amount)?;
        entry.not_negative("tax", tax)?;
        let overflow = LedgerError::overflow(entry.id);
        let interest_base = self.to_base(entry, amount, currency)?;
        let tax_base = self.to_base(entry, tax, currency)?;
        let state = &mut self.balance(entry.account, currency).state;
        state.interest_base = add(state.interest_base, interest_base).map_err(&overflow)?;
        state.taxes_base = add(state.taxes_base, tax_base).map_err(&overflow)?;
        self.post(entry, sub(amount, tax).map_err(&overflow)?, currency)?;
        Ok(())
    }

    pub(super) fn charge(
        &mut self,
        entry: &Transaction,
        charge: Charge,
        amount: Decimal,
        currency: Currency,
        instrument: Option<InstrumentId>,
    ) -> Result<(), LedgerError> {
        entry.not_zero("amount", amount)?;
        let overflow = LedgerError::overflow(entry.id);
        let base = self.to_base(entry, amount, currency)?;
        if let Some(instrument) = instrument {
            entry.terms(self.instruments, instrument)?;
            let holding = self.holding(entry.account, instrument);
            let state = &mut holding.state;
            let total = match charge {
                Charge::Fee => &mut state.fees_base,
                Charge::Tax => &mut state.taxes_base,
            };
            *total = add(*total, base).map_err(&overflow)?;
            state.expensed_base = add(state.expensed_base, base).map_err(&overflow)?;
            holding.record(entry.trade_date);
        } else {
            let state = &mut self.balance(entry.account, currency).state;
            let total = match charge {
                Charge::Fee => &mut state.fees_base,
                Charge::Tax => &mut state.taxes_base,
            };
            *total = add(*total, base).map_err(&overflow)?;
        }
        self.post(entry, -amount, currency)?;
        Ok(())
    }

    pub(super) fn flow(&mut self, entry: &Transaction, amount: Decimal, currency: Currency) -> Result<(), LedgerError> {
        let posted = self.post(entry, amount, currency)?;
        let amount_base = self.to_base(entry, posted, currency)?;
        self.flows.push(Flow { account: entry.account, date: entry.trade_date, currency, amount: posted, amount_base });
        Ok(())
    }

    pub(super) fn split(
        &mut self,
        entry: &Transaction,
        instrument: InstrumentId,
        numerator: Decimal,
        denominator: Decimal,
    ) -> Result<(), LedgerError> {
        entry.terms(self.instruments, instrument)?;
        if numerator <= Decimal::ZERO || denominator <= Decimal::ZERO {
            return Err(LedgerError::InvalidSplitRatio {
                transaction: entry.id,
                date: entry.trade_date,
                numerator,
                denominator,
            });
        }
        // A split of what the account never held leaves no trace.
        if let Some(holding) = self.holdings.get_mut(&(entry.account, instrument)) {
            holding.split(numerator, denominator).map_err(LedgerError::overflow(entry.id))?;
            holding.record(entry.trade_date);
        }
        Ok(())
    }

    pub(super) fn fx_conversion(&mut self, entry: &Transaction, conversion: &FxConversion) -> Result<(), LedgerError> {
        let &FxConversion { sold_amount, sold_currency, bought_amount, bought_currency, fee } = conversion;
        entry.positive("sold amount", sold_amount)?;
        entry.positive("bought amount", bought_amount)?;
        entry.not_negative("fee", fee)?;
        if sold_currency == bought_currency {
            return Err(LedgerError::SameCurrency {
                transaction: entry.id,
                date: entry.trade_date,
                currency: sold_currency,
            });
        }
        let overflow = LedgerError::overflow(entry.id);
        let fee_base = self.to_base(entry, fee, sold_currency)?;
        let state = &mut self.balance(entry.account, sold_currency).state;
        state.fees_base = add(state.fees_base, fee_base).map_err(&overflow)?;
        self.post(entry, -add(sold_amount, fee).map_err(&overflow)?, sold_currency)?;
        self.post(entry, bought_amount, bought_currency)?;
        Ok(())
    }
}

/// What a purchase costs or a sale brings, fee and tax inside.
fn trade_total(trade: &Trade, multiplier: Decimal, side: Side) -> Result<Decimal, ArithmeticError> {
    let gross = product(mul(trade.quantity, trade.price)?, multiplier)?;
    let charges = add(trade.fee, trade.tax)?;
    let total = match side {
        Side::Buy => add(gross, charges)?,
        Side::Sell => sub(gross, charges)?,
    };
    Ok(total.round_dp(MONEY_SCALE))
}
