//! The rules of the ledger, one variant each.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::id::{InstrumentId, TransactionId};
use crate::money::{ArithmeticError, Currency};
use crate::pricing::{FxError, MissingReason};

/// A rule that a transaction breaks. The first one in booking order is reported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// More leaves a position than is in it: a sale of more than is held, a cover of more than is short, an exercise of more
    /// contracts than there are.
    #[error("{action} {requested}, {state} {held} on {date} ({name})")]
    InsufficientQuantity {
        /// The entry.
        transaction: TransactionId,
        /// What leaves.
        instrument: InstrumentId,
        /// Its name.
        name: String,
        /// The trade date.
        date: NaiveDate,
        /// What the entry does, as a verb: `sells`, `covers`, `exercises`, …
        action: &'static str,
        /// Which side of the position it needs: `holds` or `is short`.
        state: &'static str,
        /// The quantity that the entry needs.
        requested: Decimal,
        /// The quantity there is.
        held: Decimal,
    },
    /// A short sale while units are held.
    #[error("sells {requested} short, holds {held} on {date} ({name}): sell what is held first")]
    HoldsLong {
        /// The short sale.
        transaction: TransactionId,
        /// The instrument's name.
        name: String,
        /// The trade date.
        date: NaiveDate,
        /// The quantity to sell short.
        requested: Decimal,
        /// The quantity held.
        held: Decimal,
    },
    /// An event on what is held, where nothing is.
    #[error("{action} {name}, holds none of it on {date}")]
    NothingHeld {
        /// The entry.
        transaction: TransactionId,
        /// The instrument's name.
        name: String,
        /// The trade date.
        date: NaiveDate,
        /// What the entry does, as a verb.
        action: &'static str,
    },
    /// Income on units that are owed: their holder is paid, not this account.
    #[error(
        "receives income on {name}, owes {owed} of it on {date}: what is paid to its lender is a fee on the instrument"
    )]
    OwesUnits {
        /// The entry.
        transaction: TransactionId,
        /// The instrument's name.
        name: String,
        /// The trade date.
        date: NaiveDate,
        /// The quantity owed.
        owed: Decimal,
    },
    /// Another account whose lots are pooled with this one's told of the same split with another ratio.
    #[error(
        "splits {name} {numerator} for {denominator} on {date}, which another account whose lots are pooled split \
         {other_numerator} for {other_denominator} on {other_date}"
    )]
    SplitsDiffer {
        /// The entry.
        transaction: TransactionId,
        /// The instrument's name.
        name: String,
        /// The trade date.
        date: NaiveDate,
        /// Units after.
        numerator: Decimal,
        /// Units before.
        denominator: Decimal,
        /// The other account's trade date.
        other_date: NaiveDate,
        /// The other account's units after.
        other_numerator: Decimal,
        /// The other account's units before.
        other_denominator: Decimal,
    },
    /// One account would owe what another one holds, where their lots are pooled.
    #[error("leaves {name} held in one account and owed in another on {date}, though their lots are pooled")]
    MixedSides {
        /// The entry.
        transaction: TransactionId,
        /// The instrument's name.
        name: String,
        /// The trade date.
        date: NaiveDate,
    },
    /// No open lot fits what the entry picks.
    #[error("picks {pick} of {name} on {date}: no open lot is that")]
    NoMatchingLot {
        /// The entry.
        transaction: TransactionId,
        /// The instrument's name.
        name: String,
        /// The trade date.
        date: NaiveDate,
        /// What was picked, in words.
        pick: String,
    },
    /// Less is left of the picked lot than the entry takes: it was used already.
    #[error("takes {requested} of {pick} of {name} on {date}: {available} is left of it")]
    LotUsed {
        /// The entry.
        transaction: TransactionId,
        /// The instrument's name.
        name: String,
        /// The trade date.
        date: NaiveDate,
        /// What was picked, in words.
        pick: String,
        /// What the entry takes of it.
        requested: Decimal,
        /// What is left of it.
        available: Decimal,
    },
    /// Several lots could be meant, and the method does not choose.
    #[error("takes {requested} of {available} in {lots} lots of {name} on {date}: say which lots")]
    AmbiguousLots {
        /// The entry.
        transaction: TransactionId,
        /// The instrument's name.
        name: String,
        /// The trade date.
        date: NaiveDate,
        /// What the entry takes.
        requested: Decimal,
        /// What the lots hold that could be meant.
        available: Decimal,
        /// How many lots that is.
        lots: usize,
    },
    /// The picked quantities do not sum to what the entry closes.
    #[error("picks {picked} of the {requested} that it takes of {name} on {date}")]
    PicksDiffer {
        /// The entry.
        transaction: TransactionId,
        /// The instrument's name.
        name: String,
        /// The trade date.
        date: NaiveDate,
        /// What the entry takes.
        requested: Decimal,
        /// What the picks sum to.
        picked: Decimal,
    },
    /// An account transfers to itself.
    #[error("transfers {quantity} from an account to itself on {date}")]
    SelfTransfer {
        /// The transfer.
        transaction: TransactionId,
        /// The trade date.
        date: NaiveDate,
        /// What was to move.
        quantity: Decimal,
    },
    /// An instrument becomes, or detaches, itself.
    #[error("{name} on {date}: what is given and what is received are the same instrument")]
    SameInstrument {
        /// The entry.
        transaction: TransactionId,
        /// The instrument's name.
        name: String,
        /// The trade date.
        date: NaiveDate,
    },
    /// An exercise, assignment or expiry of what is no option.
    #[error("{name} is no option (on {date})")]
    NotAnOption {
        /// The entry.
        transaction: TransactionId,
        /// The instrument's name.
        name: String,
        /// The trade date.
        date: NaiveDate,
    },
    /// A trade, an exercise or an assignment of an option after its last day.
    #[error("{name} expired on {expiry}, before {date}")]
    OptionExpired {
        /// The entry.
        transaction: TransactionId,
        /// The instrument's name.
        name: String,
        /// The trade date.
        date: NaiveDate,
        /// The last day.
        expiry: NaiveDate,
    },
    /// A settlement before its trade.
    #[error("settles on {settlement}, before its trade date {date}")]
    SettlesEarly {
        /// The entry.
        transaction: TransactionId,
        /// The trade date.
        date: NaiveDate,
        /// The settlement date as given.
        settlement: NaiveDate,
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
    /// A split of the market after which no exact decimal can hold a quantity.
    #[error("the split of {instrument} on {date}: {source}")]
    Split {
        /// What is split.
        instrument: InstrumentId,
        /// The ex-date.
        date: NaiveDate,
        /// The operation and its operands.
        source: ArithmeticError,
    },
    /// A sum at the end that no exact decimal can hold.
    #[error("{0}")]
    Sum(ArithmeticError),
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

    /// The transaction that breaks the rule; none for what is nobody's entry.
    pub fn transaction(&self) -> Option<TransactionId> {
        match self {
            Self::Split { .. } | Self::Sum(_) => None,
            Self::InsufficientQuantity { transaction, .. }
            | Self::HoldsLong { transaction, .. }
            | Self::MixedSides { transaction, .. }
            | Self::NothingHeld { transaction, .. }
            | Self::OwesUnits { transaction, .. }
            | Self::SplitsDiffer { transaction, .. }
            | Self::NoMatchingLot { transaction, .. }
            | Self::LotUsed { transaction, .. }
            | Self::AmbiguousLots { transaction, .. }
            | Self::PicksDiffer { transaction, .. }
            | Self::SelfTransfer { transaction, .. }
            | Self::SameInstrument { transaction, .. }
            | Self::NotAnOption { transaction, .. }
            | Self::OptionExpired { transaction, .. }
            | Self::SettlesEarly { transaction, .. }
            | Self::InvalidQuantity { transaction, .. }
            | Self::NegativePrice { transaction, .. }
            | Self::InvalidAmount { transaction, .. }
            | Self::InvalidSplitRatio { transaction, .. }
            | Self::UnknownInstrument { transaction, .. }
            | Self::MissingRate { transaction, .. }
            | Self::SameCurrency { transaction, .. }
            | Self::Overflow { transaction, .. } => Some(*transaction),
        }
    }
}
