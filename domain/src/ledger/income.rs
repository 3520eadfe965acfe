//! Income, charges and cash that belong to no trade.

use rust_decimal::Decimal;

use super::book::Books;
use super::fixed::{Money, Units};
use super::lot::Amounts;
use super::place::Figures;
use super::{CashMovement, Flow, FxConversion, LedgerError, Transaction};
use crate::id::{AccountId, InstrumentId};
use crate::money::{ArithmeticError, Currency, add, product, sub};

/// What a charge is called in its transaction, and where it is counted.
#[derive(Clone, Copy)]
pub(super) enum Charge {
    Fee,
    Tax,
}

impl Books<'_> {
    pub(super) fn dividend(
        &mut self,
        entry: &Transaction,
        instrument: InstrumentId,
        [amount, withheld, fee]: [Decimal; 3],
        currency: Currency,
    ) -> Result<(), LedgerError> {
        let terms = self.terms(entry, instrument)?;
        entry.positive("amount", amount)?;
        entry.not_negative("withheld", withheld)?;
        entry.not_negative("fee", fee)?;
        self.not_owed(entry, instrument)?;
        let overflow = LedgerError::overflow(entry.id);
        let local = self.convert(entry, amount, currency, terms.currency())?;
        let [income, withheld_base, fee_base] = [
            self.base_amount(entry, amount, currency)?,
            self.base_amount(entry, withheld, currency)?,
            self.base_amount(entry, fee, currency)?,
        ];
        let count = |state: &mut Figures| {
            state.income = state.income.plus(Amounts { local, base: income })?;
            state.withholding_base = state.withholding_base.plus(withheld_base)?;
            state.fees_base = state.fees_base.plus(fee_base)?;
            state.taxes_base = state.taxes_base.plus(withheld_base)?;
            state.expensed_base = state.expensed_base.plus(withheld_base)?.plus(fee_base)?;
            Ok(())
        };
        self.count(entry, instrument, count)?;
        let net = sub(amount, withheld).and_then(|rest| sub(rest, fee)).map_err(&overflow)?;
        self.post_decimal(entry, net, currency)?;
        Ok(())
    }

    /// Who owes units pays what they bring.
    fn not_owed(&mut self, entry: &Transaction, instrument: InstrumentId) -> Result<(), LedgerError> {
        let Some(pool) = self.pool_if_any(entry.account, instrument) else { return Ok(()) };
        let pool = &mut self.pools[pool];
        let place = pool.place(entry.account);
        if !pool.places[place].state.quantity.is_negative() {
            return Ok(());
        }
        Err(LedgerError::OwesUnits {
            transaction: entry.id,
            name: pool.terms.name().to_owned(),
            date: entry.trade_date,
            owed: pool.said(pool.places[place].state.quantity.negated()),
        })
    }

    /// Changes the running totals of a holding of the entry's account; its units and cost stay.
    pub(super) fn count(
        &mut self,
        entry: &Transaction,
        instrument: InstrumentId,
        change: impl FnOnce(&mut Figures) -> Result<(), ArithmeticError>,
    ) -> Result<(), LedgerError> {
        let overflow = LedgerError::overflow(entry.id);
        let pool = self.pool(entry, entry.account, instrument)?;
        let pool = &mut self.pools[pool];
        let place = pool.place(entry.account);
        change(&mut pool.places[place].state).map_err(&overflow)?;
        pool.record(place, Units::ZERO, entry.trade_date).map_err(&overflow)
    }

    pub(super) fn in_kind_income(
        &mut self,
        entry: &Transaction,
        instrument: InstrumentId,
        quantity: Decimal,
        value: Decimal,
        currency: Currency,
    ) -> Result<(), LedgerError> {
        let terms = self.terms(entry, instrument)?;
        entry.positive_quantity(quantity)?;
        entry.not_negative("value", value)?;
        self.not_owed(entry, instrument)?;
        let cost = Amounts {
            local: self.convert(entry, value, currency, terms.currency())?,
            base: self.base_amount(entry, value, currency)?,
        };
        self.count(entry, instrument, |state| {
            state.income = state.income.plus(cost)?;
            Ok(())
        })?;
        let pool = self.pool(entry, entry.account, instrument)?;
        let place = self.pools[pool].place(entry.account);
        let units = self.pools[pool].units(quantity).map_err(LedgerError::overflow(entry.id))?;
        self.acquire(entry, pool, place, units, cost, &[])
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
        let interest_base = self.base_amount(entry, amount, currency)?;
        let tax_base = self.base_amount(entry, tax, currency)?;
        let state = self.movement(entry, currency);
        state.interest_base = state.interest_base.plus(interest_base).map_err(&overflow)?;
        state.taxes_base = state.taxes_base.plus(tax_base).map_err(&overflow)?;
        self.post_decimal(entry, sub(amount, tax).map_err(&overflow)?, currency)?;
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
        let base = self.base_amount(entry, amount, currency)?;
        if let Some(instrument) = instrument {
            self.count(entry, instrument, |state| {
                let total = match charge {
                    Charge::Fee => &mut state.fees_base,
                    Charge::Tax => &mut state.taxes_base,
                };
                *total = total.plus(base)?;
                state.expensed_base = state.expensed_base.plus(base)?;
                Ok(())
            })?;
        } else {
            let state = self.movement(entry, currency);
            let total = match charge {
                Charge::Fee => &mut state.fees_base,
                Charge::Tax => &mut state.taxes_base,
            };
            *total = total.plus(base).map_err(&overflow)?;
        }
        self.post_decimal(entry, -amount, currency)?;
        Ok(())
    }

    /// A deposit (`sign` 1) or a withdrawal (−1), with its fee.
    pub(super) fn cash_movement(
        &mut self,
        entry: &Transaction,
        cash: &CashMovement,
        sign: Decimal,
    ) -> Result<(), LedgerError> {
        entry.positive("amount", cash.amount)?;
        entry.not_negative("fee", cash.fee)?;
        if let Some(conversion) = cash.conversion {
            entry.positive("conversion rate", conversion.rate)?;
        }
        let overflow = LedgerError::overflow(entry.id);
        let amount = self.post_decimal(entry, sign * cash.amount, cash.currency)?;
        let amount_base = match cash.conversion {
            Some(conversion) if conversion.currency == self.policy.base => {
                let booked = product(amount.decimal(), conversion.rate).and_then(Money::rounded);
                booked.map_err(&overflow)?
            }
            _ => self.base_amount(entry, amount.decimal(), cash.currency)?,
        };
        if !cash.fee.is_zero() {
            let fee = self.base_amount(entry, cash.fee, cash.currency)?;
            let state = self.movement(entry, cash.currency);
            state.fees_base = state.fees_base.plus(fee).map_err(&overflow)?;
            self.post_decimal(entry, -cash.fee, cash.currency)?;
        }
        self.flow(entry, entry.account, None, cash.currency, amount, amount_base);
        Ok(())
    }

    pub(super) fn cash_transfer(
        &mut self,
        entry: &Transaction,
        amount: Decimal,
        currency: Currency,
        to: AccountId,
    ) -> Result<(), LedgerError> {
        entry.positive("amount", amount)?;
        if to == entry.account {
            return Err(LedgerError::SelfTransfer { transaction: entry.id, date: entry.trade_date, quantity: amount });
        }
        let posted = self.post_decimal(entry, -amount, currency)?;
        let settles = entry.settlement_date;
        let receiver = self.balance(to, currency);
        receiver.post(posted.negated(), entry.trade_date, settles).map_err(LedgerError::overflow(entry.id))?;
        let base = self.base_amount(entry, posted.decimal(), currency)?;
        self.flow(entry, entry.account, Some(to), currency, posted, base);
        self.flow(entry, to, Some(entry.account), currency, posted.negated(), base.negated());
        Ok(())
    }

    fn flow(
        &mut self,
        entry: &Transaction,
        account: AccountId,
        counter_account: Option<AccountId>,
        currency: Currency,
        amount: Money,
        amount_base: Money,
    ) {
        let (transaction, date) = (entry.id, entry.trade_date);
        self.booked.flows.push(Flow {
            transaction,
            account,
            counter_account,
            date,
            currency,
            amount: amount.decimal(),
            amount_base: amount_base.decimal(),
            in_kind: None,
        });
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
        let fee_base = self.base_amount(entry, fee, sold_currency)?;
        let state = self.movement(entry, sold_currency);
        state.fees_base = state.fees_base.plus(fee_base).map_err(&overflow)?;
        self.post_decimal(entry, -add(sold_amount, fee).map_err(&overflow)?, sold_currency)?;
        self.post_decimal(entry, bought_amount, bought_currency)?;
        Ok(())
    }
}
