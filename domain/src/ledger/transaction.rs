//! The entries of the ledger. Amounts are as a statement shows them; booking checks the rules.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::id::{AccountId, InstrumentId, TransactionId};
use crate::money::Currency;

/// One entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its identity, which errors, lots and matches refer to.
    pub id: TransactionId,
    /// The account whose securities and cash move.
    pub account: AccountId,
    /// The day it counts from.
    pub trade_date: NaiveDate,
    /// Order within the day: the order of recording. Splits act first whatever their sequence.
    pub sequence: i64,
    /// What happened.
    pub kind: TransactionKind,
}

/// A purchase or a sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    /// What is traded.
    pub instrument: InstrumentId,
    /// How much, above zero.
    pub quantity: Decimal,
    /// Price as quoted, zero or more; the gross amount is quantity × price × the instrument's price multiplier.
    pub price: Decimal,
    /// Fee in the trade's currency, zero or more: part of the cost of a purchase, taken off the proceeds of a sale.
    pub fee: Decimal,
    /// Tax in the trade's currency, zero or more: as the fee.
    pub tax: Decimal,
    /// The instrument's currency.
    pub currency: Currency,
    /// The currency that the cash moves in, where it is not the trade's.
    pub settlement: Option<Settlement>,
}

/// The conversion that a broker books together with a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The currency that the cash moves in.
    pub currency: Currency,
    /// 1 unit of the trade's currency = `rate` units of the settlement's; above zero.
    pub rate: Decimal,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionKind {
    /// Opens a lot; cash goes out.
    Buy(Trade),
    /// Closes lots; cash comes in.
    Sell(Trade),
    /// A payment on a holding; `amount` − `withheld` − `fee` comes in.
    Dividend {
        /// What paid.
        instrument: InstrumentId,
        /// Gross amount, above zero.
        amount: Decimal,
        /// Tax withheld at the source, zero or more.
        withheld: Decimal,
        /// Fee, zero or more.
        fee: Decimal,
        /// The currency of all three, which need not be the instrument's.
        currency: Currency,
    },
    /// Interest on cash, or a bond's coupon, which is income of that holding; `amount` − `tax` comes in.
    Interest {
        /// The bond, for a coupon; `amount` is above zero then.
        instrument: Option<InstrumentId>,
        /// Gross amount: received above zero, paid below; not zero.
        amount: Decimal,
        /// Tax, zero or more.
        tax: Decimal,
        /// The currency of both.
        currency: Currency,
    },
    /// A charge that belongs to no trade.
    Fee {
        /// Charged above zero, refunded below; not zero.
        amount: Decimal,
        /// Its currency.
        currency: Currency,
        /// The holding it is for, if any.
        instrument: Option<InstrumentId>,
    },
    /// A tax that belongs to no trade.
    Tax {
        /// Charged above zero, refunded below; not zero.
        amount: Decimal,
        /// Its currency.
        currency: Currency,
        /// The holding it is for, if any.
        instrument: Option<InstrumentId>,
    },
    /// Cash from outside.
    Deposit {
        /// Above zero.
        amount: Decimal,
        /// Its currency.
        currency: Currency,
    },
    /// Cash to the outside.
    Withdrawal {
        /// Above zero.
        amount: Decimal,
        /// Its currency.
        currency: Currency,
    },
    /// Every `denominator` units become `numerator`; acts before any other entry of its day in the account.
    Split {
        /// What is split.
        instrument: InstrumentId,
        /// Units after, above zero.
        numerator: Decimal,
        /// Units before, above zero.
        denominator: Decimal,
    },
    /// One currency for another inside the account.
    FxConversion(FxConversion),
}

/// One currency for another; the fee is in the currency sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FxConversion {
    /// Amount given, above zero, without the fee.
    pub sold_amount: Decimal,
    /// Its currency.
    pub sold_currency: Currency,
    /// Amount received, above zero.
    pub bought_amount: Decimal,
    /// Its currency.
    pub bought_currency: Currency,
    /// Fee in the currency sold, zero or more.
    pub fee: Decimal,
}

impl TransactionKind {
    /// The instrument that it concerns, if any.
    pub fn instrument(&self) -> Option<InstrumentId> {
        match self {
            Self::Buy(trade) | Self::Sell(trade) => Some(trade.instrument),
            Self::Dividend { instrument, .. } | Self::Split { instrument, .. } => Some(*instrument),
            Self::Interest { instrument, .. } | Self::Fee { instrument, .. } | Self::Tax { instrument, .. } => {
                *instrument
            }
            Self::Deposit { .. } | Self::Withdrawal { .. } | Self::FxConversion(_) => None,
        }
    }

    /// The currencies that its amounts are in.
    pub fn currencies(&self) -> Vec<Currency> {
        match self {
            Self::Buy(trade) | Self::Sell(trade) => {
                std::iter::once(trade.currency).chain(trade.settlement.map(|settlement| settlement.currency)).collect()
            }
            Self::Dividend { currency, .. }
            | Self::Interest { currency, .. }
            | Self::Fee { currency, .. }
            | Self::Tax { currency, .. }
            | Self::Deposit { currency, .. }
            | Self::Withdrawal { currency, .. } => vec![*currency],
            Self::FxConversion(conversion) => vec![conversion.sold_currency, conversion.bought_currency],
            Self::Split { .. } => Vec::new(),
        }
    }
}
