//! The ranges of what a transaction may say, checked before anything is booked.

use rust_decimal::Decimal;

use super::{InstrumentTerms, Instruments, LedgerError, Trade, Transaction};
use crate::id::InstrumentId;

impl Transaction {
    pub(super) fn positive(&self, field: &'static str, amount: Decimal) -> Result<(), LedgerError> {
        self.expect(amount > Decimal::ZERO, field, amount, "above zero")
    }

    pub(super) fn not_negative(&self, field: &'static str, amount: Decimal) -> Result<(), LedgerError> {
        self.expect(amount >= Decimal::ZERO, field, amount, "zero or more")
    }

    pub(super) fn not_zero(&self, field: &'static str, amount: Decimal) -> Result<(), LedgerError> {
        self.expect(!amount.is_zero(), field, amount, "other than zero")
    }

    fn expect(
        &self,
        holds: bool,
        field: &'static str,
        amount: Decimal,
        expected: &'static str,
    ) -> Result<(), LedgerError> {
        if holds {
            return Ok(());
        }
        Err(LedgerError::InvalidAmount { transaction: self.id, date: self.trade_date, field, amount, expected })
    }

    pub(super) fn terms<'a>(
        &self,
        instruments: &'a Instruments,
        instrument: InstrumentId,
    ) -> Result<&'a InstrumentTerms, LedgerError> {
        instruments.get(&instrument).ok_or(LedgerError::UnknownInstrument { transaction: self.id, instrument })
    }

    /// Checks a trade against its ranges and its instrument, whose terms it returns.
    pub(super) fn check_trade<'a>(
        &self,
        trade: &Trade,
        instruments: &'a Instruments,
    ) -> Result<&'a InstrumentTerms, LedgerError> {
        let (transaction, date) = (self.id, self.trade_date);
        let terms = self.terms(instruments, trade.instrument)?;
        if trade.quantity <= Decimal::ZERO {
            return Err(LedgerError::InvalidQuantity { transaction, date, quantity: trade.quantity });
        }
        if trade.price < Decimal::ZERO {
            return Err(LedgerError::NegativePrice { transaction, date, price: trade.price });
        }
        self.not_negative("fee", trade.fee)?;
        self.not_negative("tax", trade.tax)?;
        if let Some(settlement) = trade.settlement {
            self.positive("settlement rate", settlement.rate)?;
        }
        if trade.currency != terms.currency() {
            return Err(LedgerError::CurrencyMismatch {
                transaction,
                name: terms.name().to_owned(),
                date,
                given: trade.currency,
                expected: terms.currency(),
            });
        }
        Ok(terms)
    }
}
