//! The ranges of what a transaction may say, checked before anything is booked.

use rust_decimal::Decimal;

use super::{LedgerError, Trade, TradeValue, Transaction};

/// A comparison of decimals brings both to one scale first, which costs more than a look at the sign.
fn is_negative(number: Decimal) -> bool {
    number.is_sign_negative() && !number.is_zero()
}

fn is_positive(number: Decimal) -> bool {
    !number.is_sign_negative() && !number.is_zero()
}

impl Transaction {
    pub(super) fn positive(&self, field: &'static str, amount: Decimal) -> Result<(), LedgerError> {
        self.expect(is_positive(amount), field, amount, "above zero")
    }

    pub(super) fn not_negative(&self, field: &'static str, amount: Decimal) -> Result<(), LedgerError> {
        self.expect(!is_negative(amount), field, amount, "zero or more")
    }

    pub(super) fn not_zero(&self, field: &'static str, amount: Decimal) -> Result<(), LedgerError> {
        self.expect(!amount.is_zero(), field, amount, "other than zero")
    }

    pub(super) fn zero(&self, field: &'static str, amount: Decimal) -> Result<(), LedgerError> {
        self.expect(amount.is_zero(), field, amount, "zero")
    }

    fn expect(
        &self,
        holds: bool,
        field: &'static str,
        amount: Decimal,
        expected: &'static str,
    ) -> Result<(), LedgerError> {
        if holds { Ok(()) } else { Err(self.out_of_range(field, amount, expected)) }
    }

    pub(super) fn out_of_range(&self, field: &'static str, amount: Decimal, expected: &'static str) -> LedgerError {
        LedgerError::InvalidAmount { transaction: self.id, date: self.trade_date, field, amount, expected }
    }

    pub(super) fn positive_quantity(&self, quantity: Decimal) -> Result<(), LedgerError> {
        if is_positive(quantity) {
            return Ok(());
        }
        Err(LedgerError::InvalidQuantity { transaction: self.id, date: self.trade_date, quantity })
    }

    /// A share of a whole: 0 to 1.
    pub(super) fn fraction(&self, field: &'static str, value: Decimal) -> Result<(), LedgerError> {
        self.expect((Decimal::ZERO..=Decimal::ONE).contains(&value), field, value, "between 0 and 1")
    }

    pub(super) fn ratio(&self, numerator: Decimal, denominator: Decimal) -> Result<(), LedgerError> {
        if is_positive(numerator) && is_positive(denominator) {
            return Ok(());
        }
        Err(LedgerError::InvalidSplitRatio { transaction: self.id, date: self.trade_date, numerator, denominator })
    }

    /// Checks a trade against its ranges.
    pub(super) fn check_trade(&self, trade: &Trade) -> Result<(), LedgerError> {
        match trade.value {
            TradeValue::Price(price) if is_negative(price) => {
                return Err(LedgerError::NegativePrice { transaction: self.id, date: self.trade_date, price });
            }
            TradeValue::Price(_) => {}
            TradeValue::Total(total) => self.not_negative("total", total)?,
        }
        self.not_negative("fee", trade.fee)?;
        self.not_negative("tax", trade.tax)?;
        self.not_negative("accrued interest", trade.accrued_interest)?;
        match trade.conversion {
            Some(conversion) => self.positive("conversion rate", conversion.rate),
            None => Ok(()),
        }
    }

    /// A day that cash settles on is not before the trade.
    pub(super) fn check_settlement(&self) -> Result<(), LedgerError> {
        match self.settlement_date {
            Some(settlement) if settlement < self.trade_date => {
                Err(LedgerError::SettlesEarly { transaction: self.id, date: self.trade_date, settlement })
            }
            _ => Ok(()),
        }
    }
}
