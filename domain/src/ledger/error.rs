//! The rules of the ledger, one variant each.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::id::{InstrumentId, TransactionId};
use crate::money::{ArithmeticError, Currency};
use crate::pricing::{FxError, MissingReason};

/// A rule that a transaction breaks. The first one in booking order is reported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// A sale of more than is held: securities do not go short.
    #[error("sells {requested}, holds {held} on {date} ({name})")]
    InsufficientQuantity {
        /// The sale.
        transaction: TransactionId,
        /// What is sold.
        instrument: InstrumentId,
        /// Its name.
        name: String,
        /// The trade date.
        date: NaiveDate,
        /// The quantity to sell.
        requested: Decimal,
        /// The quantity held before it.
        held: Decimal,
    },
    /// A quantity that is not above zero.
    #[error("a quantity of {quantity} on {date}: it must be above zero")]
    InvalidQuantity {
        /// The trade.
        transaction: TransactionId,
        /// The trade date.
        date: NaiveDate,
        /// The quantity as given.
        quantity: Decimal,
    },
    /// A price below zero.
    #[error("a price of {price} on {date}: it must not be below zero")]
    NegativePrice {
        /// The trade.
        transaction: TransactionId,
        /// The trade date.
        date: NaiveDate,
        /// The price as given.
        price: Decimal,
    },
    /// An amount, fee, tax or settlement rate outside its range.
    #[error("{field} of {amount} on {date}: it must be {expected}")]
    InvalidAmount {
        /// The transaction.
        transaction: TransactionId,
        /// The trade date.
        date: NaiveDate,
        /// Which amount, by its name in the transaction.
        field: &'static str,
        /// The amount as given.
        amount: Decimal,
        /// The range in words.
        expected: &'static str,
    },
    /// A split whose ratio is not above zero.
    #[error("a split of {numerator} for {denominator} on {date}: both must be above zero")]
    InvalidSplitRatio {
        /// The split.
        transaction: TransactionId,
        /// The trade date.
        date: NaiveDate,
        /// Units after.
        numerator: Decimal,
        /// Units before.
        denominator: Decimal,
    },
    /// An instrument without terms.
    #[error("instrument {instrument} is unknown")]
    UnknownInstrument {
        /// The transaction.
        transaction: TransactionId,
        /// The instrument it names.
        instrument: InstrumentId,
    },
    /// A trade in another currency than its instrument's.
    #[error("trades {name} in {given} on {date}: it is quoted in {expected}")]
    CurrencyMismatch {
        /// The trade.
        transaction: TransactionId,
        /// The instrument's name.
        name: String,
        /// The trade date.
        date: NaiveDate,
        /// The trade's currency.
        given: Currency,
        /// The instrument's currency.
        expected: Currency,
    },
    /// A conversion from a currency to itself.
    #[error("converts {currency} to itself on {date}")]
    SameCurrency {
        /// The conversion.
        transaction: TransactionId,
        /// The trade date.
        date: NaiveDate,
        /// The currency on both sides.
        currency: Currency,
    },
    /// No reference rate on the trade date.
    #[error("no {currency} rate for {date}: {reason}")]
    MissingRate {
        /// The transaction.
        transaction: TransactionId,
        /// The currency without a rate against the euro.
        currency: Currency,
        /// The trade date.
        date: NaiveDate,
        /// Why there is none.
        reason: MissingReason,
    },
    /// A result that no exact decimal can hold.
    #[error("{source}")]
    Overflow {
        /// The transaction.
        transaction: TransactionId,
        /// The operation and its operands.
        source: ArithmeticError,
    },
}

impl LedgerError {
    /// Says which transaction an arithmetic error happened in.
    pub(super) fn overflow(transaction: TransactionId) -> impl Fn(ArithmeticError) -> Self {
        move |source| Self::Overflow { transaction, source }
    }

    /// Says which transaction a conversion failed in.
    pub(super) fn conversion(transaction: TransactionId) -> impl Fn(FxError) -> Self {
        move |error| match error {
            FxError::MissingRate { currency, date, reason } => {
                Self::MissingRate { transaction, currency, date, reason }
            }
            FxError::Arithmetic(source) => Self::Overflow { transaction, source },
        }
    }

    /// The transaction that breaks the rule.
    pub fn transaction(&self) -> TransactionId {
        match self {
            Self::InsufficientQuantity { transaction, .. }
            | Self::InvalidQuantity { transaction, .. }
            | Self::NegativePrice { transaction, .. }
            | Self::InvalidAmount { transaction, .. }
            | Self::InvalidSplitRatio { transaction, .. }
            | Self::UnknownInstrument { transaction, .. }
            | Self::CurrencyMismatch { transaction, .. }
            | Self::MissingRate { transaction, .. }
            | Self::SameCurrency { transaction, .. }
            | Self::Overflow { transaction, .. } => *transaction,
        }
    }
}
